"""The demo's source files can be used as they are, and let no person of the complaints application through."""

import json
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from demo.complaints import Complaints, serve_complaints
from demo.portal import Portal, serve_portal
from satudata_harvesters.aggregate import UNKNOWN, aggregate, aggregate_pages, describe, rows_of, to_csv
from satudata_harvesters.errors import ConfigError, SourceError
from satudata_harvesters.source import http_for, load_source
from satudata_schemas.assess import assess
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference
from tests.harvesters.solving import Reader

SOURCES = Path(__file__).parents[2] / "demo" / "sources"


def source(name, url, key="rahasia-uji"):
    """A source file with its places filled in, as setting the demo up does it."""
    text = (SOURCES / f"{name}.yaml").read_text(encoding="utf-8")
    for place, value in {"url": url, "port": str(urlsplit(url).port), "key": key}.items():
        text = text.replace(f"{{{name}_{place}}}", value)
    return load_source(text)


def pages(source):
    return list(source.open(http_for(source, permitted=source.allow_networks)).pages())


@pytest.fixture(scope="module")
def counted():
    """(the application, the table made of it, its dataset)"""
    complaints = Complaints(key="rahasia-uji")
    with serve_complaints(complaints) as url:
        found = source("complaints", url)
        table = aggregate(rows_of(pages(found)), found.aggregation)
    return complaints, table, describe(table, found.aggregation)


def test_the_published_cells_are_those_of_the_application_that_are_large_enough(counted):
    complaints, table, _ = counted
    large = {cell: count for cell, count in complaints.cells().items() if count >= 5}
    assert {(row[0], row[2], row[3]): row[-1] for row in table.rows} == {
        (category, UNKNOWN if district == "-" else district, month): count
        for (category, district, month), count in large.items()
    }
    assert table.suppressed == len(complaints.cells()) - len(large) > 0
    assert table.rows_read == 6000


def test_no_trace_of_anybody_is_in_the_table_or_the_dataset(counted):
    complaints, table, dataset = counted
    text = to_csv(table).decode() + json.dumps(dataset, ensure_ascii=False) + repr(table)
    assert [trace for person in complaints.people() for trace in person.traces() if trace in text] == []


def test_the_counted_dataset_is_fit_to_be_published(counted):
    _, _, dataset = counted
    given = {
        "identifier": "aduan",
        "owner_org": "x",
        "resources": [{"name": "a", "format": "CSV", "url": "https://contoh.go.id/a.csv"}],
    }
    assessment = assess({**dataset, **given}, Profile.load("transisi"), reference=Reference.load())
    assert assessment.hasil == "layak"
    assert [issue.code for issue in assessment.issues if issue.code.startswith("E-REF")] == []


def test_a_wrong_key_is_named_as_the_cause_without_showing_it():
    with serve_complaints(Complaints(key="benar", count=5, population=5)) as url, pytest.raises(SourceError) as caught:
        pages(source("complaints", url, key="kunci-yang-salah"))
    assert caught.value.status == 401
    assert "kunci-yang-salah" not in str(caught.value) + caught.value.message("id") + caught.value.remedy("en")


def test_the_portal_s_old_labels_are_read_too():
    portal = Portal(datasets=60)
    with serve_portal(portal) as url:
        found = source("portal", url)
        mapped = {
            one.identifier: one
            for one in (found.mapper.apply(raw, found) for page in pages(found) for raw in page.records)
        }
    old = [entry for entry in portal.entries if entry.quirks == {"lama"}]
    assert old
    for entry in old:
        dataset = mapped[entry.id].dataset
        assert dataset["jadwal_pemutakhiran"].replace("_", " ") == entry.topic.indicator.jadwal.lower()
        assert dataset["periode_awal"][:4] == str(entry.topic.year)
        assert dataset["sumber_definisi"].startswith("Profil ")
        assert dataset["sumber_aplikasi"] == "Portal Data Kabupaten Trenggalek"


@pytest.mark.parametrize("name", ["portal", "complaints"])
def test_an_administrator_who_permits_nothing_keeps_the_demo_s_sources_out(name):
    with pytest.raises(ConfigError) as caught:
        http_for(source(name, "http://127.0.0.1:8101"), permitted=[])
    assert caught.value.code == "E-CFG-011"


def test_the_key_is_not_shown_with_the_source():
    assert "rahasia-uji" not in json.dumps(source("complaints", "http://127.0.0.1:8102").masked())


def test_what_the_portal_says_in_full_meets_the_principles():
    portal = Portal(datasets=60)
    with serve_portal(portal) as url:
        found = source("portal", url)
        mapped = [found.mapper.apply(raw, found) for page in pages(found) for raw in page.records]
    profile, reference = Profile.load("transisi"), Reference.load()
    complete = {entry.id for entry in portal.entries if entry.quirks == {"lengkap"}}
    judged = {one.identifier: assess({**one.dataset, "owner_org": "x"}, profile, reference=reference) for one in mapped}
    assert complete
    assert {id_ for id_ in complete if not judged[id_].conforms} == set()
    assert any(not assessment.conforms for assessment in judged.values())


@pytest.mark.heavy  # the application is read and counted twice
def test_a_second_release_of_complaints_gives_no_hidden_cell_of_the_first_away():
    complaints, reader, released = Complaints(key="rahasia-uji", count=2500), Reader(), None
    shown = []
    with serve_complaints(complaints) as url:
        found = source("complaints", url)
        for more in (0, 400):
            complaints.add(more)
            table = aggregate_pages(pages(found), found.aggregation, today=date(2025, 11, 3), released=released)
            truth = {
                (category, UNKNOWN if district == "-" else district, month): count
                for (category, district, month), count in complaints.cells().items()
            }
            published = {(row[0], row[2], row[3]): row[-1] for row in table.rows}
            reader.take(truth, published, [])
            assert reader.told() == set()
            assert min(published.values()) >= 5
            shown.append((published, truth))
            released = table.released
    (first, before), (second, _) = shown
    hidden = before.keys() - first.keys()
    assert hidden
    assert hidden & second.keys() == set()
