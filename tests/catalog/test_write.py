"""The writer: states, versions, changes, refusals; on a real database."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


def test_a_published_dataset_is_a_public_package(office, act):
    written = office.put()
    assert (written.outcome, written.status, written.hasil, written.version) == ("created", "tayang", "layak", 1)
    shown = act("package_show", id=written.record_id)
    assert (shown["state"], shown["private"], shown["name"]) == (
        "active",
        False,
        "jumlah-penduduk-menurut-kecamatan-tahun-2024",
    )
    assert shown["organization"]["id"] == office.id
    assert [resource["name"] for resource in shown["resources"]] == ["Penduduk 2024", "Penduduk 2024"]
    assert sorted(tag["name"] for tag in shown["tags"]) == ["kecamatan", "penduduk"]


def test_the_same_again_changes_nothing(office):
    office.put()
    again = office.put()
    assert (again.outcome, again.version) == ("unchanged", 1)
    assert len(office.rows("change")) == 1


def _changes(office, **where):
    return [(row["kind"], row["audience"]) for row in office.rows("change", **where)]


def test_what_waits_is_private_and_found_by_its_office_alone(office, act):
    written = office.put(action="hold", status="menunggu")
    assert written.status == "menunggu"
    assert act("package_show", id=written.record_id)["private"] is True
    assert [row["audience"] for row in office.rows("answer")] == ["full"]
    assert _changes(office) == [("created", "full")]


def test_what_is_not_fit_is_never_published(office, act):
    written = office.put(dataset=office.layak(resources=[]))
    assert (written.hasil, written.status) == ("perlu_perbaikan", "draf")
    assert act("package_show", id=written.record_id)["private"] is True
    assert {row["code"] for row in office.rows("issue")} != set()


def test_what_must_not_be_loaded_leaves_a_record_with_issues_and_nothing_else(office):
    from ckan import model

    from satudata_schemas.assess import Assessment
    from satudata_schemas.issue import Issue

    found = Assessment("tidak_dimuat", 0.0, {}, (Issue("E-PDP-001", "error", "/title", None, {"jumlah": 1}),))
    written = office.settle(office.ask("1", "hold", None, assessment=found))[0]
    assert (written.outcome, written.hasil, written.status) == ("created", "tidak_dimuat", "draf")
    [record] = office.rows("record")
    assert (record["package_id"], record["dataset"], record["rest"]) == (None, None, {})
    assert model.Package.get(written.record_id) is None
    assert office.rows("outbox") == office.rows("change") == office.rows("answer") == []


def test_a_published_dataset_stays_as_it_was_while_its_next_version_is_mended(office, act):
    office.put()
    worse = office.put(action="hold", dataset=office.layak(title="Judul baru", resources=[]))
    assert (worse.outcome, worse.status, worse.hasil) == ("changed", "tayang", "perlu_perbaikan")
    [record] = office.rows("record")
    assert record["perbaikan_tertunda"] is True
    assert record["pending"]["title"] == "Judul baru"
    shown = act("package_show", id=worse.record_id)
    assert shown["private"] is False
    assert shown["title"] == office.layak()["title"]
    assert _changes(office)[-1] == ("changed", "full")


def test_the_mended_version_replaces_the_published_one(office, act):
    office.put()
    office.put(action="hold", dataset=office.layak(resources=[]))
    mended = office.put(dataset=office.layak(title="Judul yang diperbaiki"))
    assert (mended.status, mended.version) == ("tayang", 3)
    [record] = office.rows("record")
    assert (record["pending"], record["perbaikan_tertunda"]) == (None, False)
    assert act("package_show", id=mended.record_id)["title"] == "Judul yang diperbaiki"
    assert record["name"] == "jumlah-penduduk-menurut-kecamatan-tahun-2024"


def test_withdrawn_and_brought_back_under_the_same_id_and_name(office, act):
    first = office.put()
    gone = office.settle(office.ask("1", "withdraw"))[0]
    assert (gone.outcome, gone.status) == ("withdrawn", "ditarik")
    assert act("package_show", id=first.record_id)["state"] == "deleted"
    assert office.rows("answer") == []
    back = office.settle(office.ask("1", "restore"))[0]
    assert (back.outcome, back.status, back.record_id) == ("restored", "tayang", first.record_id)
    assert act("package_show", id=first.record_id)["state"] == "active"
    assert _changes(office) == [("created", "public"), ("removed", "public"), ("restored", "public")]


def test_what_was_not_public_is_not_public_when_brought_back(office):
    office.put(action="hold", status="menunggu")
    office.settle(office.ask("1", "withdraw"))
    assert office.settle(office.ask("1", "restore"))[0].status == "menunggu"


def test_public_to_private_is_a_removal_for_the_public_and_a_change_for_the_rest(office):
    office.put()
    hidden = office.settle(office.ask("1", "hold", status="dikembalikan"))[0]
    assert hidden.status == "dikembalikan"
    assert _changes(office)[1:] == [("removed", "public"), ("changed", "full")]


def test_the_log_keeps_the_version_before(office):
    office.put(rest={"kunci": 1})
    office.put(dataset=office.layak(notes="Uraian lain yang cukup panjang."), rest={"kunci": 2})
    before = office.rows("change")[1]["before"]
    assert before["dataset"]["notes"] == office.layak()["notes"]
    assert (before["rest"], before["version"], before["status"]) == ({"kunci": 1}, 1, "tayang")


def test_the_other_keys_of_a_source_are_kept_in_the_record_and_not_in_the_package(office, act):
    written = office.put(rest={"kalimat panjang sebagai kunci": {"a": ["b"]}})
    assert office.rows("record")[0]["rest"] == {"kalimat panjang sebagai kunci": {"a": ["b"]}}
    assert "kalimat panjang sebagai kunci" not in str(act("package_show", id=written.record_id))


def test_another_owners_dataset_is_never_taken_over(office, act):
    theirs = office.put()
    other = office.ask("lain", "publish", office.layak(title="Diambil alih"), package_id=theirs.record_id)
    refused = office.settle(other)[0]
    assert (refused.outcome, refused.code) == ("refused", "E-SMP-003")
    assert act("package_show", id=theirs.record_id)["title"] == office.layak()["title"]


def test_a_write_that_expects_another_version_is_refused(office):
    office.put()
    assert office.put(dataset=office.layak(notes="x" * 40), expected_version=7).code == "E-SMP-004"
    assert office.put(dataset=office.layak(notes="x" * 40), expected_version=1).outcome == "changed"


def test_two_datasets_of_one_title_have_two_names(office):
    office.settle(office.ask("1", "publish", office.layak()), office.ask("2", "publish", office.layak()))
    names = [row["name"] for row in office.rows("record")]
    assert len(set(names)) == 2
    assert all(name.startswith("jumlah-penduduk-menurut-kecamatan-tahun-2024") for name in names)


def test_one_bad_record_is_refused_and_the_batch_goes_through(office):
    bad_url = "https://data.example.go.id/" + "".join(chr(0x4E00 + n * 7 % 20000) for n in range(3000))
    written = office.settle(
        office.ask("1", "publish", office.layak()),
        office.ask("2", "publish", office.layak(resources=[{"url": bad_url, "name": "x", "format": "CSV"}])),
        office.ask("3", "publish", office.layak(tags=[f"tag {n}" for n in range(34_866)])),
        office.ask("4", "publish", office.layak(title="Judul\x00 dengan NUL \ud800 dan pengganti")),
        office.ask("5", "publish", office.layak(title="panjang " * 500)),
        office.ask("6", "publish", office.layak(), rest={"besar": "x" * 5_000_000}),
        office.ask("1", "publish", office.layak(title="Pengenal yang sama")),
    )
    assert [one.outcome for one in written] == [
        "created", "refused", "refused", "created", "created", "refused", "refused",
    ]  # fmt: skip
    assert [one.code for one in written] == [None, "E-SMP-001", "E-SMP-002", None, None, "E-SMP-002", "E-SMP-005"]
    assert written[2].params == {"isian": "tags", "batas": 1000, "jumlah": 34_866}


def test_resources_keep_their_ids_and_those_that_are_gone_are_marked_deleted(office, session):
    from ckan import model

    written = office.put()
    before = {row.url: row.id for row in session.execute(model.resource_table.select())}
    office.put(dataset=office.layak(resources=[dict(office.layak()["resources"][1], description="baru")]))
    rows = {row.url: row for row in session.execute(model.resource_table.select())}
    kept, gone = rows["https://data.example.go.id/penduduk.xlsx"], rows["https://data.example.go.id/penduduk.csv"]
    assert (kept.id, kept.state, kept.position) == (before[kept.url], "active", 0)
    assert (gone.id, gone.state) == (before[gone.url], "deleted")
    assert {row.package_id for row in rows.values()} == {written.record_id}


def test_tags_are_shared_and_those_that_are_gone_are_marked_deleted(office, session):
    from ckan import model

    office.settle(office.ask("1", "publish", office.layak()), office.ask("2", "publish", office.layak()))
    assert session.query(model.Tag).filter_by(name="penduduk").count() == 1
    written = office.put(dataset=office.layak(tags=["penduduk", "baru"]))
    states = {
        pair.tag.name: pair.state for pair in session.query(model.PackageTag).filter_by(package_id=written.record_id)
    }
    assert states == {"penduduk": "active", "kecamatan": "deleted", "baru": "active"}


def test_a_tag_ckan_would_refuse_does_not_lock_the_dataset(office, act):
    written = office.put(dataset=office.layak(tags=["harga/pangan (kg)", "x", "t" * 150]))
    names = {tag["name"] for tag in act("package_show", id=written.record_id)["tags"]}
    assert names == {"harga pangan kg", "t" * 100}
    assert act("package_patch", id=written.record_id, private=True)["private"] is True


def test_a_batch_costs_few_statements(office, session):
    from ckan import model
    from sqlalchemy import event

    asked = [office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(100)]
    statements = []
    event.listen(model.meta.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    office.settle(*asked)
    assert len(statements) <= 0.3 * len(asked)


def test_held_values_survive_the_next_version(office, session):
    from sqlalchemy import insert

    from ckanext.satudata.catalog import tables

    written = office.put()
    session.execute(insert(tables.held).values(package_id=written.record_id, field="notes", value="Diisi orang."))
    session.commit()
    office.put(dataset=office.layak(notes="Uraian dari sumber yang baru.", konsep="Penduduk"))
    [record] = office.rows("record")
    assert record["dataset"]["notes"] == "Diisi orang."
    assert record["dataset"]["konsep"] == "Penduduk"


def test_the_time_of_change_is_one_the_index_can_repeat(office, session):
    from ckan import model

    written = office.put()
    first = model.Package.get(written.record_id).metadata_modified
    session.expire_all()
    office.put(dataset=office.layak(notes="Uraian yang lain sama sekali."))
    session.expire_all()
    second = model.Package.get(written.record_id).metadata_modified
    assert first.microsecond % 10_000 == second.microsecond % 10_000 == 5_000
    assert (second - first).total_seconds() >= 0.01


def test_changes_are_numbered_in_the_order_they_commit(office, session):
    from ckan import model
    from sqlalchemy import func, select

    from ckanext.satudata.catalog.write import CHANGE_LOCK, write

    other = model.meta.create_local_session()
    with other.begin():
        write(other, [office.ask("1", "publish", office.layak())], actor=None, run=None)
        free = session.scalar(select(func.pg_try_advisory_xact_lock(CHANGE_LOCK)))
        session.rollback()
    assert free is False
