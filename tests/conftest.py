"""Services and a loaded CKAN for the tests that ask for them; a test that asks for none starts none.

CKAN's own pytest plugin is switched off in pyproject.toml (`-p no:ckan`): it imports and starts CKAN for every
session, also for tests of rooms that must work without it, and unloads all plugins before the first test. Here CKAN is
loaded once, with our plugins, when the first test asks.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy import programs, testservices
from tests.browsing import headless_browser
from tests.platform_fixtures import Platform, open_platform

RECORDED = Path(__file__).resolve().parent.parent.parent / "shared" / "recorded"


def pytest_addoption(parser):
    parser.addoption("--pure", action="store_true", help="leave out every test that asks for a service")
    parser.addoption("--seeded", action="store_true", help="only tests that ask for `seed`: the others draw nothing")


def pytest_collection_modifyitems(config, items):
    def wanted(item):
        if config.getoption("--pure") and not {"services", "mariadb"}.isdisjoint(item.fixturenames):
            return False
        return "seed" in item.fixturenames or not config.getoption("--seeded")

    left_out = [item for item in items if not wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if wanted(item)]


@pytest.fixture(scope="session")
def seed() -> int:
    """What moments, changes and people are drawn from: another one each time, unless SATUDATA_SEED names it.

    `make test-long REPEAT=n` repeats the long tests that ask for it, each time with another one.
    """
    drawn = int(os.environ.get("SATUDATA_SEED") or random.SystemRandom().randrange(10**6))
    logging.getLogger(__name__).warning("SATUDATA_SEED=%d", drawn)  # shown with a failure
    return drawn


@pytest.fixture(scope="session")
def services() -> Iterator[testservices.TestServices]:
    """Postgres, Redis and Solr: those named by SATUDATA_TEST_SERVICES, else a set of this session."""
    kept = os.environ.get(testservices.VARIABLE)
    if kept:
        yield testservices.TestServices.read(Path(kept))
        return
    running = testservices.start(bound_to_this_process=True)
    yield running
    testservices.stop(running)


@pytest.fixture(scope="session")
def platform(services, tmp_path_factory) -> Iterator[Platform]:
    """A database with all migrations, a Solr core, a Redis number and the INI that names them, of this session."""
    with open_platform(services, tmp_path_factory.mktemp("platform")) as opened:
        yield opened


@pytest.fixture(scope="session")
def ckan_ini(platform) -> Path:
    """The configuration file, for programs started by a test (`ckan -c`, a web server, a worker)."""
    return platform.ini


@pytest.fixture(scope="session")
def loaded_ckan(ckan_ini):
    """CKAN in this process, with our plugins: `.wsgi` (the whole stack) and `.flask` (CKAN's own application)."""
    os.environ["CKAN_INI"] = str(ckan_ini)
    from ckan.cli import load_config
    from ckan.config.middleware import make_app

    wsgi = make_app(load_config(str(ckan_ini)))
    _hear_all_loggers()
    return SimpleNamespace(wsgi=wsgi, flask=wsgi._wsgi_app)


def _hear_all_loggers() -> None:
    """CKAN's logging configuration silences every logger made before it, of which a test session has many."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


@pytest.fixture
def all_logs(loaded_ckan, caplog):
    """`caplog` with every logger heard, whatever an earlier test has loaded."""
    _hear_all_loggers()
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def app(loaded_ckan):
    """CKAN's test client: `app.get(url)`, `app.post(url, data=…)`; `app.set_session_user(id)` signs a person in."""
    from ckan.tests.helpers import CKANTestApp

    return CKANTestApp(loaded_ckan.wsgi)


@pytest.fixture
def ckan_context(loaded_ckan) -> Iterator[object]:
    """A request context of CKAN, as actions and templates need it; the database session ends with the test."""
    from ckan import model

    with loaded_ckan.flask.test_request_context():
        yield model.Session
        model.Session.remove()


@pytest.fixture
def act(ckan_context):
    """Call one of CKAN's actions as the site itself, without authorisation: `act("package_show", id=…)`."""
    from ckan.plugins import toolkit

    site = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]

    def call(action: str, **data: object) -> object:
        return toolkit.get_action(action)({"user": site, "ignore_auth": True}, data)

    return call


@pytest.fixture
def session(ckan_context):
    """CKAN's database session, inside a request context."""
    return ckan_context


@pytest.fixture
def clean_catalog(platform, loaded_ckan) -> None:
    """No dataset, source, record or document, and an empty Redis; organisations and users of other tests stay."""
    platform.empty()


@pytest.fixture
def search_index(platform):
    """The Solr core of this session: `.commit()`, `.documents("field:value")`, `.url`."""
    return platform.index


@pytest.fixture(scope="session")
def web(platform) -> Iterator[str]:
    """The real web server on this session's database: CKAN's pages and the API at the address that is returned."""
    with platform.running("web", programs.web(platform.venv, platform.port, workers=1)):
        platform.wait_for_web()
        yield platform.site_url


@pytest.fixture(scope="session")
def worker(platform) -> Iterator[None]:
    """The worker that harvests."""
    with platform.running("worker", programs.worker(platform.venv, platform.ini)):
        yield


@pytest.fixture(scope="session")
def tick(platform) -> Iterator[None]:
    """The process that starts what is due and repairs the index."""
    with platform.running("tick", programs.tick(platform.venv, platform.ini)):
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """One headless Chromium for the session; ask for `browser` instead, which is signed out."""
    with headless_browser() as driver:
        yield driver


@pytest.fixture
def browser(chromium):
    """A headless Chromium (Selenium's driver) without cookies, 1280 x 900; a missing browser is a failure."""
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.set_window_size(1280, 900)
    return chromium


@pytest.fixture
def unique() -> str:
    """A short name that no other test uses."""
    return f"uji-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded answers of real portals, which lies beside the checkout and not in it."""
    if not RECORDED.exists():
        pytest.skip("the recorded answers of real portals are not beside this checkout")
    return RECORDED
