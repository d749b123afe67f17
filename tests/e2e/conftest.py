"""One platform for all end-to-end tests: every process real, started once, killed by those tests that are about it."""

from __future__ import annotations

import pytest

from tests.e2e.stack import WALIDATA, Stack
from tests.platform_fixtures import open_platform

#: A silent worker's run is taken up soon, small batches commit often, and the logs say more than in production.
OPTIONS = {
    "ckanext.satudata.walidata_org": WALIDATA,
    "ckanext.satudata.harvest.lease_seconds": "5",
    "ckanext.satudata.harvest.batch_size": "25",
}


@pytest.fixture(scope="session")
def stack(services, tmp_path_factory):
    """The running platform, with the demo's offices, a Walidata, an editor of an OPD and an administrator."""
    folder = tmp_path_factory.mktemp("menyeluruh")
    temporary = folder / "tmp"
    temporary.mkdir()
    with open_platform(services, folder, OPTIONS) as platform:
        ini = platform.ini
        ini.write_text(ini.read_text("utf-8").replace("level = WARNING", "level = INFO"), "utf-8")
        running = Stack(platform, temporary)
        try:
            running.start()
            running.open_house()
            yield running
        finally:
            running.stop()
