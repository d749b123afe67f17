"""Whatever place says something else than the others is named, and mended from what is right."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.usefixtures("clean_catalog")


@pytest.fixture
def look(session):
    """The differences that are found, as (kind, id)."""
    from ckanext.satudata.catalog import compare

    def find():
        found = list(compare.differences(session, compare.Counted()))
        session.rollback()
        return found

    return find


@pytest.fixture
def mend(session, search_index):
    """Mend what is found and index it; how much was mended."""
    from ckanext.satudata.catalog import index
    from ckanext.satudata.catalog import mend as mending

    def go(found):
        done = mending.mend(session, found)
        while index.drain(session):
            pass
        search_index.commit()
        return done

    return go


@pytest.fixture
def catalogue(office, session, search_index):
    """Datasets in every standing, indexed: `.shown`, `.waiting`, `.withdrawn`."""
    from ckanext.satudata.catalog import index

    made = SimpleNamespace(
        shown=office.put("1", "publish", office.layak(title="Satu")).record_id,
        waiting=office.put("2", "hold", office.layak(title="Dua"), status="menunggu").record_id,
        withdrawn=office.put("3", "publish", office.layak(title="Tiga")).record_id,
    )
    office.put("4", "publish", office.layak(title="Empat", hak_akses="terbatas", dasar_pengecualian="UU 14/2008"))
    office.settle(office.ask("3", "withdraw"))
    while index.drain(session):
        pass
    search_index.commit()
    return made


def _run(session, statement):
    session.execute(statement)
    session.commit()


def test_a_sound_catalogue_has_no_difference(catalogue, look):
    assert look() == []


def test_what_people_edited_is_no_difference(catalogue, look, person, office, session, search_index):
    from ckanext.satudata.catalog import index

    editor = person(office.name)
    editor.act("package_patch", id=catalogue.waiting, title="Judul dari orang", notes="Keterangan dari orang.")
    shown = editor.act("package_show", id=catalogue.shown)
    editor.act("resource_patch", id=shown["resources"][0]["id"], name="Nama dari orang")
    made = editor.act("package_create", name=f"{office.name}-baru", title="Dataset baru", owner_org=office.id,
                      notes="Dibuat orang.", private=True, tags=[{"name": "baru"}],
                      resources=[{"url": "https://data.contoh.go.id/a.csv", "name": "A"}])  # fmt: skip
    editor.act("package_delete", id=made["id"])
    editor.act("package_create", name=f"{office.name}-lagi", title="Dataset lagi", owner_org=office.id, private=True,
               extras=[{"key": "kunci_lain", "value": "nilai"}])  # fmt: skip
    while index.drain(session):
        pass
    assert look() == []


def _no_document(catalogue, session, search_index):
    search_index.post("update?commit=true", {"delete": {"query": f'id:"{catalogue.shown}"'}})


def _older_document(catalogue, session, search_index):
    _change_document(search_index, catalogue.shown, sd_version=0)


def _stranger_s_document(catalogue, session, search_index):
    [document] = search_index.documents(f'id:"{catalogue.shown}"')
    document = {key: value for key, value in document.items() if key != "_version_"}
    for id_ in ("00000000-tidak-ada", "zzz-tidak-ada"):
        from ckanext.satudata.catalog.solr import index_id

        search_index.post("update?commit=true", [document | {"id": id_, "index_id": index_id(id_)}])


def _change_document(search_index, id_, **fields):
    [document] = search_index.documents(f'id:"{id_}"')
    document = {key: value for key, value in document.items() if key != "_version_"}
    search_index.post("update?commit=true", [document | fields])


def _no_answer(catalogue, session, search_index):
    from ckanext.satudata.catalog import tables

    answer = tables.answer.c
    _run(session, sa.delete(tables.answer).where(answer.package_id == catalogue.shown, answer.audience == "public"))


def _older_answer(catalogue, session, search_index):
    from ckanext.satudata.catalog import tables

    _run(session, sa.update(tables.answer).where(tables.answer.c.package_id == catalogue.waiting).values(version=0))


def _answer_of_what_is_withdrawn(catalogue, session, search_index):
    from ckanext.satudata.catalog import tables

    lost = {"package_id": catalogue.withdrawn, "audience": "public", "version": 2, "etag": "x", "body": "{}"}
    _run(session, sa.insert(tables.answer).values(**lost))


def _package(id_, **columns):
    from ckan import model

    return sa.update(model.package_table).where(model.package_table.c.id == id_).values(**columns)


def _other_title(catalogue, session, search_index):
    _run(session, _package(catalogue.shown, title="Diubah lewat SQL"))


def _published_by_sql(catalogue, session, search_index):
    _run(session, _package(catalogue.waiting, private=False))


def _brought_back_by_sql(catalogue, session, search_index):
    _run(session, _package(catalogue.withdrawn, state="active"))


def _other_extra(catalogue, session, search_index):
    _run(session, _package(catalogue.shown, extras={"kode_wilayah": "11"}))


def _other_resource(catalogue, session, search_index):
    from ckan import model

    resource = model.resource_table
    _run(session, sa.update(resource).where(resource.c.package_id == catalogue.shown).values(url="https://lain.id"))


def _no_tag(catalogue, session, search_index):
    from ckan import model

    pair = model.package_tag_table
    _run(session, sa.update(pair).where(pair.c.package_id == catalogue.shown).values(state="deleted"))


def _no_package(catalogue, session, search_index):
    from ckan import model

    for table in (model.package_tag_table, model.resource_table):
        session.execute(sa.delete(table).where(table.c.package_id == catalogue.shown))
    _run(session, sa.delete(model.package_table).where(model.package_table.c.id == catalogue.shown))


def _no_change(catalogue, session, search_index):
    from ckanext.satudata.catalog import tables

    _run(session, sa.delete(tables.change).where(tables.change.c.package_id == catalogue.shown))


DAMAGE = {
    _no_document: {"index_missing"},
    _older_document: {"index_stale"},
    _stranger_s_document: {"index_leftover"},
    _no_answer: {"answer"},
    _older_answer: {"answer"},
    _answer_of_what_is_withdrawn: {"answer"},
    _other_title: {"package"},
    _published_by_sql: {"package"},
    _brought_back_by_sql: {"index_missing", "package"},
    _other_extra: {"package"},
    _other_resource: {"package"},
    _no_tag: {"package"},
    _no_package: {"index_leftover", "package_missing"},
    _no_change: {"change"},
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__.strip("_"))
def test_each_damage_is_named_and_mended(damage, catalogue, look, mend, *, session, search_index, office, act):
    from ckanext.satudata.catalog.compare import Difference

    before = {row["id"]: (row["status"], row["dataset"]) for row in office.rows("record")}
    damage(catalogue, session, search_index)
    found = look()
    assert {one.kind for one in found} == DAMAGE[damage]
    assert all(isinstance(one, Difference) for one in found)
    assert mend(found) == len(found)
    assert look() == []
    assert {row["id"]: (row["status"], row["dataset"]) for row in office.rows("record")} == before
    assert {item["id"] for item in act("package_search", rows=100)["results"]} >= {catalogue.shown}
    assert act("package_show", id=catalogue.shown)["title"] == "Satu"


def test_ids_that_redis_forgot_to_hide_are_named_and_hidden_again(catalogue, look, mend, office, act, session):
    from ckan.lib.redis import connect_to_redis

    from ckanext.satudata.catalog import hidden

    office.settle(office.ask("1", "hold", status="draf"))
    assert look() == []
    _, ids = hidden.names()
    connect_to_redis().delete(ids)
    [lost] = look()
    assert (lost.kind, lost.package_id) == ("hidden", catalogue.shown)
    from ckanext.satudata.catalog import mend as mending

    assert mending.mend(session, [lost]) == 1
    assert hidden.ids(session) == [catalogue.shown]
    assert look() == []


def test_what_nobody_could_see_before_need_not_be_hidden_while_it_waits(catalogue, look, office):
    office.put("2", "hold", office.layak(title="Dua, diperbaiki"), status="menunggu")
    office.put("6", "hold", office.layak(title="Enam"), status="draf")
    office.put("4", "publish", office.layak(title="Empat lagi", hak_akses="terbatas", dasar_pengecualian="UU 14/2008"))
    assert look() == []


def test_a_dataset_that_was_closed_and_forgotten_is_hidden_again(catalogue, look, office):
    from ckan.lib.redis import connect_to_redis

    from ckanext.satudata.catalog import hidden

    closed = office.layak(title="Satu", hak_akses="tertutup", dasar_pengecualian="UU 14/2008")
    office.put("1", "publish", closed)
    connect_to_redis().delete(hidden.names()[1])
    assert [(one.kind, one.package_id) for one in look()] == [("hidden", catalogue.shown)]


def test_a_package_that_nobody_recorded_is_named_and_left_to_a_person(look, mend, office, session, monkeypatch, act):
    from ckanext.satudata.catalog import edits

    with monkeypatch.context() as unnoticed:
        unnoticed.setattr(edits, "settle", lambda *_, **__: None)
        made = act("package_create", name=f"{office.name}-lama", title="Dari sebelum kami", owner_org=office.id)
    [found] = look()
    assert (found.kind, found.package_id) == ("unrecorded", made["id"])
    assert mend([found]) == 0


def test_the_older_document_of_a_package_that_nobody_recorded_is_named(look, office, monkeypatch, act, search_index):
    from ckanext.satudata.catalog import edits

    monkeypatch.setattr(edits, "settle", lambda *_, **__: None)
    made = act("package_create", name=f"{office.name}-lama", title="Dari sebelum kami", owner_org=office.id)
    assert {one.kind for one in look()} == {"unrecorded"}
    _change_document(search_index, made["id"], metadata_modified="2020-01-01T00:00:00.120Z")
    assert {one.kind for one in look()} == {"unrecorded", "index_stale"}


def test_what_waits_in_the_outbox_is_no_difference(look, office):
    office.put()
    assert look() == []


def test_what_is_written_while_it_is_compared_is_no_difference(catalogue, look, office, session, monkeypatch):
    from ckanext.satudata.catalog import index, solr

    held = solr.held

    def meanwhile(fields, **more):
        stream = list(held(fields, **more))
        office.put("1", "publish", office.layak(title="Satu, lebih baru"))
        office.put("5", "publish", office.layak(title="Lima"))
        while index.drain(session):
            pass
        yield from stream

    monkeypatch.setattr(solr, "held", meanwhile)
    assert look() == []


def test_a_large_catalogue_is_compared_as_a_stream(office, look, session, monkeypatch):
    from ckan import model
    from sqlalchemy import event

    from ckanext.satudata.catalog import compare, index, solr

    office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(60)])
    while index.drain(session):
        pass
    statements = []
    event.listen(model.meta.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    monkeypatch.setattr(compare, "BATCH", 20)
    held = solr.held
    monkeypatch.setattr(solr, "held", lambda fields: held(fields, size=7))
    assert look() == []
    assert len(statements) <= 3 * 15
