"""What a person has set stays through every harvest, is shown beside the source's value, and can be given back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.harvest.conftest import Catalogue, package


@pytest.fixture
def world(portal, add_source, harvest, records, act, session):
    """One harvested dataset: `.edit(…)` as a person, `.harvest(…)` its next version, `.shown()`, `.held()`, `.id`."""
    from ckanext.satudata.harvest import holding

    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    [row] = records(source_id).values()
    id_ = row["package_id"]

    def again(**more):
        catalogue.packages[0] = package(1, **more)
        return harvest(source_id)

    return SimpleNamespace(
        id=id_,
        edit=lambda **values: act("package_patch", id=id_, **values),
        harvest=again,
        shown=lambda: act("package_show", id=id_),
        record=lambda: records(source_id)[row["identifier"]],
        held=lambda: {item.key: item for item in holding.of_package(session, id_)},
    )


def _give_back(session, world, fields, actor):
    from ckanext.satudata.harvest import holding

    written = holding.give_back(session, world.id, fields, actor=actor.id)
    session.commit()
    return written


def test_a_held_value_survives_every_harvest_and_is_shown_beside_the_sources(world):
    world.edit(notes="Uraian yang diperbaiki oleh orang.")
    world.harvest(title="Judul baru", notes="Uraian kedua dari sumber, cukup panjang.")
    world.harvest(title="Judul baru", notes="Uraian ketiga dari sumber, cukup panjang.")

    assert (world.shown()["title"], world.shown()["notes"]) == ("Judul baru", "Uraian yang diperbaiki oleh orang.")
    [item] = world.held().values()
    assert (item.field, item.value) == ("notes", "Uraian yang diperbaiki oleh orang.")
    assert item.source_value == "Uraian ketiga dari sumber, cukup panjang."


def test_only_the_sources_own_word_is_taken_for_the_sources(world):
    world.edit(notes="Uraian yang diperbaiki oleh orang.")
    world.edit(notes="Uraian yang diperbaiki lagi.")
    world.edit(title="Judul dari orang")
    told = world.held()
    assert told["notes"].source_value == package(1)["notes"]
    assert told["title"].source_value == package(1)["title"]


def test_what_is_given_back_is_what_the_source_says_now(world, session, walidata):
    world.edit(notes="Uraian dari orang.", title="Judul dari orang")
    world.harvest(notes="Uraian kedua dari sumber, cukup panjang.")

    _give_back(session, world, ["notes"], walidata)

    assert world.shown()["notes"] == "Uraian kedua dari sumber, cukup panjang."
    assert world.shown()["title"] == "Judul dari orang"
    assert list(world.held()) == ["title"]
    assert world.record()["status"] == "tayang"
    assert world.harvest(notes="Uraian kedua dari sumber, cukup panjang.")["unchanged"] == 1
    world.harvest(notes="Uraian ketiga dari sumber, cukup panjang.")
    assert world.shown()["notes"] == "Uraian ketiga dari sumber, cukup panjang."


def test_a_files_field_is_held_and_given_back_too(world, session, walidata):
    [resource] = world.shown()["resources"]
    world.edit(resources=[{**resource, "name": "Nama dari orang"}])
    [item] = world.held().values()
    assert (item.field, item.value, item.source_value) == ("name", "Nama dari orang", "Tabel")
    world.harvest(title="Judul baru")
    assert world.shown()["resources"][0]["name"] == "Nama dari orang"

    _give_back(session, world, [item.key], walidata)

    assert world.shown()["resources"][0]["name"] == "Tabel"


def test_what_a_person_had_hidden_is_shown_again(world, session, walidata):
    world.edit(private=True)
    world.harvest(title="Judul baru")
    assert world.shown()["private"] is True
    _give_back(session, world, ["private"], walidata)
    assert world.shown()["private"] is False


def test_a_value_that_would_spoil_what_is_published_waits(world, session, walidata):
    world.harvest(resources=[])
    assert world.record()["perbaikan_tertunda"]
    [resource] = world.shown()["resources"]
    world.edit(resources=[resource])
    world.edit(resources=[{**resource, "url": "https://data.contoh.go.id/dari-orang.csv"}])
    world.harvest(title="Judul lain", resources=[])
    assert world.record()["status"] == "tayang"

    _give_back(session, world, list(world.held()), walidata)

    assert (world.record()["status"], world.shown()["private"]) == ("tayang", False)


def test_an_accepted_suggestion_is_held_and_marked(world, session, walidata):
    from ckanext.satudata.harvest import suggestions

    offered = {one["field"] for one in world.record()["suggestions"]}
    [done] = suggestions.accept(session, [world.id], actor=walidata.id)
    session.commit()
    assert done.outcome == "accepted"
    assert offered == set(done.fields) == set(world.held())
    assert all(item.inferred for item in world.held().values())
    before = world.record()["dataset"]
    world.harvest(notes="Uraian baru dari sumber, cukup panjang.")
    assert {name: world.record()["dataset"][name] for name in offered} == {name: before[name] for name in offered}


def test_only_its_office_and_the_walidata_give_back(world, session, office, stranger):
    from ckanext.satudata.catalog.roles import NotAllowed
    from ckanext.satudata.harvest import holding
    from ckanext.satudata.harvest.errors import Refused

    world.edit(notes="Uraian dari orang.")
    for actor in (None, stranger):
        with pytest.raises(NotAllowed):
            holding.give_back(session, world.id, ["notes"], actor=actor)
    with pytest.raises(Refused) as refused:
        holding.give_back(session, world.id, ["title"], actor=office.editor)
    assert refused.value.code == "E-HLD-001"
    with pytest.raises(Refused) as refused:
        holding.give_back(session, "tidak-ada", ["title"], actor=office.editor)
    assert refused.value.code == "E-TIN-001"
    assert holding.give_back(session, world.id, ["notes"], actor=office.editor).outcome == "changed"
