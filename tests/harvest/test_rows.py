"""An application whose rows are about people becomes a dataset of counts, and nobody in it can be found anywhere."""

from __future__ import annotations

import csv
import io
import logging
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from demo.complaints import Complaints, serve_complaints
from satudata_harvesters.source import load_source

SOURCE = Path(__file__).parents[2] / "demo" / "sources" / "complaints.yaml"
KEY = "kunci-rahasia-uji"


@pytest.fixture
def complaints():
    application = Complaints(key=KEY, count=3000, population=2000)
    with serve_complaints(application) as url:
        application.url = url
        yield application


@pytest.fixture
def add_complaints(clean_catalog, office, sealing, own_networks, unique):
    """Register the demo's complaints source at an address; gives its id."""
    from ckanext.satudata.harvest import sources
    from ckanext.satudata.harvest.sessions import session

    def add(url, key=KEY):
        text = SOURCE.read_text("utf-8")
        for place, value in {"url": url, "port": str(urlsplit(url).port), "key": key}.items():
            text = text.replace(f"{{complaints_{place}}}", value)
        own_networks(f"127.0.0.1/32:{urlsplit(url).port}")
        with session() as opened:
            source_id = sources.add(opened, load_source(text).to_dict() | {"name": unique}, organization=office.id)
            opened.commit()
        return source_id

    return add


def resource_url(row):
    return row["dataset"]["resources"][0]["url"]


def test_complaints_become_one_dataset_of_counts_that_waits_for_the_walidata(
    complaints, add_complaints, harvest, records
):
    source_id = add_complaints(complaints.url)

    run = harvest(source_id)

    assert (run["state"], run["read"], run["created"], run["layak"]) == ("selesai", 3000, 1, 1)
    [row] = records(source_id).values()
    assert (row["status"], row["hasil"]) == ("menunggu", "layak")
    assert [column["nama"] for column in row["dataset"]["resources"][0]["kamus_data"]] == [
        "kategori", "kode_kecamatan", "kecamatan", "bulan", "nama_bulan", "jumlah_aduan",
    ]  # fmt: skip


def test_the_file_holds_the_large_enough_cells_and_is_served_to_who_may_see_the_dataset(
    complaints, add_complaints, harvest, records, *, app, walidata
):
    from ckan import model

    from ckanext.satudata.catalog import review

    source_id = add_complaints(complaints.url)
    harvest(source_id)
    [row] = records(source_id).values()
    address = urlsplit(resource_url(row)).path

    assert app.get(address, expect_errors=True).status_code in {302, 403, 404}
    review.approve(model.Session, [row["id"]], actor=walidata.id)
    model.Session.commit()
    answer = app.get(address)

    lines = list(csv.reader(io.StringIO(answer.body)))[1:]
    cells = {(line[0], line[2], line[3]): int(line[-1]) for line in lines}
    assert cells
    assert min(cells.values()) >= 5
    counted = {}
    for line in complaints.rows:
        district = "Tidak diketahui" if line["kecamatan"] == "-" else line["kecamatan"]
        cell = (line["kategori"], district, line["tanggal"][:7])
        counted[cell] = counted.get(cell, 0) + 1
    assert cells == {cell: count for cell, count in counted.items() if count >= 5}
    assert row["dataset"]["resources"][0]["size"] == len(answer.data)


def test_a_second_harvest_changes_nothing_and_a_later_one_keeps_ids_and_address(
    complaints, add_complaints, harvest, records
):
    source_id = add_complaints(complaints.url)
    harvest(source_id)
    [first] = records(source_id).values()

    again = harvest(source_id)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 1)

    complaints.add(400)
    changed = harvest(source_id)
    assert changed["updated"] == 1
    [later] = records(source_id).values()
    assert (later["package_id"], later["name"], resource_url(later)) == (
        first["package_id"],
        first["name"],
        resource_url(first),
    )
    assert later["fingerprint"] != first["fingerprint"]


def test_a_wrong_key_stops_the_run_and_what_was_counted_before_stays(complaints, add_complaints, harvest, records):
    source_id = add_complaints(complaints.url)
    harvest(source_id)
    complaints.key = "kunci-yang-lain"

    run = harvest(source_id)

    assert (run["state"], run["error"]["code"]) == ("gagal", "E-TRK-003")
    [row] = records(source_id).values()
    assert row["status"] == "menunggu"
    assert KEY not in repr(run)


def test_an_application_that_fails_half_way_changes_no_count(complaints, add_complaints, harvest, records):
    source_id = add_complaints(complaints.url)
    harvest(source_id)
    [before] = records(source_id).values()
    complaints.add(400)
    complaints.fail_page = 3

    assert harvest(source_id)["state"] == "gagal"
    [after] = records(source_id).values()
    assert after["fingerprint"] == before["fingerprint"]


