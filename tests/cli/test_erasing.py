"""`dataset erase`, `lift`, `history` and `incident`: what people type when something must not exist."""

from __future__ import annotations

import pytest


@pytest.fixture
def names(ckan, added, session):
    from ckan import model

    ckan("harvest", "portal-uji", "--json")
    rows = session.query(model.Package.name).filter_by(state="active", private=False).order_by("name").all()
    return [row[0] for row in rows]


def test_a_dataset_is_erased_and_no_harvest_brings_it_back_until_it_is_lifted(ckan, names, region, query):
    name = names[0]
    done = ckan("dataset", "erase", name, "--reason", "Memuat data pribadi.", "--as", region.walidata, "--json")
    assert done.code == 0, done.err
    assert done.json["cleaned"]
    run = ckan("harvest", "portal-uji", "--json").json
    assert (run["state"], run["created"], run["updated"], run["issues"].get("E-SMP-008")) == ("selesai", 0, 0, None)
    [tombstone] = query("SELECT * FROM satudata_record WHERE erased IS NOT NULL")
    assert (tombstone["status"], tombstone["dataset"]) == ("ditarik", None)
    assert not query("SELECT 1 FROM satudata_page WHERE :id = ANY(identifiers)", id=tombstone["package_id"])

    lifted = ckan("dataset", "lift", name, "--reason", "Sudah bersih.", "--as", region.walidata)
    assert lifted.code == 0, lifted.err
    assert ckan("harvest", "portal-uji", "--json").json["created"] == 1


def test_an_undo_does_not_bring_it_back(ckan, names, region, query):
    run = ckan("harvest", "portal-uji", "--json").json
    [first] = query("SELECT id FROM satudata_run WHERE id <> :run", run=run["run"])
    ckan("dataset", "erase", names[0], "--reason", "Bocor.", "--as", region.walidata, "--yes")
    undone = ckan("run", "undo", first["id"], "--as", region.walidata, "--json").json
    redone = ckan("run", "undo", undone["run"], "--as", region.walidata, "--json").json
    assert redone["state"] == "selesai"
    [tombstone] = query("SELECT status FROM satudata_record WHERE erased IS NOT NULL")
    assert tombstone["status"] == "ditarik"


def test_the_incident_is_listed_and_its_clock_is_stopped(ckan, names, region):
    told = ckan("dataset", "erase", names[0], "--reason", "Bocor.", "--as", region.walidata, "--yes").out
    assert "3 x 24" not in told
    assert "lembaga_pdp" in told
    [row] = ckan("incident", "list", "--open", "--json").json
    assert row["state"] == "terbuka"
    shown = ckan("incident", "show", row["incident"])
    assert "UU 27/2022 Pasal 46" in shown.out
    done = ckan("incident", "notified", row["incident"], "--note", "Surat 12", "--as", region.walidata, "--json")
    assert done.json["state"] == "selesai"
    assert ckan("incident", "list", "--open", "--json").json == []


def test_an_overdue_incident_is_exit_code_1(ckan, names, region):
    arguments = ["--reason", "Bocor.", "--known", "2020-01-01", "--as", region.walidata, "--yes"]
    ckan("dataset", "erase", names[0], *arguments)
    done = ckan("incident", "list")
    assert (done.code, "terlambat" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("dataset", "erase", "tidak-ada", "--reason", "x", "--yes"), "E-TIN-001"),
        (("dataset", "lift", "tidak-ada", "--reason", "x"), "E-TIN-001"),
        (("incident", "notified", "tidak-ada"), "E-HPS-004"),
    ],
)
def test_mistakes_have_a_code_and_exit_code_2(ckan, region, arguments, code):
    done = ckan(*arguments, "--as", region.walidata)
    assert (done.code, code in done.err) == (2, True)


def test_versions_are_listed_and_compared(ckan, names, act):
    act("package_patch", id=names[0], notes="Uraian yang disunting oleh orang.")
    rows = ckan("dataset", "history", names[0], "--json").json
    assert [(row["version"], row["cause"]) for row in rows] == [(2, "edit"), (1, "harvest")]
    assert rows[0]["fields"] == ["notes"]
    [difference] = ckan("dataset", "history", names[0], "--between", 1, 2, "--json").json
    assert (difference["field"], difference["after"]) == ("notes", "Uraian yang disunting oleh orang.")
    assert "notes" in ckan("dataset", "history", names[0]).out
    missing = ckan("dataset", "history", names[0], "--between", 1, 9)
    assert (missing.code, "E-CLI-006" in missing.err) == (2, True)
