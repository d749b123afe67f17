"""A changed mapping takes effect on what is stored, with the source switched off, as the next harvest would have it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package

SAYS = {"use": "ckan", "fields": {"satuan": "satuan_baku"}}


class Portal(Catalogue):
    """A catalogue that answers nothing while it is switched off."""

    off = False

    def answer(self, request):
        assert not self.off, "nobody may ask"
        return super().answer(request)


@pytest.fixture
def assess(work):
    """Judge a source's datasets anew and give the run as `runs.show` does."""
    from ckanext.satudata.harvest import runs

    return lambda source_id: work(lambda opened: runs.assess(opened, source_id, actor=None))


@pytest.fixture
def changed(query):
    """Change parts of a source's definition, as `sources.update` stores it."""

    def change(source_id, **parts):
        [row] = query(sa.select(t.source.c.definition).where(t.source.c.id == source_id))
        columns = {name: parts[name] for name in ("penayangan", "profile") if name in parts}
        whole = {**row["definition"], **parts}
        query(sa.update(t.source).where(t.source.c.id == source_id).values(definition=whole, **columns))

    return change


@pytest.fixture
def world(portal, add_source, harvest, records):
    """A source of packages with a unit under a key of their own, harvested and switched off: (source id, portal)."""

    def make(*numbers, **more):
        catalogue = Portal([package(number, satuan_baku=f"satuan {number}") for number in numbers])
        source_id = add_source(portal(catalogue), **more)
        harvest(source_id)
        catalogue.off = True
        return source_id, catalogue

    return make


def datasets(records, source_id):
    return {id_[-2:]: row["dataset"] for id_, row in records(source_id).items()}


def test_a_changed_mapping_takes_effect_with_the_source_switched_off(
    world, changed, assess, records, act, search_index, harvest
):
    source_id, catalogue = world(1, 2)
    assert all("satuan" not in one for one in datasets(records, source_id).values())
    changed(source_id, mapping=SAYS)

    done = assess(source_id)

    assert (done["state"], done["updated"], done["report"]["remapped"], done["report"]["unmapped"]) == (
        "selesai",
        2,
        2,
        0,
    )
    assert {id_: one["satuan"] for id_, one in datasets(records, source_id).items()} == {
        "01": "satuan 1", "02": "satuan 2",
    }  # fmt: skip
    shown = act("package_show", id=records(source_id)[package(1)["id"]]["package_id"])
    assert shown["satuan"] == "satuan 1"
    again = assess(source_id)
    assert (again["updated"], again["unchanged"], again["report"]["remapped"]) == (0, 2, 0)
    catalogue.off = False
    run = harvest(source_id)
    assert (run["unchanged"], run["updated"]) == (2, 0)


def test_changed_defaults_take_effect_too(world, changed, assess, records):
    source_id, _ = world(1)
    changed(source_id, defaults={"satuan": "orang"})
    assert assess(source_id)["updated"] == 1
    assert datasets(records, source_id)["01"]["satuan"] == "orang"


def test_what_a_person_holds_survives_and_can_be_given_back_to_what_the_source_now_says(
    world, changed, assess, records, act, session, walidata
):
    from ckanext.satudata.harvest import holding

    source_id, _ = world(1)
    id_ = records(source_id)[package(1)["id"]]["package_id"]
    act("package_patch", id=id_, satuan="jiwa")
    changed(source_id, mapping={"use": "ckan", "fields": {"satuan": "satuan_baku", "konsep": {"value": "Penduduk"}}})
    assess(source_id)
    dataset = datasets(records, source_id)["01"]
    assert (dataset["satuan"], dataset["konsep"]) == ("jiwa", "Penduduk")
    holding.give_back(session, id_, ["satuan"], actor=walidata.id)
    session.commit()
    assert datasets(records, source_id)["01"]["satuan"] == "satuan 1"


