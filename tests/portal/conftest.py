"""A small portal for the page tests: an office with an editor, a Walidata, one harvested source."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.support.ui import WebDriverWait

PASSWORD = "kata-sandi-uji"
#: As long as CKAN's column allows, without a place to break: what makes a narrow page scroll sideways.
LONG_WORD = "Ketidakseimbangan" * 8


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments, **named):
        return None


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def fetch(url, *, data=None, method=None, cookie="", **headers):
    """Status, headers and decoded body of one request, without following redirects."""
    body = urllib.parse.urlencode(data, doseq=True).encode() if data is not None else None
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(  # noqa: S310
        url, body, named | ({"Cookie": cookie} if cookie else {}), method=method
    )
    try:
        response = _direct.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        content = response.read()
    text = content.decode("utf-8", "replace")
    return SimpleNamespace(status=response.status, headers=response.headers, text=text, size=len(content))


def package(number, **more):
    """A package of the harvested portal that is fit to be published."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": f"dataset-{number}",
        "title": f"Jumlah Penduduk Menurut Kecamatan {number}",
        "notes": f"Penduduk menurut jenis kelamin di kecamatan nomor {number}.",
        "tags": [{"name": "penduduk"}],
        "license_id": "cc-by",
        "resources": [
            {"id": f"r{number}", "name": "Tabel", "url": f"https://data.contoh.go.id/{number}.csv", "format": "CSV"}
        ],
        "extras": [
            {"key": "kategori", "value": "Pemerintahan Umum"},
            {"key": "konsep", "value": "Penduduk"},
            {"key": "jadwal_pemutakhiran", "value": "Tahunan"},
            {"key": "periode_awal", "value": "2024"},
            {"key": "tanggal_mutakhir", "value": "2025-03-04"},
            {"key": "kode_wilayah", "value": "35.03"},
            {"key": "Catatan Walidata", "value": "Sudah dicocokkan"},
        ],
        **more,
    }


PACKAGES = [
    *(package(number) for number in range(1, 27)),
    package(27, title=f"Indeks {LONG_WORD} Tahun 2024", notes=LONG_WORD, tags=[{"name": "indeks"}]),
    package(28, title="Daftar Titik Rawan", extras=[
        {"key": "hak_akses", "value": "tertutup"},
        {"key": "dasar_pengecualian", "value": "UU 14/2008 Pasal 17 huruf c"},
        {"key": "konsep", "value": "Rahasia Konsep"},
        {"key": "Keterangan dalam", "value": "Rahasia Sumber"},
    ], notes="Uraian yang tidak untuk umum."),
    package(29, title="Data Penerima Bantuan", extras=[{"key": "hak_akses", "value": "terbatas"}]),
    package(30, title="Tanpa Tautan", resources=[]),
]  # fmt: skip


@pytest.fixture(scope="module")
def catalogue_application():
    """What the harvested portal answers from; a test that needs other datasets overrides this."""
    return _Catalogue(PACKAGES)


@pytest.fixture(scope="module")
def portal(platform, loaded_ckan, catalogue_application):
    """The people, the office and the harvested source: `.editor`, `.walidata`, `.stranger` are user names."""
    from demo.serving import serve

    platform.empty()
    mark = secrets.token_hex(3)
    with (
        loaded_ckan.flask.test_request_context(),
        serve(catalogue_application, port=platform.allowed_ports[0]) as address,
    ):
        made = _people(mark)
        made.source = f"sumber-{mark}"
        made.run = _harvest(made, address)
        platform.index.commit()
        yield made


@pytest.fixture
def signed_in(web, browser):
    """Sign a person in: `signed_in("name")` gives the browser on the front page."""

    def enter(name):
        browser.delete_all_cookies()
        browser.get(f"{web}/user/login")
        browser.find_element("name", "login").send_keys(name)
        browser.find_element("name", "password").send_keys(PASSWORD)
        leave(browser, browser.find_element("css selector", "main form button"))
        return browser

    return enter


@pytest.fixture
def cookie_of(signed_in):
    """The session cookie of a person who has signed in with the browser."""

    def cookie(name):
        driver = signed_in(name)
        return "; ".join(f"{one['name']}={one['value']}" for one in driver.get_cookies())

    return cookie


