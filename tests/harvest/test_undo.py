"""Taking a run back: what it created is withdrawn, what it withdrew comes back, what it changed is as it was."""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package

#: what of a record tells where it stands and what it says
STANDS = (
    "dataset", "pending", "rest", "status", "hasil", "perbaikan_tertunda", "tidak_ditemukan_sejak", "score",
    "principles", "hak_akses", "name", "fingerprint", "rules_version", "reviewed_by",
)  # fmt: skip


@pytest.fixture
def undo(work, walidata):
    """Take back a run by id and give the undoing run as `runs.show` does."""
    from ckanext.satudata.harvest import runs

    return lambda run_id: work(lambda opened: runs.undo(opened, run_id, actor=walidata.id))


@pytest.fixture
def small_batches(configured):
    configured("ckanext.satudata.harvest.batch_size", 2)


def standing(records, source_id):
    return {id_: {name: row[name] for name in STANDS} for id_, row in records(source_id).items()}


def id_of(records, source_id, number):
    return records(source_id)[package(number)["id"]]["package_id"]


def test_a_first_harvest_is_taken_back_by_withdrawing_all_of_it(portal, add_source, harvest, undo, records, act):
    source_id = add_source(portal(Catalogue([package(number) for number in range(1, 6)])))
    run = harvest(source_id)

    done = undo(run["run"])

    assert (done["state"], done["trigger"], done["read"], done["withdrawn"]) == ("selesai", "undo", 5, 5)
    assert {row["status"] for row in records(source_id).values()} == {"ditarik"}
    assert act("package_show", id=id_of(records, source_id, 1))["state"] == "deleted"


