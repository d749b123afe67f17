"""What is stored is judged anew when the rules have changed, without a request to any source."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package


@pytest.fixture
def assess(work):
    """Judge a source's datasets anew and give the run as `runs.show` does."""
    from ckanext.satudata.harvest import runs

    return lambda source_id: work(lambda opened: runs.assess(opened, source_id, actor=None))


@pytest.fixture
def under(query):
    """Have a source judged under another profile: `under(source_id, "sdi-2019")`."""
    return lambda source_id, name: query(sa.update(t.source).where(t.source.c.id == source_id).values(profile=name))


@pytest.fixture
def world(portal, add_source, harvest, assess, records):
    """A portal, and what is done with it: `.serve(catalogue, …)` adds it as a source and gives its id."""
    return SimpleNamespace(
        serve=lambda catalogue, **more: add_source(portal(catalogue), **more),
        harvest=harvest,
        assess=assess,
        records=records,
        statuses=lambda source_id: statuses(records, source_id),
    )


def statuses(records, source_id):
    return {
        id_[-2:]: (row["status"], row["hasil"], row["perbaikan_tertunda"]) for id_, row in records(source_id).items()
    }


def test_nothing_changes_where_the_rules_are_the_same(portal, add_source, harvest, assess, records, query):
    source_id = add_source(portal(Catalogue([package(number) for number in range(1, 6)] + [package(6, resources=[])])))
    harvest(source_id)
    before, changes = records(source_id), query(sa.select(sa.func.count().label("n")).select_from(t.change))

    done = assess(source_id)

    assert (done["state"], done["read"], done["updated"], done["unchanged"]) == ("selesai", 6, 0, 6)
    assert (done["layak"], done["perlu_perbaikan"]) == (5, 1)
    moved = {"last_run"}
    after = records(source_id)
    for id_, row in before.items():
        assert {k: v for k, v in row.items() if k not in moved} == {
            k: v for k, v in after[id_].items() if k not in moved
        }
    assert query(sa.select(sa.func.count().label("n")).select_from(t.change)) == changes


def test_what_is_published_stays_published_and_its_owner_is_told(world, under):
    catalogue = Catalogue([package(1), package(2)])
    source_id = world.serve(catalogue)
    world.harvest(source_id)
    asked = len(catalogue.asked)
    under(source_id, "sdi-2019")

    done = world.assess(source_id)

    assert set(world.statuses(source_id).values()) == {("tayang", "perlu_perbaikan", True)}
    assert done["report"]["transitions"] == {"tayang/layak → tayang/perlu_perbaikan": 2}
    assert done["issues"]
    assert len(catalogue.asked) == asked


def test_what_becomes_fit_again_is_fit_again(world, under):
    source_id = world.serve(Catalogue([package(1)]))
    world.harvest(source_id)
    before = world.records(source_id)
    under(source_id, "sdi-2019")
    world.assess(source_id)
    under(source_id, "transisi")
    assert world.assess(source_id)["updated"] == 1
    assert world.statuses(source_id) == {"01": ("tayang", "layak", False)}
    [row] = world.records(source_id).values()
    assert row["rules_version"] == before[row["identifier"]]["rules_version"]


@pytest.mark.parametrize(("penayangan", "becomes"), [("otomatis", "tayang"), ("diperiksa", "menunggu")])
def test_a_draft_that_becomes_fit_goes_where_a_harvest_would_bring_it(world, under, penayangan, becomes):
    source_id = world.serve(Catalogue([package(1)]), penayangan=penayangan, profile="sdi-2019")
    world.harvest(source_id)
    assert world.statuses(source_id) == {"01": ("draf", "perlu_perbaikan", False)}
    under(source_id, "transisi")
    world.assess(source_id)
    assert world.statuses(source_id) == {"01": (becomes, "layak", False)}


def test_what_waits_and_is_no_longer_fit_becomes_a_draft(world, under):
    source_id = world.serve(Catalogue([package(1)]), penayangan="diperiksa")
    world.harvest(source_id)
    under(source_id, "sdi-2019")
    world.assess(source_id)
    assert world.statuses(source_id) == {"01": ("draf", "perlu_perbaikan", False)}


def test_a_next_version_that_becomes_fit_is_published(world, under):
    catalogue = Catalogue([package(1)])
    source_id = world.serve(catalogue)
    world.harvest(source_id)
    under(source_id, "sdi-2019")
    catalogue.packages[0] = package(1, title="Versi berikutnya")
    world.harvest(source_id)
    [row] = world.records(source_id).values()
    assert row["pending"]["title"] == "Versi berikutnya"
    score = row["score"]
    world.assess(source_id)
    assert [one["score"] for one in world.records(source_id).values()] == [score]
    under(source_id, "transisi")
    world.assess(source_id)
    [row] = world.records(source_id).values()
    assert (row["pending"], row["dataset"]["title"], row["hasil"]) == (None, "Versi berikutnya", "layak")