def leave(driver, button):
    """Press a button that leads to another page, and wait until the browser is there."""
    page = driver.find_element("tag name", "html")
    button.click()
    WebDriverWait(driver, 60, 0.1).until(lambda _: _gone(page))


def _gone(element):
    try:
        element.is_enabled()
    except WebDriverException:  # stale; or, in the moment of the change, an inspector's error of chromedriver
        return True
    return False


def network(driver):
    """Every request the browser made since this was last asked: `{url, status, headers, bytes, cached}`."""
    found, kept = {}, set()
    for line in driver.get_log("performance"):
        message = json.loads(line["message"])["message"]
        told = message["params"]
        if message["method"] == "Network.responseReceived":
            response = told["response"]
            found[told["requestId"]] = SimpleNamespace(
                url=response["url"],
                status=response["status"],
                headers={name.lower(): value for name, value in response["headers"].items()},
                bytes=0,
                cached=response.get("fromDiskCache", False) or told["requestId"] in kept,
            )
        elif message["method"] == "Network.requestServedFromCache":
            kept.add(told["requestId"])
        elif message["method"] == "Network.loadingFinished" and told["requestId"] in found:
            found[told["requestId"]].bytes = int(told["encodedDataLength"])
        elif message["method"] == "Network.requestWillBeSent":
            found.setdefault(("asked", told["requestId"]), SimpleNamespace(url=told["request"]["url"], asked=True))
    answered = [one for one in found.values() if not hasattr(one, "asked")]
    asked = {one.url for one in found.values()}
    return [one for one in answered if one.url.startswith("http")], {url for url in asked if url.startswith("http")}


def _people(mark):
    from ckan import model
    from ckan.plugins import toolkit

    site = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]

    def act(action, **data):
        return toolkit.get_action(action)({"user": site, "ignore_auth": True}, data)

    def person(name):
        act("user_create", name=f"{name}-{mark}", email=f"{name}-{mark}@contoh.go.id", password=PASSWORD, fullname=name)
        return f"{name}-{mark}"

    made = SimpleNamespace(editor=person("editor"), walidata=person("walidata"), stranger=person("lain"), act=act)
    made.office = act("organization_create", name=f"dinas-{mark}", title="Dinas Uji Coba")
    act("organization_member_create", id=made.office["id"], username=made.editor, role="editor")
    other = act("organization_create", name=f"lain-{mark}", title="Dinas Lain")
    act("organization_member_create", id=other["id"], username=made.stranger, role="admin")
    existing = model.Group.get("diskominfo")
    unit = existing.id if existing else act("organization_create", name="diskominfo", title="Diskominfo")["id"]
    act("organization_member_create", id=unit, username=made.walidata, role="editor")
    return made


def _harvest(made, address):
    from ckan import model

    from ckanext.satudata.harvest import engine, runs, sources
    from ckanext.satudata.harvest.sessions import session

    definition = {
        "name": made.source,
        "title": "Portal Uji",
        "connector": "ckan",
        "url": address,
        "penayangan": "otomatis",
        "allow_networks": [f"127.0.0.1/32:{urlsplit(address).port}"],
    }
    with session() as opened:
        walidata = model.User.get(made.walidata).id
        source_id = sources.add(opened, definition, organization=made.office["id"], approved_by=walidata)
        run_id = runs.start(opened, source_id, actor=None)
        opened.commit()
    assert engine.run(run_id)
    return run_id


class _Catalogue:
    """A portal that answers `package_search` from a list."""

    def __init__(self, packages):
        self.packages = packages

    def answer(self, request):
        from demo.serving import json_answer

        start, rows = int(request.query.get("start", 0)), int(request.query.get("rows", 10))
        if not request.path.endswith("package_search"):
            return json_answer({"success": False, "error": {"message": "Not found"}}, 404)
        found = self.packages[start : start + rows]
        return json_answer({"success": True, "result": {"count": len(self.packages), "results": found}})


def name_of(title):
    """The URL name of the dataset with this title."""
    from ckan import model

    found = model.Session.query(model.Package).filter_by(title=title).first()
    return found.name