def test_changed_datasets_become_what_they_were(portal, add_source, harvest, undo, records, search_index):
    catalogue = Catalogue([package(number) for number in range(1, 6)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    before = standing(records, source_id)
    catalogue.packages[0] = package(1, title="Judul yang keliru", notes="Uraian yang keliru dan cukup panjang.")
    catalogue.packages[1] = package(2, resources=[])  # perlu perbaikan: waits beside the published one
    catalogue.packages[2] = package(3, tags=[{"name": "keliru"}])
    run = harvest(source_id)
    assert run["updated"] == 3

    done = undo(run["run"])

    assert (done["state"], done["updated"], done["left"]) == ("selesai", 3, [])
    assert standing(records, source_id) == before
    search_index.commit()
    assert search_index.documents("title:keliru") == []
    assert len(search_index.documents("sd_status:tayang")) == 5


def test_withdrawn_datasets_come_back_and_are_lost_as_they_were(
    portal, add_source, harvest, undo, records, query, configured
):
    configured("ckanext.satudata.harvest.grace_days", 3)
    catalogue = Catalogue([package(number) for number in range(1, 6)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    gone = catalogue.packages.pop()
    harvest(source_id)
    past = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=4)
    query(sa.update(t.record).where(t.record.c.tidak_ditemukan_sejak.is_not(None)).values(tidak_ditemukan_sejak=past))
    before = standing(records, source_id)
    run = harvest(source_id)
    assert run["withdrawn"] == 1

    done = undo(run["run"])

    assert (done["updated"], done["withdrawn"]) == (1, 0)
    assert standing(records, source_id) == before
    assert records(source_id)[gone["id"]]["tidak_ditemukan_sejak"] == past


def test_the_next_harvest_brings_back_what_the_source_says(portal, add_source, harvest, undo, records):
    catalogue = Catalogue([package(number) for number in range(1, 5)], etags=True)
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[0] = package(1, title="Judul baru dari sumber")
    catalogue.packages.append(package(5))
    run = harvest(source_id)
    after = standing(records, source_id)
    undo(run["run"])
    assert standing(records, source_id) != after

    again = harvest(source_id)

    assert (again["state"], again["error"]) == ("selesai", None)
    assert standing(records, source_id) == after
    assert harvest(source_id)["unchanged"] == 5


def test_what_a_person_has_edited_since_is_left_and_named(portal, add_source, harvest, undo, records, act):
    catalogue = Catalogue([package(1), package(2)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[:] = [package(1, title="Salah satu"), package(2, title="Salah dua")]
    run = harvest(source_id)
    edited = id_of(records, source_id, 1)
    act("package_patch", id=edited, notes="Disunting oleh orang, dan harus tetap begini.")

    done = undo(run["run"])

    assert done["updated"] == 1
    [left] = done["left"]
    assert (left["id"], left["reason"], left["title"]) == (edited, "disunting", "Salah satu")
    assert act("package_show", id=edited)["title"] == "Salah satu"
    assert records(source_id)[package(2)["id"]]["dataset"]["title"] == "Jumlah Penduduk Kecamatan 2"


def test_an_approval_is_no_edit(portal, add_source, harvest, undo, records, session, walidata):
    from ckanext.satudata.catalog import review

    source_id = add_source(portal(Catalogue([package(1)])), penayangan="diperiksa")
    run = harvest(source_id)
    review.approve(session, [id_of(records, source_id, 1)], actor=walidata.id)
    session.commit()

    undo(run["run"])

    [row] = records(source_id).values()
    assert row["status"] == "ditarik"
    harvest(source_id)
    [row] = records(source_id).values()
    assert row["status"] == "menunggu"  # an approval of what was taken back is none of what comes again


def test_an_undo_is_undone_in_its_turn(portal, add_source, harvest, undo, records):
    catalogue = Catalogue([package(1), package(2)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[:] = [package(1, title="Judul lain"), package(2), package(3)]
    run = harvest(source_id)
    after = standing(records, source_id)
    first = undo(run["run"])

    undo(first["run"])

    assert standing(records, source_id) == after
    assert undo(run["run"])["state"] == "selesai"  # and may now be taken back once more


def test_only_the_walidata_takes_back_and_only_once(portal, add_source, harvest, undo, session, office, stranger):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.errors import RunRefused

    run = harvest(add_source(portal(Catalogue([package(1)]))))["run"]
    for actor in (None, office.editor, stranger):
        with pytest.raises(RunRefused) as refused:
            runs.undo(session, run, actor=actor)
        assert refused.value.code == "E-RUN-004"
    done = undo(run)
    with pytest.raises(RunRefused) as refused:
        undo(run)
    assert (refused.value.code, refused.value.params["undo"]) == ("E-RUN-009", done["run"])


def test_a_run_under_way_is_not_taken_back(portal, add_source, session, walidata):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.errors import RunRefused

    run = runs.start(session, add_source(portal(Catalogue([package(1)]))), actor=None)
    with pytest.raises(RunRefused) as refused:
        runs.undo(session, run, actor=walidata.id)
    assert refused.value.code == "E-RUN-003"


@pytest.mark.usefixtures("small_batches")
def test_a_killed_undo_goes_on_where_it_stopped(portal, add_source, harvest, records, walidata, fresh):
    from ckanext.satudata.harvest import engine, runs
    from ckanext.satudata.harvest import undo as undoing

    source_id = add_source(portal(Catalogue([package(number) for number in range(1, 8)])))
    run = harvest(source_id)
    undo_id = runs.undo(fresh, run["run"], actor=walidata.id)
    fresh.commit()
    real, batches = undoing.write, []

    def killed(*args, **more):
        batches.append(1)
        if len(batches) == 3:
            raise KeyboardInterrupt
        return real(*args, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(undoing, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            engine.run(undo_id)
    statuses = [row["status"] for row in records(source_id).values()]
    assert sorted(statuses) == ["ditarik"] * 4 + ["tayang"] * 3
    fresh.execute(sa.update(t.run).where(t.run.c.id == undo_id).values(lease_until=sa.func.now()))
    fresh.commit()

    assert engine.run(undo_id)

    done = runs.show(fresh, undo_id)
    assert (done["state"], done["read"], done["withdrawn"], done["attempt"]) == ("selesai", 7, 7, 2)
    assert {row["status"] for row in records(source_id).values()} == {"ditarik"}


def test_an_undo_is_logged_and_noted(portal, add_source, harvest, undo, records, query, walidata):
    source_id = add_source(portal(Catalogue([package(1)])))
    run = harvest(source_id)
    done = undo(run["run"])
    [line] = query(sa.select(t.change).where(t.change.c.run_id == done["run"]))
    assert (line["kind"], line["cause"], line["actor"]) == ("removed", "undo", walidata.id)
    [noted] = query(sa.select(t.audit).where(t.audit.c.action == "run.undo"))
    assert (noted["object_id"], noted["actor"]) == (run["run"], walidata.id)


def test_taking_back_says_nothing_of_the_sources_health(portal, add_source, harvest, undo, query):
    source_id = add_source(portal(Catalogue([package(1)])))
    run = harvest(source_id)
    query(sa.update(t.source).where(t.source.c.id == source_id).values(last_success=None))
    undo(run["run"])
    [source] = query(sa.select(t.source.c.last_success).where(t.source.c.id == source_id))
    assert source["last_success"] is None


@pytest.mark.usefixtures("small_batches")
def test_it_waits_for_an_index_that_is_far_behind_but_not_for_one_that_is_down(
    portal, add_source, harvest, undo, records, monkeypatch
):
    from ckan.common import config

    from ckanext.satudata.harvest import undo as undoing

    source_id = add_source(portal(Catalogue([package(number) for number in range(1, 6)])))
    run = harvest(source_id)
    waited: list[float] = []
    monkeypatch.setattr(undoing, "MOST_BEHIND", 3)
    monkeypatch.setattr(undoing, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(undoing, "time", SimpleNamespace(monotonic=time.monotonic, sleep=waited.append))
    with monkeypatch.context() as away:
        away.setitem(config, "solr_url", "http://127.0.0.1:9/solr/ckan")
        done = undo(run["run"])
    assert (done["state"], done["withdrawn"]) == ("selesai", 5)
    assert set(waited) == {undoing.PAUSE}
