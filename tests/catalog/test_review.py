"""The Walidata approves and returns; the Pembina re-checks priority data; every decision stands in the audit."""

from __future__ import annotations

import datetime as dt

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


@pytest.fixture
def pembina(act, person, unique):
    from ckan.common import config

    act("organization_create", name=f"{unique}-bps", title="BPS")
    config["ckanext.satudata.pembina_org"] = f"{unique}-bps"
    yield person(f"{unique}-bps", "editor", "pembina")
    config["ckanext.satudata.pembina_org"] = ""


def _approve(session, ids, who, **more):
    from ckanext.satudata.catalog import review

    decided = review.approve(session, ids, actor=who.id, **more)
    session.commit()
    return decided


def _send_back(session, ids, who, **more):
    from ckanext.satudata.catalog import review

    decided = review.send_back(session, ids, actor=who.id, **more)
    session.commit()
    return decided


def test_approval_publishes(office, walidata, session, act):
    written = office.put(action="hold", status="menunggu")
    [decided] = _approve(session, [written.record_id], walidata)
    assert (decided.outcome, decided.status) == ("approved", "tayang")
    [record] = office.rows("record")
    assert (record["status"], record["reviewed_by"]) == ("tayang", walidata.id)
    assert act("package_show", id=written.record_id)["private"] is False
    [line] = office.rows("audit", object_id=written.record_id)
    assert (line["action"], line["actor"]) == ("review.approved", walidata.id)


def test_many_are_decided_at_once_by_id_or_name_and_each_for_itself(office, walidata, session):
    office.settle(
        office.ask("1", "hold", office.layak(title="Satu"), status="menunggu"),
        office.ask("2", "hold", office.layak(title="Dua", resources=[])),
        office.ask("3", "publish", office.layak(title="Tiga")),
    )
    decided = _approve(session, ["satu", "dua", "tiga", "tidak-ada"], walidata)
    assert [(one.outcome, one.code) for one in decided] == [
        ("approved", None), ("refused", "E-TIN-003"), ("refused", "E-TIN-002"), ("refused", "E-TIN-001"),
    ]  # fmt: skip


def test_a_return_has_a_reason_and_a_day(office, walidata, session):
    written = office.put(action="hold", status="menunggu")
    assert _send_back(session, [written.record_id], walidata)[0].code == "E-TIN-004"
    until = dt.date(2030, 1, 31)
    [decided] = _send_back(session, [written.record_id], walidata, reason="Satuan belum diisi.", deadline=until)
    assert (decided.outcome, decided.status) == ("returned", "dikembalikan")
    [record] = office.rows("record")
    assert (record["return_reason"], record["return_deadline"]) == ("Satuan belum diisi.", until)


def test_what_is_returned_is_taken_from_the_public(office, walidata, session, act):
    written = office.put()
    _send_back(session, [written.record_id], walidata, reason="Keliru.")
    assert act("package_show", id=written.record_id)["private"] is True


@pytest.mark.parametrize("role", ["editor", "admin"])
def test_nobody_else_decides(role, office, person, session):
    from ckanext.satudata.catalog import review
    from ckanext.satudata.catalog.roles import NotAllowed

    written = office.put(action="hold", status="menunggu")
    someone = person(office.name, role)
    for decide in (review.approve, review.send_back):
        with pytest.raises(NotAllowed):
            decide(session, [written.record_id], actor=someone.id, reason="x")
    with pytest.raises(NotAllowed):
        review.approve(session, [written.record_id], actor=None)


def test_a_sysadmin_is_not_a_walidata_by_being_one(office, act, session):
    from ckan import model

    from ckanext.satudata.catalog import roles

    site = act("get_site_user")
    user = model.User.get(site["name"])
    assert user.sysadmin
    assert not roles.is_walidata(session, user.id)


def test_priority_data_waits_for_the_pembina(office, walidata, pembina, session):
    written = office.put(action="hold", status="menunggu", dataset=office.layak(prioritas_tahun=["2025"]))
    assert _approve(session, [written.record_id], walidata)[0].status == "disetujui"
    assert _approve(session, [written.record_id], pembina)[0].status == "tayang"


def test_the_next_version_of_a_published_dataset_is_approved_by_itself(office, walidata, session, act):
    from ckanext.satudata.catalog import status

    written = office.put()
    office.put(action="hold", dataset=office.layak(title="Versi baru"), status="menunggu")
    assert [row["id"] for row in status.waiting(session)] == [written.record_id]
    assert _approve(session, [written.record_id], walidata)[0].status == "tayang"
    assert act("package_show", id=written.record_id)["title"] == "Versi baru"


def test_approval_publishes_what_its_office_had_hidden(office, person, walidata, session, act):
    written = office.put()
    person(office.name, "editor").act("package_patch", id=written.record_id, private=True)
    assert act("package_show", id=written.record_id)["private"] is True
    [decided] = _approve(session, [written.record_id], walidata)
    assert (decided.outcome, decided.status) == ("approved", "tayang")
    assert act("package_show", id=written.record_id)["private"] is False
    assert office.put(dataset=office.layak(notes="Uraian baru dari sumber.")).status == "tayang"


def test_a_next_version_that_is_returned_is_not_lost(office, walidata, session):
    written = office.put()
    newer = office.layak(notes="Uraian yang lebih baru dari sumber.")
    office.settle(office.ask("1", "hold", newer, status="menunggu"))
    [record] = office.rows("record")
    assert (record["status"], record["pending"]["notes"]) == ("tayang", newer["notes"])

    _send_back(session, [written.record_id], walidata, reason="Lengkapi.")
    [record] = office.rows("record")
    assert (record["status"], record["dataset"]["notes"]) == ("dikembalikan", newer["notes"])
    _approve(session, [written.record_id], walidata)
    [record] = office.rows("record")
    assert (record["status"], record["dataset"]["notes"], record["pending"]) == ("tayang", newer["notes"], None)


