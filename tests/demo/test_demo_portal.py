"""The demo portal behaves as CKAN portals of regencies do: its API, its mixed quality, and its failures on request."""

import csv
import io
import json

import pytest
import requests

from demo.catalogue import QUIRKS
from demo.portal import Portal, serve_portal
from demo.regency import offices


def search(url, **params):
    return requests.get(f"{url}/api/3/action/package_search", params=params, timeout=5)


def packages(url, **params):
    return search(url, **{"rows": 1000, **params}).json()["result"]["results"]


@pytest.fixture(scope="module")
def full():
    portal = Portal()
    with serve_portal(portal) as url:
        yield portal, url


def test_it_holds_as_many_datasets_as_asked_and_shows_one_of_them_twice(full):
    _, url = full
    ids = [package["id"] for package in packages(url, sort="id asc")]
    assert (len(ids), len(set(ids))) == (301, 300)


def test_every_defect_is_there_and_most_datasets_have_none(full):
    portal, _ = full
    assert all(portal.ids(quirk) for quirk in QUIRKS)
    assert sum(len(portal.ids(quirk)) for quirk in QUIRKS) <= 100


def test_the_same_seed_gives_the_same_portal_and_another_seed_another():
    one, same, other = Portal(datasets=50), Portal(datasets=50), Portal(datasets=50, seed=7)
    assert [entry.package for entry in one.entries] == [entry.package for entry in same.entries]
    assert one.ids().isdisjoint(other.ids())


def test_pages_are_disjoint_in_a_sorted_search(full):
    _, url = full
    first = packages(url, rows=100, start=0, sort="metadata_modified asc, id asc")
    second = packages(url, rows=100, start=100, sort="metadata_modified asc, id asc")
    assert first[-1]["metadata_modified"] <= second[0]["metadata_modified"]
    assert {package["id"] for package in first}.isdisjoint(package["id"] for package in second)


def test_a_filter_on_the_time_of_modification_gives_what_is_newer(full):
    portal, url = full
    since = sorted(entry.package["metadata_modified"] for entry in portal.entries)[250]
    assert len({package["id"] for package in packages(url, fq=f"metadata_modified:[{since}Z TO *]")}) == 50


def test_an_unknown_sort_is_a_search_error_as_in_ckan(full):
    answer = search(full[1], sort="warna desc")
    assert (answer.status_code, answer.json()["error"]["__type"]) == (409, "Search Query Error")


def test_one_package_can_be_asked_for_by_id_and_name_and_an_unknown_one_is_not_found(full):
    portal, url = full
    package = portal.entries[0].package
    for key in (package["id"], package["name"]):
        shown = requests.get(f"{url}/api/3/action/package_show", params={"id": key}, timeout=5).json()
        assert shown["result"]["id"] == package["id"]
    assert requests.get(f"{url}/api/3/action/package_show", params={"id": "x"}, timeout=5).status_code == 404


def test_ckan_s_other_read_actions_answer(full):
    _, url = full
    result = {
        name: requests.get(f"{url}/api/3/action/{name}", timeout=5).json()["result"]
        for name in ("site_read", "status_show", "package_list", "organization_list")
    }
    assert result["site_read"] is True
    assert len(result["package_list"]) == 300
    assert result["status_show"]["site_url"] == url
    assert "dinas-kesehatan" in result["organization_list"]


def test_every_linked_table_of_the_portal_opens_and_is_broken_down_as_its_title_says(full):
    portal, url = full
    for entry in sorted(portal.entries, key=lambda entry: entry.id)[:40]:
        for resource in entry.package["resources"]:
            if not resource["url"].endswith(".csv") or "192.168" in resource["url"]:
                continue
            file = requests.get(resource["url"].replace("http://portal.invalid", url), timeout=5)
            text = file.content.decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))
            dimensions = 1 + entry.topic.indicator.menurut.count(" dan ") + ("kode_kecamatan" in rows[0])
            assert len(rows[0]) == dimensions + 3
            assert len(rows) >= 3
            assert {len(row) for row in rows} == {len(rows[0])}