def test_a_checked_source_s_published_version_stays_until_the_next_is_approved(
    world, changed, assess, records, query, session, walidata
):
    from ckanext.satudata.catalog import review

    source_id, _ = world(1, penayangan="diperiksa")
    [row] = records(source_id).values()
    review.approve(session, [row["id"]], actor=walidata.id, reason="Sudah diperiksa.")
    session.commit()
    changed(source_id, mapping=SAYS)
    assess(source_id)
    [row] = records(source_id).values()
    assert (row["status"], row["pending"]["satuan"]) == ("tayang", "satuan 1")
    assert "satuan" not in row["dataset"]


def test_a_version_that_is_no_longer_fit_waits_beside_the_published_one(world, changed, assess, records):
    source_id, _ = world(1)
    changed(source_id, mapping=SAYS, profile="sdi-2019")
    assess(source_id)
    [row] = records(source_id).values()
    assert (row["status"], row["hasil"], row["perbaikan_tertunda"]) == ("tayang", "perlu_perbaikan", True)
    assert (row["dataset"].get("satuan"), row["pending"]["satuan"]) == (None, "satuan 1")


def test_a_changed_mapping_and_back_again_is_as_it_was(world, changed, assess, records):
    source_id, _ = world(1)
    before = datasets(records, source_id)
    changed(source_id, mapping=SAYS)
    assess(source_id)
    changed(source_id, mapping="ckan")
    assert assess(source_id)["updated"] == 1
    assert datasets(records, source_id) == before


def test_what_is_not_kept_waits_for_the_next_harvest(world, changed, assess, records, query, harvest):
    source_id, catalogue = world(1, 2)
    [one, _] = records(source_id).values()
    query(sa.delete(t.raw).where(t.raw.c.record_id == one["id"]))
    changed(source_id, mapping=SAYS)
    done = assess(source_id)
    assert (done["updated"], done["report"]["remapped"], done["report"]["unmapped"]) == (1, 1, 1)
    catalogue.off = False
    run = harvest(source_id)
    assert (run["updated"], run["unchanged"]) == (1, 1)


def test_another_identifier_makes_other_records_only_in_the_next_harvest(world, changed, assess, records):
    source_id, _ = world(1)
    before = datasets(records, source_id)
    changed(source_id, mapping={"use": "ckan", "identifier": "name"})
    done = assess(source_id)
    assert (done["updated"], done["report"]["unmapped"]) == (0, 1)
    assert datasets(records, source_id) == before


def test_one_that_is_lost_stays_lost(world, changed, assess, records, query):
    source_id, _ = world(1)
    query(sa.update(t.record).values(tidak_ditemukan_sejak=sa.func.current_date()))
    changed(source_id, mapping=SAYS)
    assess(source_id)
    [row] = records(source_id).values()
    assert row["dataset"]["satuan"] == "satuan 1"
    assert row["tidak_ditemukan_sejak"] is not None


def test_a_mapping_that_brings_a_person_s_number_out_loads_nothing(world, changed, assess, records, query):
    from tests.harvest.test_raw import somebody

    source_id, _ = world(1)
    changed(source_id, mapping={"use": "ckan", "fields": {"notes": {"value": f"Penerima dengan NIK {somebody()}"}}})
    assess(source_id)
    [row] = records(source_id).values()
    assert (row["status"], row["hasil"]) == ("tayang", "tidak_dimuat")
    assert row["dataset"]["notes"] == package(1)["notes"]
    assert query(sa.select(t.raw.c.record_id)) == []


def test_the_run_is_undone_as_any_other(world, changed, assess, records, work, walidata):
    from ckanext.satudata.harvest import runs

    source_id, _ = world(1)
    before = datasets(records, source_id)
    changed(source_id, mapping=SAYS)
    done = assess(source_id)
    work(lambda opened: runs.undo(opened, done["run"], actor=walidata.id))
    assert datasets(records, source_id) == before


def test_a_source_with_sealed_credentials_is_mapped_without_opening_them(world, changed, assess, records, configured):
    key = {"type": "header", "name": "X-API-Key", "value": "rahasia-sekali"}
    source_id, _ = world(1, config={"page_size": 2, "auth": key})
    changed(source_id, mapping=SAYS)
    configured("ckanext.satudata.secrets_file", "")
    assert assess(source_id)["report"]["remapped"] == 1
    assert datasets(records, source_id)["01"]["satuan"] == "satuan 1"
