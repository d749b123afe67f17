"""What a run's report tells beside its counts: what was withdrawn by title, which fields changed in how many."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package


def test_changed_fields_are_grouped_with_their_number_and_examples(portal, add_source, harvest):
    catalogue = Catalogue([package(number) for number in range(1, 5)])
    source_id = add_source(portal(catalogue))
    assert harvest(source_id)["changes"]["fields"] == []
    catalogue.packages[0] = package(1, title="Judul satu", notes="Uraian lain yang cukup panjang juga.")
    catalogue.packages[1] = package(2, title="Judul dua")
    moved = package(3)["resources"][0] | {"url": "https://data.contoh.go.id/pindah.csv"}
    catalogue.packages[2] = package(3, resources=[moved])

    told = harvest(source_id)["changes"]["fields"]

    assert [(one["field"], one["count"]) for one in told] == [("title", 2), ("notes", 1), ("resources.url", 1)]
    assert {one["title"] for one in told[0]["examples"]} == {"Judul satu", "Judul dua"}


def test_what_is_missing_and_withdrawn_is_named(portal, add_source, harvest, query):
    catalogue = Catalogue([package(number) for number in range(1, 6)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages.pop()
    run = harvest(source_id)
    assert [one["title"] for one in run["changes"]["missing"]] == ["Jumlah Penduduk Kecamatan 5"]
    past = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=30)
    query(sa.update(t.record).where(t.record.c.tidak_ditemukan_sejak.is_not(None)).values(tidak_ditemukan_sejak=past))

    run = harvest(source_id)

    assert [one["title"] for one in run["changes"]["withdrawn"]] == ["Jumlah Penduduk Kecamatan 5"]


def test_a_held_run_names_what_it_would_mark(portal, add_source, harvest):
    catalogue = Catalogue([package(number) for number in range(1, 9)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    del catalogue.packages[1:]
    run = harvest(source_id)
    assert run["state"] == "ditahan"
    assert len(run["changes"]["held"]) == 7


def test_a_report_holds_no_titles(portal, add_source, harvest, query):
    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[0] = package(1, title="Judul yang mungkin dihapus permanen")
    run = harvest(source_id)
    [row] = query(sa.select(t.run).where(t.run.c.id == run["run"]))
    assert "mungkin dihapus" not in str(row)
