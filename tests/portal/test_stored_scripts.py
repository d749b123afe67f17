"""What a source sends is shown as text: no script of it runs, no link of it leads to one."""

import re
from html.parser import HTMLParser

import pytest

from tests.portal.conftest import _Catalogue, fetch, package

SCRIPT = "<script>window.kena=1</script>"
PAYLOADS = (
    SCRIPT,
    "\"'><img src=x onerror=window.kena=1>",
    "</script><script>window.kena=1</script>",
    "{{7*7}}${7*7}",
    "[tautan](javascript:window.kena=1)",
    "<svg/onload=window.kena=1>",
    "<a href='javascript:window.kena=1'>tautan</a>",
)
FIELDS = (
    "konsep",
    "definisi",
    "satuan",
    "klasifikasi",
    "nama_wilayah",
    "kontak_nama_unit",
    "landing_page",
    "rumus",
    "Kunci lain",
)


def hostile(number, payload):
    return package(
        number,
        title=f"Judul {number} {payload}",
        notes=f"Uraian {payload}",
        tags=[{"name": f"kata {payload}"[:90]}],
        resources=[
            {
                "id": "1",
                "name": payload,
                "description": payload,
                "format": payload,
                "url": "https://data.contoh.go.id/a.csv",
            },
            {"id": "2", "name": "Tautan jahat", "url": "javascript:window.kena=1", "format": "CSV"},
            {"id": "3", "name": "Data jahat", "url": "data:text/html,<script>window.kena=1</script>", "format": "HTML"},
        ],
        extras=[{"key": key, "value": payload} for key in (*FIELDS, payload)],
    )


@pytest.fixture(scope="module")
def catalogue_application():
    return _Catalogue([hostile(number, payload) for number, payload in enumerate(PAYLOADS, 1)])


@pytest.fixture
def addresses(web, portal):
    from ckan import model

    names = [row.name for row in model.Session.query(model.Package.name).filter_by(state="active")]
    assert len(names) == len(PAYLOADS)
    return [
        *(f"{web}/dataset/{name}" for name in names),
        f"{web}/dataset/",
        f"{web}/",
        f"{web}/organization/{portal.office['name']}",
        *(
            f"{web}/dataset/?q={payload}"
            for payload in ("%3Cscript%3Ewindow.kena=1%3C/script%3E", "%22onfocus=window.kena=1")
        ),
        f"{web}/dataset/?sd_kategori=%22%3E%3Cscript%3Ewindow.kena=1%3C/script%3E",
    ]


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.harmful = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if (
            tag == "script"
            and found.get("type") != "application/ld+json"
            and "/satudata-aset/" not in found.get("src", "")
        ):
            self.harmful.append((tag, attrs))
        if any(name.startswith("on") for name in found):
            self.harmful.append((tag, attrs))
        links = (found.get(name) or "" for name in ("href", "src", "action", "formaction", "content"))
        if any(re.match(r"\s*(?:javascript|data|vbscript):", link, re.IGNORECASE) for link in links):
            self.harmful.append((tag, attrs))


def harmful(page):
    """Tags of a page that would run what a source has sent."""
    tags = _Tags()
    tags.feed(page)
    return tags.harmful


def test_the_search_for_harm_finds_harm():
    assert len(harmful("<script>1</script><img src=x onerror=1><a href=' JavaScript:1'>x</a>")) == 3


def test_no_stored_script_stands_in_a_page(addresses):
    for url in addresses:
        page = fetch(url)
        assert "script-src 'self'" in page.headers["Content-Security-Policy"], url
        assert harmful(page.text) == [], url
        for block in re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.DOTALL):
            assert "<" not in block, url


def test_no_stored_script_runs(addresses, portal, signed_in, web):
    driver = signed_in(portal.walidata)
    inside = [f"{web}/sumber-data/{portal.source}", f"{web}/sumber-data/{portal.source}/penarikan/{portal.run}"]
    for url in [*addresses, *inside]:
        driver.get(url)
        assert driver.execute_script("return window.kena") is None, url


def test_what_a_person_writes_is_text_too(portal, signed_in, web):
    portal.act("organization_patch", id=portal.office["id"], title=f"Dinas {SCRIPT}", description=f"Uraian {SCRIPT}")
    driver = signed_in(portal.editor)
    driver.get(f"{web}/organization/{portal.office['name']}")
    assert driver.execute_script("return window.kena") is None
    assert "<script>" in driver.find_element("tag name", "h1").text


def test_a_template_expression_of_a_source_is_not_evaluated(web, portal):
    page = fetch(f"{web}/dataset/?q=judul").text
    assert "{{7*7}}" in page
    assert "49$" not in page


def test_the_findings_file_starts_no_formula(portal, cookie_of, web):
    cookie = cookie_of(portal.editor)
    answer = fetch(f"{web}/sumber-data/{portal.source}/penarikan/{portal.run}/temuan.csv", cookie=cookie)

    assert answer.status == 200
    assert not re.search(r"(?m)(?:^|,)\"?[=+@\t-]", answer.text)
