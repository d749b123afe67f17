"""Versions of a dataset and what differs between them, field by field."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


def _three_versions(office):
    written = office.put()
    office.put(dataset=office.layak(notes="Uraian yang lain.", satuan="Jiwa"))
    files = [dict(item) for item in office.layak().resources]
    files[0]["format"] = "TSV"
    office.put(dataset=office.layak(notes="Uraian yang lain.", satuan="Jiwa", resources=files[:1]))
    return written.record_id


def test_each_version_tells_who_made_it_why_and_which_fields(office, session):
    from ckanext.satudata.catalog import history

    id_ = _three_versions(office)
    found = history.versions(session, id_)
    assert [(one.version, one.kind, one.cause, one.status) for one in found] == [
        (3, "changed", "edit", "tayang"), (2, "changed", "edit", "tayang"), (1, "created", "edit", "tayang"),
    ]  # fmt: skip
    assert found[0].fields == ("resources.format", "resources")
    assert found[1].fields == ("notes", "satuan")


def test_versions_come_in_pages(office, session):
    from ckanext.satudata.catalog import history

    id_ = _three_versions(office)
    [first] = history.versions(session, id_, limit=1)
    rest = history.versions(session, id_, limit=5, before=first.version)
    assert [one.version for one in (first, *rest)] == [3, 2, 1]
    assert rest[0].fields == ("notes", "satuan")
    assert history.count(session, id_) == 3


def test_any_two_versions_are_compared(office, session):
    from ckanext.satudata.catalog import history

    id_ = _three_versions(office)
    told = {(one.name, one.before, one.after) for one in history.compare(session, id_, 1, 2)}
    assert ("satuan", None, "Jiwa") in told
    names = [one.name for one in history.compare(session, id_, 1, 3)]
    assert names == ["notes", "satuan", "resources.format", "resources"]
    [gone] = [one for one in history.compare(session, id_, 1, 3) if one.name == "resources"]
    assert gone.after is None
    assert gone.before["format"] == "XLSX"
    assert history.compare(session, id_, 3, 1)[1].after is None


def test_a_version_is_read_as_it_was(office, session):
    from ckanext.satudata.catalog import history

    id_ = _three_versions(office)
    assert history.version(session, id_, 1)["dataset"]["notes"] == office.layak()["notes"]
    assert history.version(session, id_, 3)["dataset"]["satuan"] == "Jiwa"
    with pytest.raises(history.NoSuchVersion):
        history.version(session, id_, 4)
    with pytest.raises(history.NoSuchVersion):
        history.compare(session, "tidak-ada", 1, 2)


def test_a_version_that_waits_beside_the_published_one_is_told_of(office, session):
    from ckanext.satudata.catalog import history

    written = office.put()
    office.put(action="hold", dataset=office.layak(notes="Menunggu."), status="menunggu")
    [newest, _first] = history.versions(session, written.record_id)
    assert newest.fields == ("notes",)


def test_what_was_hidden_is_one_version_though_it_is_told_to_two_audiences(office, session):
    from ckanext.satudata.catalog import history

    written = office.put()
    office.settle(office.ask("1", "hold", status="dikembalikan"))
    assert [one.version for one in history.versions(session, written.record_id)] == [2, 1]


def test_a_withdrawn_dataset_still_has_its_history(office, session):
    from ckanext.satudata.catalog import history

    written = office.put()
    office.settle(office.ask("1", "withdraw"))
    [removed, created] = history.versions(session, written.record_id)
    assert (removed.kind, removed.status, created.kind) == ("removed", "ditarik", "created")
    assert history.versions(session, "tidak-ada") == []


def test_the_changes_of_a_run_are_told_with_titles_and_fields(office, session):
    from ckanext.satudata.catalog import history

    office.settle(office.ask("1", "publish", office.layak(title="Satu")), run="r1")
    office.settle(office.ask("2", "publish", office.layak(title="Dua")), run="r1")
    office.settle(office.ask("1", "publish", office.layak(title="Satu", satuan="Jiwa")), run="r2")
    office.settle(office.ask("2", "withdraw"), run="r2")
    office.settle(office.ask("1", "publish", office.layak(title="Satu", satuan="Orang")), run="r3")
    told = [(one["kind"], one["title"], one["fields"]) for one in history.changes_of_run(session, "r2")]
    assert told == [("changed", "Satu", ("satuan",)), ("removed", "Dua", ())]
    assert [one["kind"] for one in history.changes_of_run(session, "r1")] == ["created", "created"]


def test_the_writer_names_the_fields_that_differ(office):
    office.put()
    assert office.put(dataset=office.layak(satuan="Jiwa")).fields == ("satuan",)
    assert office.put(dataset=office.layak(satuan="Jiwa")).fields == ()
