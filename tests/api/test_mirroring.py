"""Mirroring: the export and the changes after it make an equal copy, and neither tells what its reader may not know."""

from __future__ import annotations

import csv
import gzip
import io
import json

import duckdb
import pytest

from tests.small_ckan import portal_of

BASIS = "UU 14/2008 Pasal 17 huruf h"


def changes(read, by=None, **query):
    answer = read("/changes", **query, **({"by": by} if by else {}))
    assert answer.status_code == 200, answer.body
    return answer.json


def export(read, by=None):
    answer = read("/exports/datasets.ndjson", **({"by": by} if by else {}))
    assert answer.status_code == 200
    datasets = {one["id"]: one for one in map(json.loads, answer.body.splitlines())}
    return datasets, int(answer.headers["Satudata-Cursor"])


def follow(read, mirror, cursor, by=None):
    """What a mirror does: go through all changes after its cursor, a page at a time."""
    while True:
        page = changes(read, by=by, after=cursor, limit=2)
        for line in page["data"]:
            if line["dataset"] is None:
                mirror.pop(line["id"], None)
            else:
                mirror[line["id"]] = line["dataset"]
        if page["meta"]["cursor"] == cursor:
            return mirror
        cursor = page["meta"]["cursor"]


def test_a_mirror_of_export_and_changes_equals_the_catalogue(office, read, client_of):
    readers = [
        None,
        client_of("catalog:read", "dataset:read", organization=office.id),
        client_of("dataset:read", "catalog:read"),
    ]
    for number in range(5):
        office.put(str(number), index=False)
    office.put("waiting", action="hold", index=False)
    begun = [export(read, by) for by in readers]
    office.put("1", title="Judul Baru Jumlah Penduduk", index=False)
    office.withdraw("2", index=False)
    office.put("3", hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    office.put("9", index=False)
    office.put("waiting", index=False)
    office.put("10", action="hold", index=False)
    office.put("9", hak_akses="tertutup", dasar_pengecualian=BASIS, index=False)
    for by, (mirror, cursor) in zip(readers, begun, strict=True):
        assert follow(read, mirror, cursor, by) == export(read, by)[0]
    assert [len(mirror) for mirror, _ in begun] == [6, 7, 7]


def test_a_mirror_follows_a_harvest_its_undo_and_an_erasing(office, read, client_of, session, platform, unique):
    """Built from export and changes alone, for the public, the OPD and the Walidata, it equals the catalogue."""
    from ckanext.satudata.catalog import erase
    from ckanext.satudata.harvest import engine, runs

    walidata = client_of("catalog:read", "dataset:read", "review")
    readers = [None, client_of("catalog:read", "dataset:read", organization=office.id), walidata]
    first = [office.put(str(number), index=False) for number in range(4)]
    begun = [export(read, by) for by in readers]
    with portal_of(platform, count=7) as definition:
        run = harvested(session, office, definition(f"{unique}-portal"))
    assert len(export(read, walidata)[0]) == 11
    office.withdraw("0", index=False)
    undo = runs.undo(session, run, actor=walidata.id)
    session.commit()
    engine.run(undo)
    erase.erase(session, first[1], actor=walidata.id, reason="Memuat nomor pribadi.")
    session.commit()
    erase.finish(session)
    office.put("2", title="Judul Baru Jumlah Penduduk", index=False)
    for by, (mirror, cursor) in zip(readers, begun, strict=True):
        assert follow(read, mirror, cursor, by) == export(read, by)[0]
    assert [len(mirror) for mirror, _ in begun] == [2, 2, 2]


def harvested(session, office, definition):
    """Register a source of the office that publishes by itself, and harvest it; the run's id."""
    from sqlalchemy import update

    from ckanext.satudata.catalog import tables
    from ckanext.satudata.harvest import engine, runs, sources

    source = sources.add(session, definition, organization=office.name)
    session.execute(update(tables.source).where(tables.source.c.id == source).values(penayangan="otomatis"))
    run = runs.start(session, source, actor=None)
    session.commit()
    engine.run(run)
    session.rollback()
    assert runs.show(session, run)["created"] == 7
    return run


def test_a_change_tells_what_became_of_the_dataset(office, read):
    id_ = office.put("1", index=False)
    line = changes(read)["data"][0]
    assert set(line) == {"seq", "at", "kind", "id", "name", "etag", "dataset"}
    assert (line["kind"], line["id"], line["dataset"]["id"]) == ("created", id_, id_)
    single = read(f"/datasets/{id_}")
    assert line["etag"] == single.headers["ETag"]


def test_of_what_is_removed_only_id_and_time_are_told(office, read):
    office.put("1", title="Judul yang ditarik", index=False)
    office.withdraw("1", index=False)
    told = changes(read)
    assert [line["kind"] for line in told["data"]] == ["created", "removed"]
    assert all((line["name"], line["etag"], line["dataset"]) == (None, None, None) for line in told["data"])
    assert "yang ditarik" not in json.dumps(told)


def test_what_waits_is_no_change_to_others(office, make_office, read, client_of, unique):
    other = make_office(f"{unique}-lain")
    office.put("1", action="hold", title="Belum tayang", index=False)
    assert changes(read)["data"] == []
    assert changes(read, by=client_of("catalog:read", "dataset:read", organization=other.id))["data"] == []
    assert changes(read, by=client_of("catalog:read", granted=[office.id]))["data"] == []
    own = changes(read, by=client_of("catalog:read", "dataset:read", organization=office.id))["data"]
    assert [line["dataset"]["title"] for line in own] == ["Belum tayang"]


def test_links_of_restricted_ones_are_in_no_change_or_export_of_others(office, read, client_of):
    office.put("1", hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    granted = client_of("catalog:read", granted=[office.id])
    link = "https://data.example.go.id/1.csv"
    for path in ("/changes", "/exports/datasets.ndjson", "/exports/datasets.csv"):
        assert link not in read(path).body, path
        assert link in read(path, by=granted).body, path


def test_pages_of_changes_lead_on_without_gap(office, read):
    for number in range(5):
        office.put(str(number), index=False)
    first = read("/changes", limit=3)
    assert first.headers["Link"].endswith(f'after={first.json["meta"]["cursor"]}&limit=3>; rel="next"')
    second = changes(read, after=first.json["meta"]["cursor"], limit=3)
    sequence = [line["seq"] for line in first.json["data"] + second["data"]]
    assert (sequence, len(sequence)) == (sorted(set(sequence)), 5)
    end = changes(read, after=sequence[-1])
    assert end == {"data": [], "meta": {"cursor": sequence[-1]}}


@pytest.mark.parametrize(
    "asked", [{"after": "-1"}, {"after": "x"}, {"after": "9" * 30}, {"limit": "1001"}, {"limit": "0"}]
)
def test_a_wrong_cursor_or_limit_is_400(office, read, asked):
    answer = read("/changes", **asked)
    assert answer.status_code == 400
    assert [one["parameter"] for one in answer.json["errors"]] == list(asked)


def test_the_table_opens_in_a_spreadsheet_and_runs_nothing(office, read):
    office.put(
        "1", title="=HYPERLINK(A1)", notes="@SUM(1)", tags=["a", "b"], kategori="04", satuan="-orang", index=False
    )
    (row,) = csv.DictReader(io.StringIO(read("/exports/datasets.csv").body))
    assert (row["title"], row["notes"], row["satuan"]) == ("'=HYPERLINK(A1)", "'@SUM(1)", "'-orang")
    assert (row["tags"], row["kategori"], row["organization.name"]) == ("a; b", "04", office.name)
    assert row["resources.url"] == "https://data.example.go.id/1.csv"


def test_exports_stream_compressed_to_those_who_take_it(office, read):
    office.put("1", index=False)
    packed = read("/exports/datasets.ndjson", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == read("/exports/datasets.ndjson").data


def test_the_parquet_file_is_read_by_duckdb(office, read, tmp_path):
    office.put("1", title="Jumlah Puskesmas", kategori="04", tags=["a", "b"], index=False)
    office.put("2", title="=1+1", hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    answer = read("/exports/datasets.parquet")
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    (tmp_path / "datasets.parquet").write_bytes(answer.data)
    asked = "SELECT title, tags, resources[1].url FROM read_parquet($1) ORDER BY identifier"
    assert duckdb.execute(asked, [str(tmp_path / "datasets.parquet")]).fetchall() == [
        ("Jumlah Puskesmas", ["a", "b"], "https://data.example.go.id/1.csv"),
        ("=1+1", None, None),
    ]
    assert int(answer.headers["Satudata-Cursor"]) > 0


def test_an_empty_catalogue_exports_to_nothing(office, read):
    assert read("/exports/datasets.ndjson").body == ""
    assert len(read("/exports/datasets.csv").body.splitlines()) == 1