@pytest.mark.usefixtures("session")
def test_what_must_not_be_seen_is_hidden_at_once(world, act, monkeypatch):
    from dataclasses import replace

    from ckanext.satudata.catalog.judging import Judge

    source_id = world.serve(Catalogue([package(1, title="Judul terlarang"), package(2)]))
    world.harvest(source_id)
    real = Judge.assess

    def finds(self, dataset, rest=None):
        found = real(self, dataset, rest)
        return replace(found, hasil="tidak_dimuat") if "terlarang" in dataset.text("title") else found

    monkeypatch.setattr(Judge, "assess", finds)
    world.assess(source_id)
    assert world.statuses(source_id) == {"01": ("draf", "tidak_dimuat", False), "02": ("tayang", "layak", False)}
    [row] = [row for row in world.records(source_id).values() if row["hasil"] == "tidak_dimuat"]
    assert act("package_show", id=row["package_id"])["private"] is True
    assert act("package_search", q="terlarang")["count"] == 0


def test_what_was_returned_and_what_a_person_hid_stay_so(world, act, session, walidata):
    from ckanext.satudata.catalog import review

    source_id = world.serve(Catalogue([package(1), package(2)]))
    world.harvest(source_id)
    found = world.records(source_id)
    review.send_back(session, [found[package(1)["id"]]["package_id"]], actor=walidata.id, reason="Perbaiki.")
    session.commit()
    act("package_patch", id=found[package(2)["id"]]["package_id"], private=True)
    before = world.statuses(source_id)
    world.assess(source_id)
    assert world.statuses(source_id) == before
    assert before["01"][0] == "dikembalikan"


def test_the_next_harvest_has_nothing_left_to_judge(portal, add_source, harvest, assess, records, query):
    source_id = add_source(portal(Catalogue([package(number) for number in range(1, 4)], etags=True)))
    harvest(source_id)
    query(sa.update(t.record).values(rules_version=sa.func.split_part(t.record.c.rules_version, ":", 1) + ":lama"))
    query(sa.update(t.page).values(rules_version=sa.func.split_part(t.page.c.rules_version, ":", 1) + ":lama"))
    assess(source_id)
    run = harvest(source_id)
    assert (run["unchanged"], run["updated"]) == (3, 0)
    [stored] = query(sa.select(t.run.c.counts).where(t.run.c.id == run["run"]))
    assert stored["counts"]["unchanged_pages"] > 0


def test_how_a_record_came_is_not_forgotten(portal, add_source, harvest, assess, query):
    source_id = add_source(
        portal(Catalogue([package(1, extras=[{"key": "produsen_data_name", "value": "Dinas Entah Berantah"}])]))
    )
    harvest(source_id)
    before = {row["code"] for row in query(sa.select(t.issue.c.code))}
    assess(source_id)
    assert {row["code"] for row in query(sa.select(t.issue.c.code))} == before


def test_a_killed_assessment_goes_on(portal, add_source, harvest, configured, fresh):
    from ckanext.satudata.harvest import assessing, engine, runs

    configured("ckanext.satudata.harvest.batch_size", 2)
    source_id = add_source(portal(Catalogue([package(number) for number in range(1, 8)])))
    harvest(source_id)
    run_id = runs.assess(fresh, source_id, actor=None)
    fresh.commit()
    real, batches = assessing.write, []

    def killed(*args, **more):
        batches.append(1)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return real(*args, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(assessing, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            engine.run(run_id)
    fresh.execute(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=sa.func.now()))
    fresh.commit()
    assert engine.run(run_id)
    done = runs.show(fresh, run_id)
    assert (done["state"], done["read"], done["attempt"]) == ("selesai", 7, 2)


def test_only_who_acts_for_the_office_may(add_source, portal, session, stranger, office):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.errors import SourceRefused

    source_id = add_source(portal(Catalogue([])))
    with pytest.raises(SourceRefused):
        runs.assess(session, source_id, actor=stranger)
    assert runs.assess(session, source_id, actor=office.editor)


def test_scores_are_told_and_no_longer_told_as_the_configuration_has_it(world, configured, query):
    source_id = world.serve(Catalogue([package(1), package(2, extras=[{"key": "hak_akses", "value": "tertutup"}])]))
    world.harvest(source_id)

    def told():
        rows = query(sa.select(t.answer.c.body).where(t.answer.c.audience == "public"))
        return sorted("skor_sdi" in json.loads(row["body"]) for row in rows)

    before = told()
    for is_open in (True, False):
        configured("ckanext.satudata.open_assessment", is_open)
        world.assess(source_id)
        assert told() == [False, is_open]
    assert before == [False, False]
    seen = query(sa.select(t.change.c.kind).where(t.change.c.audience == "public", t.change.c.cause == "assess"))
    assert [row["kind"] for row in seen] == ["changed", "changed"]
