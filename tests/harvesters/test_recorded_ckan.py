"""Real packages of other portals, as they were recorded, through the whole way of reading.

The counts were taken from reading the files: six files, 39 lines; in swiss-seco.jsonl the second and third answer of
`package_show` repeat packages that the search before them already holds, so 37 datasets remain.
"""

from __future__ import annotations

import json

import pytest

from satudata_harvesters.connectors.ckan import Ckan
from satudata_harvesters.mapping import Mapping
from satudata_harvesters.preview import preview
from tests.harvesters.portal import searching

#: file -> (lines, distinct ids, packages without any link)
COUNTS = {
    "canada-obd.jsonl": (4, 4, 0),
    "hdx-search.jsonl": (10, 10, 8),
    "id-katalog.data.go.id.jsonl": (2, 2, 0),
    "id-muaraenim.jsonl": (1, 1, 0),
    "swiss-seco.jsonl": (12, 10, 0),
    "uk-birmingham.jsonl": (10, 10, 0),
}


def recorded_packages(recorded, name):
    return [json.loads(line) for line in (recorded / "ckan" / name).read_text().splitlines() if line.strip()]


def test_the_counts_are_those_of_the_files(recorded):
    assert set(COUNTS) == {path.name for path in (recorded / "ckan").glob("*.jsonl")}
    assert (sum(lines for lines, _, _ in COUNTS.values()), sum(ids for _, ids, _ in COUNTS.values())) == (39, 37)


@pytest.mark.parametrize("name", COUNTS)
def test_every_package_is_read(recorded, serve, client, name):
    at = serve(searching(recorded_packages(recorded, name)))
    pages = list(Ckan({"url": at.url, "page_size": 5}, client(at)).pages())
    records = [record for page in pages for record in page.records]
    assert (len(records), len({record["id"] for record in records})) == COUNTS[name][:2]
    assert pages[-1].last
    assert not any(page.errors for page in pages)


@pytest.mark.parametrize("name", COUNTS)
def test_what_has_a_link_is_fit_and_what_has_none_is_to_be_mended(recorded, serve, client, source_at, name):
    at = serve(searching(recorded_packages(recorded, name)))
    report = preview(source_at(at, "ckan", organization="Dinas Uji"), client(at), limit=100)
    by_id = {item.identifier: item for item in report.items}
    without_link = {item.identifier for item in by_id.values() if item.hasil == "perlu_perbaikan"}
    assert report.error is None
    assert len(without_link) == COUNTS[name][2]
    assert {item.hasil for item in by_id.values()} <= {"layak", "perlu_perbaikan"}
    assert all(not by_id[identifier].dataset["resources"] for identifier in without_link)


@pytest.mark.parametrize("name", COUNTS)
def test_no_key_that_holds_something_is_lost(recorded, name):
    mapping = Mapping("ckan")
    for package in recorded_packages(recorded, name):
        found = mapping.apply(package)
        kept = json.dumps([found.dataset, found.rest], ensure_ascii=False)
        for key, value in package.items():
            if key in {"id", "tags", "extras", "resources"} or value in (None, "", [], {}):
                continue
            assert key in found.rest or key in found.dataset or _held(value, found.dataset), key
        for extra in package.get("extras", []):
            assert extra["key"] in kept or _held(extra["value"], found.dataset), extra["key"]
        for tag in package.get("tags", []):
            assert tag["display_name"].strip() in found.dataset["tags"]
        for place, resource in enumerate(package.get("resources", [])):
            other = found.rest.get("resources", [{}] * (place + 1))[place]
            for key, value in resource.items():
                assert value is None or key in other or key in found.dataset["resources"][place], key


def _held(value, dataset):
    return isinstance(value, str | list) and any(str(value).strip() in str(kept) or kept for kept in dataset.values())


def test_the_oddities_of_the_files_are_read(recorded):
    mapping = Mapping("ckan")
    swiss = mapping.apply(recorded_packages(recorded, "swiss-seco.jsonl")[0])
    assert swiss.dataset["title"] == "Arbeitslose [Anz.]"
    assert swiss.dataset["notes"].startswith("Jahresmittel")
    national, geo = map(mapping.apply, recorded_packages(recorded, "id-katalog.data.go.id.jsonl"))
    assert national.rest["extras"]["Angka kematian ibu (AKI) tahun 2025"] == "IBU"
    assert "license_id" not in national.dataset
    assert geo.dataset["jadwal_pemutakhiran"] == "bulanan"
    assert geo.dataset["spatial"]["type"] == "Polygon"
    muaraenim = mapping.apply(recorded_packages(recorded, "id-muaraenim.jsonl")[0])
    assert muaraenim.rest["extras"] == {"2023": "75", "2024": "77", "Tahun 2022": "75"}
    assert muaraenim.dataset["tags"] == ["Dinas Komunikasi Informastika Statistik dan Persandian"]
    assert muaraenim.dataset["resources"][0]["format"] == "csv"
    canada = mapping.apply(recorded_packages(recorded, "canada-obd.jsonl")[0])
    assert canada.dataset["tags"] == ["statcan"]


def test_the_national_catalogue_s_own_answer_is_read(recorded, serve, client):
    from tests.harvesters.site import answer

    body = (recorded / "rest" / "katalog.data.go.id_package_search_rows2.json").read_bytes()
    at = serve(lambda _: answer(body))
    first = next(Ckan({"url": at.url}, client(at)).pages())
    assert (len(first.records), first.total) == (2, 622223)