def test_an_application_without_rows_is_held_and_not_published_as_empty(complaints, add_complaints, harvest, records):
    source_id = add_complaints(complaints.url)
    harvest(source_id)
    complaints._rows.clear()

    assert harvest(source_id)["state"] == "ditahan"
    [row] = records(source_id).values()
    assert row["tidak_ditemukan_sejak"] is None


def test_a_file_counted_otherwise_is_not_public_before_the_walidata_has_looked_again(
    complaints, add_complaints, harvest, records, query, *, app, walidata
):
    from ckan import model

    from ckanext.satudata.catalog import review
    from ckanext.satudata.catalog import tables as t

    source_id = add_complaints(complaints.url)
    harvest(source_id)
    [row] = records(source_id).values()
    review.approve(model.Session, [row["id"]], actor=walidata.id)
    model.Session.commit()
    address = urlsplit(resource_url(row)).path
    approved = app.get(address).body
    [source] = query(sa.select(t.source).where(t.source.c.id == source_id))
    totals = {"totals": [["kategori"]]}
    finer = source["definition"] | {"aggregate": source["definition"]["aggregate"] | totals}
    query(sa.update(t.source).where(t.source.c.id == source_id).values(definition=finer))

    harvest(source_id)

    [waiting] = records(source_id).values()
    assert (waiting["status"], waiting["pending"] is not None) == ("tayang", True)
    assert app.get(address).body == approved
    assert harvest(source_id)["unchanged"] == 1
    assert app.get(address).body == approved

    review.approve(model.Session, [row["id"]], actor=walidata.id)
    model.Session.commit()
    harvest(source_id)
    answer = app.get(address)
    assert len(answer.body) > len(approved)
    [settled] = records(source_id).values()
    assert settled["dataset"]["resources"][0]["size"] == len(answer.data)


# --- nobody is found ---


@pytest.fixture
def places(platform, search_index, tmp_path, monkeypatch, all_logs):
    """Where a person's data could have got to: name -> (all that is there as one text, a way to plant a text there)."""
    import redis
    from ckan import model
    from ckan.common import config

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = redis.Redis.from_url(platform.redis_url)
    storage = Path(config["ckan.storage_path"])

    def all_of_solr():
        search_index.commit()
        return repr(search_index.documents())

    def plant_in_solr(text):
        search_index.post("update?commit=true", [{"index_id": "tanam", "id": "tanam", "site_id": "uji", "title": text}])

    return {
        "database": (lambda: _all_rows(model), lambda text: _plant_row(model, text)),
        "solr": (all_of_solr, plant_in_solr),
        "redis": (lambda: "\n".join(_values(store)), lambda text: store.set("tanam", text)),
        "files": (lambda: _all_files(storage), (storage / "tanam").write_text),
        "temporary": (lambda: _all_files(tmp_path), (tmp_path / "tanam").write_text),
        "logs": (lambda: all_logs.text, lambda text: logging.getLogger("uji").warning("%s", text)),
    }


def _all_rows(model):
    with model.meta.engine.connect() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        return "\n".join(
            repr(tuple(row)) for table in tables.sorted_tables for row in connection.execute(sa.select(table))
        )


def _values(store):
    """Every key of Redis with its value, whatever its type; jobs are compressed, so both raw and unpacked."""
    readers = {
        b"string": store.get,
        b"hash": store.hgetall,
        b"list": lambda key: store.lrange(key, 0, -1),
        b"set": store.smembers,
        b"zset": lambda key: store.zrange(key, 0, -1),
    }
    for key in store.scan_iter():
        value = readers[store.type(key)](key)
        yield repr((key, value))
        for packed in value.values() if isinstance(value, dict) else ():
            with suppress(zlib.error):
                yield repr(zlib.decompress(packed))


def _all_files(folder):
    return "\n".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def _plant_row(model, text):
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO system_info (key, value) VALUES ('tanam', :text)"), {"text": text})


def test_nobody_of_the_application_is_found_anywhere(complaints, add_complaints, harvest, places):
    from ckan import model

    source_id = add_complaints(complaints.url)
    harvest(source_id)
    complaints.fail_page, complaints.failures = 5, None
    harvest(source_id)
    traces = [trace for person in complaints.people() for trace in person.traces()]
    assert len(complaints.people()) >= 2000

    for place, (read, plant) in places.items():
        text = read()
        assert [trace for trace in traces if trace in text] == [], place
        assert KEY not in text, place
        plant(f"tertanam {traces[0]}")
        assert traces[0] in read(), f"the search is blind in {place}"
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM system_info WHERE key = 'tanam'"))
