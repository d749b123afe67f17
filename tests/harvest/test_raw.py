"""What sources sent is kept of what is a dataset, and of nothing else; it goes when the dataset goes."""

from __future__ import annotations

import json
import random

import pytest
import sqlalchemy as sa
from backports import zstd

from ckanext.satudata.catalog import raw
from ckanext.satudata.catalog import tables as t
from satudata_schemas.checks_personal import people_in
from tests.harvest.conftest import Catalogue, package


@pytest.fixture
def sent(query):
    """What is kept, by the last digits of the record's identifier; fit or not for the version that stands."""

    def read():
        rows = query(
            sa.select(
                t.record.c.identifier, t.record.c.fingerprint, t.raw.c.body, t.raw.c.fingerprint.label("of")
            ).join(t.raw, t.raw.c.record_id == t.record.c.id)
        )
        assert len(rows) == len(query(sa.select(t.raw.c.record_id)))
        return {
            row["identifier"][-2:]: (raw.parsed(row["body"]), (row["fingerprint"] or "").startswith(row["of"]))
            for row in rows
        }

    return read


def somebody():
    """A number as a person has it, drawn anew each time."""
    draw = random.Random()
    return f"3273{draw.randint(1, 30):02d}{draw.randint(1, 28):02d}0{draw.randint(1, 9)}{draw.randint(60, 99)}9999"


def grouped(number):
    """The number as people write it who want it read."""
    return " ".join(number[place : place + 4] for place in range(0, 16, 4))


def test_a_record_is_kept_as_its_source_sent_it(portal, add_source, harvest, sent):
    odd = package(1, extras=[{"key": "aneh", "value": " 人口 \U0001f600 "}], version=None)
    source_id = add_source(portal(Catalogue([odd, package(2, resources=[])])))
    harvest(source_id)
    assert sent() == {"01": (odd, True), "02": (package(2, resources=[]), True)}


def test_a_changed_record_replaces_it_and_an_unchanged_one_leaves_it(portal, add_source, harvest, sent):
    catalogue = Catalogue([package(1), package(2)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[:] = [package(1, title="Judul yang lain sekali"), package(2, metadata_modified="2025-01-02")]
    harvest(source_id)
    assert sent() == {"01": (catalogue.packages[0], True), "02": (package(2), True)}


def test_nothing_is_kept_of_what_must_not_be_loaded(portal, add_source, harvest, sent):
    catalogue = Catalogue([package(1), package(2, notes=f"Penerima dengan NIK {somebody()}")])
    source_id = add_source(portal(catalogue))
    assert harvest(source_id)["tidak_dimuat"] == 1
    assert set(sent()) == {"01"}
    catalogue.packages[0] = package(1, notes=f"Penerima dengan NIK {somebody()}")
    harvest(source_id)
    assert sent() == {}


def test_nothing_is_kept_where_a_person_s_number_stands_in_what_the_mapping_drops(portal, add_source, harvest, sent):
    dropped = [
        package(number, tags=[{"name": "penduduk", "catatan": f"NIK {written}"}])
        for number, written in enumerate((somebody(), grouped(somebody())), 1)
    ]
    run = harvest(add_source(portal(Catalogue([*dropped, package(3)]))))
    assert (run["layak"], set(sent())) == (3, {"03"})


def test_what_is_too_large_is_not_kept(portal, add_source, harvest, sent, monkeypatch):
    monkeypatch.setattr(raw, "LARGEST", 2000)
    run = harvest(add_source(portal(Catalogue([package(1, version="x" * 2000), package(2)]))))
    assert (run["layak"], set(sent())) == (2, {"02"})


def test_what_is_no_json_for_us_is_read_as_none():
    assert raw.parsed(b"bukan zstd") is None
    compressed = raw._row(raw.Sent("x", "f" * 64, b'{"a": 1, "a": 2}'))
    assert raw.parsed(compressed[compressed.index(b"\x28\xb5\x2f\xfd") :]) is None


def test_records_that_come_as_rows_are_kept_as_json(portal, add_source, harvest, sent):
    from demo.serving import json_answer

    rows = [
        {"kode": "a-01", "judul": "Jumlah Sekolah", "uraian": "Sekolah", "tautan": "https://data.contoh.go.id/s.csv"}
    ]
    fields = {"title": "judul", "notes": "uraian", "resources": [{"url": "tautan", "name": "judul"}]}
    add = {"connector": "rest", "config": {"records": "data"}, "mapping": {"identifier": "kode", "fields": fields}}

    class Rows:
        def answer(self, _request):
            return json_answer({"data": rows})

    harvest(add_source(portal(Rows()), **add))
    assert sent() == {"01": (rows[0], True)}


def test_it_goes_with_a_purged_dataset(portal, add_source, harvest, sent, act, records):
    source_id = add_source(portal(Catalogue([package(1), package(2)])))
    harvest(source_id)
    act("dataset_purge", id=records(source_id)[package(1)["id"]]["package_id"])
    assert set(sent()) == {"02"}


def test_it_goes_with_an_erased_dataset_and_does_not_come_again(
    portal, add_source, harvest, sent, session, walidata, records
):
    from ckanext.satudata.catalog import erase

    catalogue = Catalogue([package(1), package(2)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    erase.erase(session, records(source_id)[package(1)["id"]]["package_id"], actor=walidata.id, reason="Bocor.")
    session.commit()
    catalogue.packages[0] = package(1, title="Judul yang lain sekali")
    harvest(source_id)
    assert set(sent()) == {"02"}


def test_after_an_undo_it_fits_no_version_until_the_next_harvest(portal, add_source, harvest, sent, work, walidata):
    from ckanext.satudata.harvest import runs

    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[0] = package(1, title="Judul yang lain sekali")
    changed = harvest(source_id)
    work(lambda opened: runs.undo(opened, changed["run"], actor=walidata.id))
    assert sent() == {"01": (catalogue.packages[0], False)}
    harvest(source_id)
    assert sent() == {"01": (catalogue.packages[0], True)}


def test_a_person_s_own_stands_as_stars_where_it_is_shown():
    told = {
        "judul": "Jumlah", "i_telepon": "0800-1", "extras": [{"key": "ii_pj_nama", "value": "x", "state": "active"}],
        "catatan": [f"NIK {grouped(somebody())}"], "ii_pj_email": None, "ukuran": 12,
    }  # fmt: skip
    shown = raw.shown(json.loads(json.dumps(told)))
    assert shown == told | {
        "i_telepon": raw.STARS, "catatan": [raw.STARS],
        "extras": [{"key": "ii_pj_nama", "value": raw.STARS, "state": "active"}],
    }  # fmt: skip


@pytest.mark.parametrize("before", ["\\n", "\\t", "\\u00a0", "\\r\\n", ": "])
def test_a_person_s_number_is_found_behind_whatever_json_writes_before_it(before):
    body = f'{{"keterangan": "Warga{before}{somebody()}"}}'.encode()
    assert raw._may_name_a_person(body)
    assert [one.code for one in people_in(json.loads(body))] == ["E-PDP-002"]


def test_private_values_stand_as_stars_under_whatever_name_the_source_has_them():
    body = zstd.compress(
        json.dumps({"Penanggung Jawab": "Sebuah Nama", "pic": {"hp": "0800-11"}, "n": 10**30}).encode()
    )
    versions = ({"ii_pj_nama": "Sebuah Nama", "i_telepon": "0800-11", "title": "Jumlah"}, None)
    assert raw.told(body, versions) == {
        "Penanggung Jawab": raw.STARS, "pic": {"hp": raw.STARS}, "n": str(10**30),
    }  # fmt: skip
