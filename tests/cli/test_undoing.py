"""`run undo` and what runs tell of it."""

from __future__ import annotations


def test_a_run_is_taken_back_by_command(ckan, added, region):
    run = ckan("harvest", "portal-uji", "--json").json
    done = ckan("run", "undo", run["run"], "--as", region.walidata, "--json")
    assert done.code == 0, done.err
    assert (done.json["state"], done.json["undoes"], done.json["left_count"]) == ("selesai", run["run"], 0)
    assert done.json["withdrawn"] == run["created"]
    assert ckan("run", "show", run["run"], "--json").json["undone_by"] == done.json["run"]


def test_it_is_told_in_both_languages_and_refused_with_a_code(ckan, added, region, act):
    run = ckan("harvest", "portal-uji", "--json").json
    assert ckan("run", "undo", run["run"]).code == 2
    done = ckan("run", "undo", run["run"], "--as", region.walidata, "--lang", "en")
    assert f"{run['created']} withdrawn" in done.out
    assert "mengurungkan" in done.err
    again = ckan("run", "undo", run["run"], "--as", region.walidata)
    assert (again.code, "E-RUN-009" in again.err) == (2, True)


def test_what_is_left_is_named(ckan, added, region, act, session):
    from ckan import model

    run = ckan("harvest", "portal-uji", "--json").json
    name = session.query(model.Package.name).filter_by(state="active", private=False).first()[0]
    act("package_patch", id=name, notes="Disunting oleh orang sejak penarikan itu.")
    done = ckan("run", "undo", run["run"], "--as", region.walidata)
    assert f"{name}: disunting orang" in done.out


def test_an_undo_may_be_left_to_the_workers(ckan, added, region):
    run = ckan("harvest", "portal-uji", "--json").json
    done = ckan("run", "undo", run["run"], "--as", region.walidata, "--background", "--json")
    assert (done.code, done.json["state"]) == (0, "antre")