def test_a_link_said_to_be_csv_may_be_a_picture(full):
    portal, url = full
    entry = next(entry for entry in portal.entries if "lying_format" in entry.quirks)
    resource = entry.package["resources"][0]
    file = requests.get(resource["url"].replace("http://portal.invalid", url), timeout=5)
    assert resource["format"] == "CSV"
    assert file.headers["Content-Type"] == "image/png"


def test_publishers_are_offices_of_the_list_but_for_the_ones_meant_not_to_be(full):
    portal, _ = full
    known = {office.title for office in offices()} | {alias for office in offices() for alias in office.aliases}
    strange = {entry.id for entry in portal.entries if (entry.package["organization"] or {}).get("title") not in known}
    assert strange == portal.ids("unknown_publisher") | portal.ids("no_organization")


def test_a_change_touches_what_it_says_and_makes_it_newest():
    portal = Portal(datasets=50)
    with serve_portal(portal) as url:
        before = {package["id"]: package for package in packages(url)}
        changed = portal.change(3)
        after = packages(url, sort="metadata_modified desc")
    assert {package["id"] for package in after if package != before[package["id"]]} == set(changed)
    assert {package["id"] for package in after[:3]} == set(changed)


def test_a_change_can_be_made_again():
    portal = Portal(datasets=50)
    notes = portal.entries
    assert portal.change(2) == portal.change(2)
    assert sum(entry.package["notes"].count("diperiksa kembali") for entry in notes if entry.package["notes"]) == 4


def test_what_is_removed_is_gone_until_it_is_restored():
    portal = Portal(datasets=50)
    some = sorted(portal.ids())[:5]
    with serve_portal(portal) as url:
        portal.remove(some)
        assert portal.ids().isdisjoint(some)
        assert search(url).json()["result"]["count"] == 45
        portal.restore(some)
        assert search(url).json()["result"]["count"] == 51


def test_a_page_can_fail_as_often_as_asked():
    portal = Portal(datasets=30, fail_page=2, failures=1)
    with serve_portal(portal) as url:
        statuses = [search(url, rows=10, start=start).status_code for start in (0, 10, 10, 20)]
    assert statuses == [200, 500, 200, 200]


def test_a_firewall_s_page_comes_with_status_200():
    with serve_portal(Portal(datasets=1, html=True)) as url:
        answer = search(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_a_portal_that_is_down_hangs_up():
    with serve_portal(Portal(datasets=1, down=True)) as url, pytest.raises(requests.ConnectionError):
        search(url)


def test_a_portal_with_a_key_refuses_another():
    with serve_portal(Portal(datasets=1, key="benar")) as url:
        statuses = [
            requests.get(f"{url}/api/3/action/site_read", headers={"Authorization": key}, timeout=5).status_code
            for key in ("salah", "benar")
        ]
    assert statuses == [403, 200]


def test_a_throttled_portal_says_when_to_come_back():
    with serve_portal(Portal(datasets=1, throttle=2)) as url:
        answers = [search(url) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "1"


def test_kept_alive_connections_end_with_the_portal():
    with requests.Session() as session:
        with serve_portal(Portal(datasets=1)) as url:
            session.get(f"{url}/", timeout=5)
        with pytest.raises(requests.ConnectionError):
            session.get(f"{url}/", timeout=5)


def test_the_number_pasted_into_a_description_is_synthetic(full):
    portal, _ = full
    [entry] = [entry for entry in portal.entries if "nik_in_notes" in entry.quirks]
    [nik] = [word for word in entry.package["notes"].replace(".", " ").split() if word.isdigit() and len(word) == 16]
    assert nik.startswith("3503")
    assert nik.endswith("9999")


def test_thousands_of_datasets_have_names_of_their_own():
    portal = Portal(datasets=3000)
    assert len({entry.package["name"] for entry in portal.entries}) == 3000
    assert all(len(entry.package["name"]) <= 100 for entry in portal.entries)
    assert len(json.dumps([entry.package for entry in portal.entries])) > 1_000_000