def _next_version_of_priority_data(office):
    written = office.put(dataset=office.layak(prioritas_tahun=["2026"]))
    newer = office.layak(prioritas_tahun=["2026"], notes="Uraian yang lebih baru dari sumber.")
    office.settle(office.ask("1", "hold", newer, status="menunggu"))
    return written.record_id, newer


def test_a_next_version_of_priority_data_waits_for_the_pembina_while_the_published_one_stays(
    office, walidata, pembina, session, act
):
    from ckanext.satudata.catalog import status

    id_, newer = _next_version_of_priority_data(office)

    [decided] = _approve(session, [id_], walidata)
    [record] = office.rows("record")
    assert (decided.outcome, decided.status) == ("approved", "disetujui")
    assert (record["status"], record["pending"]["notes"]) == ("tayang", newer["notes"])
    assert record["reviewed_by"] == walidata.id
    shown = act("package_show", id=id_)
    assert (shown["private"], shown["notes"]) == (False, office.layak()["notes"])
    assert status.waiting(session, statuses=("menunggu",)) == []
    assert [row["id"] for row in status.waiting(session, statuses=("disetujui",))] == [id_]
    assert _approve(session, [id_], walidata)[0].code == "E-TIN-002"

    assert _approve(session, [id_], pembina)[0].status == "tayang"
    [record] = office.rows("record")
    assert (record["dataset"]["notes"], record["pending"], record["pending_status"]) == (newer["notes"], None, None)
    assert act("package_show", id=id_)["notes"] == newer["notes"]


def test_a_next_version_that_the_pembina_returns_leaves_the_published_one(office, walidata, pembina, session, act):
    from ckanext.satudata.catalog import status

    id_, newer = _next_version_of_priority_data(office)
    assert _send_back(session, [id_], pembina, reason="Belum.")[0].code == "E-TIN-002"
    _approve(session, [id_], walidata)
    [decided] = _send_back(session, [id_], pembina, reason="Definisi belum sesuai.")
    [record] = office.rows("record")
    assert (decided.status, record["status"], record["pending_status"]) == ("dikembalikan", "tayang", "dikembalikan")
    assert (record["return_reason"], record["pending"]["notes"]) == ("Definisi belum sesuai.", newer["notes"])
    assert act("package_show", id=id_)["private"] is False
    assert status.waiting(session, statuses=("menunggu", "disetujui")) == []

    mended = office.layak(prioritas_tahun=["2026"], notes="Uraian yang sudah diperbaiki di sumber.")
    office.settle(office.ask("1", "hold", mended, status="menunggu"))
    assert [row["id"] for row in status.waiting(session)] == [id_]


def test_who_is_both_decides_for_both(office, walidata, pembina, session, act, unique):
    act("organization_member_create", id=f"{unique}-bps", username=walidata.name, role="editor")
    id_, newer = _next_version_of_priority_data(office)
    assert _approve(session, [id_], walidata)[0].status == "tayang"
    assert act("package_show", id=id_)["notes"] == newer["notes"]


def test_one_named_twice_is_decided_once(office, walidata, session):
    written = office.put(action="hold", dataset=office.layak(title="Satu"), status="menunggu")
    decided = _approve(session, [written.record_id, "satu", written.record_id], walidata)
    assert [one.outcome for one in decided] == ["approved", "refused", "approved"]
    assert len(office.rows("audit", object_id=written.record_id)) == 1


def test_a_decision_costs_the_same_statements_for_one_and_for_many(office, walidata, session):
    from ckan import model
    from sqlalchemy import event

    def cost(ids):
        told = []
        listen = lambda *_: told.append(1)  # noqa: E731
        event.listen(model.Session.bind, "after_cursor_execute", listen)
        _approve(session, ids, walidata)
        event.remove(model.Session.bind, "after_cursor_execute", listen)
        return len(told)

    office.settle(*(office.ask(str(n), "hold", office.layak(title=f"Judul {n}"), status="menunggu") for n in range(31)))
    ids = [row["id"] for row in office.rows("record")]
    one = cost(ids[:1])
    assert cost(ids[1:]) == one


def test_who_waits_longest_comes_first_and_a_newer_version_keeps_its_place(office, walidata, session):
    import datetime as dt

    import sqlalchemy as sa

    from ckanext.satudata.catalog import status
    from ckanext.satudata.catalog import tables as t

    made = [office.put(name, "hold", status="menunggu").record_id for name in ("a", "b", "c")]
    record = t.record.c
    for days, id_ in zip((1, 3, 2), made, strict=True):
        since = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=days)
        session.execute(sa.update(t.record).where(record.id == id_).values(menunggu_sejak=since))
    session.commit()
    longest = [made[1], made[2], made[0]]
    rows = status.waiting(session)
    assert [row["id"] for row in rows] == longest
    assert [row["id"] for row in status.waiting(session, after=status.place(rows[0]))] == longest[1:]

    office.put("b", "hold", dataset=office.layak(title="Versi yang lebih baru"), status="menunggu")
    assert status.waiting(session)[0]["menunggu_sejak"] == rows[0]["menunggu_sejak"]
    _approve(session, [made[1]], walidata)
    office.put("b", "hold", dataset=office.layak(title="Versi sesudah tayang"), status="menunggu")
    assert [row["id"] for row in status.waiting(session)] == [*longest[1:], made[1]]
    office.settle(office.ask("c", "withdraw"))
    [gone] = office.rows("record", id=made[2])
    assert gone["menunggu_sejak"] is None
    with pytest.raises(ValueError, match="isoformat"):
        status.waiting(session, after=made[0])
