"""A platform with services of its own, which these tests may stop, fill and fool."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from deploy import testservices
from tests.e2e.stack import WALIDATA, Stack
from tests.faults.arena import Arena, SolrLine, Source
from tests.platform_fixtures import open_platform

#: A silent worker's run is taken up soon, a page is a transaction, and what is missing goes in the same run.
OPTIONS = {
    "ckanext.satudata.walidata_org": WALIDATA,
    "ckanext.satudata.harvest.lease_seconds": "4",
    "ckanext.satudata.harvest.batch_size": "10",
    "ckanext.satudata.harvest.read_together": "1",
    "ckanext.satudata.harvest.grace_days": "0",
}

#: tables that a module leaves as they are
KEPT = {"satudata_alembic_version", "satudata_client", "satudata_key", "satudata_opd", "satudata_opd_alias"}


@pytest.fixture(scope="session")
def own_services():
    """Postgres, Redis and Solr that no other test uses."""
    running = testservices.start(bound_to_this_process=True)
    yield running
    testservices.stop(running)


@pytest.fixture(scope="session")
def house(own_services, tmp_path_factory):
    """The platform with its people, its worker and its tick; Solr is reached by a line that passes through here."""
    folder = tmp_path_factory.mktemp("gangguan")
    (folder / "tmp").mkdir()
    with open_platform(own_services, folder, OPTIONS) as platform, contextlib.ExitStack() as serving:
        line = SolrLine(f"http://127.0.0.1:{own_services.solr_port}")
        address = serving.enter_context(line.open())
        ini = folder / "lewat-sini.ini"
        ini.write_text(f"[app:main]\nuse = config:{platform.ini}\nsolr_url = {address}/solr/{platform.name}\n", "utf-8")
        running = Stack(replace(platform, ini=ini), folder / "tmp")
        try:
            running.start()
            running.open_house()
            yield running, line
        finally:
            running.stop()


@pytest.fixture(scope="module")
def arena(house, seed, tmp_path_factory):
    """Two sources of one portal, both harvested once."""
    stack, line = house
    portal = Source(seed)
    folder = tmp_path_factory.mktemp("sumber")
    stack.sql("DELETE FROM satudata_source")
    with stack.serving(portal) as url:
        made = Arena(stack, portal, line)
        made.add_sources(folder, url)
        first = made.wait_for(made.begin())
        assert (first["state"], first["created"]) == ("selesai", 60), first
        made.alike()
        yield made
    found = stack.sql("SELECT tablename FROM pg_tables WHERE tablename LIKE 'satudata%%'")
    names = sorted({name for (name,) in found} - KEPT)
    emptied = "; ".join(f"DELETE FROM {name}" for name in [*names, "resource", "package_tag", "package"])  # noqa: S608
    stack.sql(f"SET LOCAL session_replication_role = replica; {emptied}")
    stack.platform.index.clear()
