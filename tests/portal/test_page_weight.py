"""What a phone has to fetch: little, from this host alone, compressed, and only once."""

from urllib.parse import urlsplit

import pytest

from tests.portal.conftest import fetch, name_of, network

BUDGET = 500_000  # stock CKAN 2.12 sends 1.5 MB
AIM = 60_000  # ours, so that a page does not grow unnoticed


@pytest.fixture
def pages(web, portal):
    dataset = name_of("Jumlah Penduduk Menurut Kecamatan 1")
    return {
        "front": f"{web}/",
        "search": f"{web}/dataset/",
        "dataset": f"{web}/dataset/{dataset}",
        "organization": f"{web}/organization/{portal.office['name']}",
        "sources": f"{web}/sumber-data",
        "source": f"{web}/sumber-data/{portal.source}",
    }


@pytest.mark.parametrize("page", ["front", "search", "dataset", "organization", "sources", "source"])
def test_a_cold_page_is_small_compressed_and_of_this_host(pages, browser, page):
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    network(browser)

    browser.get(pages[page])
    answers, asked = network(browser)

    assert {urlsplit(url).netloc for url in asked} == {urlsplit(pages[page]).netloc}
    assert sum(answer.bytes for answer in answers) <= min(AIM, BUDGET)
    assert len(answers) >= 2
    for answer in answers:
        assert answer.status == 200, answer.url
        assert answer.headers.get("content-encoding") in {"gzip", "br"}, answer.url
        assert answer.headers.get("etag"), answer.url
        assert "no-store" not in answer.headers["cache-control"], answer.url


def test_own_files_are_kept_for_a_year(pages, browser):
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    network(browser)
    browser.get(pages["search"])
    answers, _ = network(browser)
    own = [answer for answer in answers if "/satudata-aset/" in answer.url]
    assert own
    assert all("max-age=31536000" in answer.headers["cache-control"] for answer in own)
    assert all("immutable" in answer.headers["cache-control"] for answer in own)

    browser.get(pages["dataset"])
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(one => [one.name, one.transferSize])"
    )

    assert [name for name, _ in fetched if "/satudata-aset/" in name]
    assert sum(size for _, size in fetched) == 0


@pytest.mark.parametrize("page", ["search", "dataset", "source"])
def test_a_page_seen_before_is_not_sent_again(pages, page):
    first = fetch(pages[page], Accept_Encoding="gzip")
    again = fetch(pages[page], Accept_Encoding="gzip", If_None_Match=first.headers["ETag"])

    assert (first.status, again.status, again.size) == (200, 304, 0)


def test_a_reader_gets_no_cookie(pages):
    assert all("Set-Cookie" not in fetch(url).headers for url in pages.values())


def test_a_file_of_an_older_version_is_answered_but_not_kept(web):
    answer = fetch(f"{web}/satudata-aset/000000000000/portal.css")

    assert answer.status == 200
    assert "31536000" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../plugin.py", "%2e%2e/plugin.py", "..%2fplugin.py", "nada.css"])
def test_only_the_files_of_the_portal_are_served(web, path):
    assert fetch(f"{web}/satudata-aset/0/{path}").status == 404
