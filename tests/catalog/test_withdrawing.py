"""What is withdrawn as it stands leaves the rows that any other write would, in a few statements."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.usefixtures("clean_catalog")

#: what two writes of one thing differ in
OF_THE_MOMENT = {"seq", "at", "metadata_modified", "metadata_changed"}
TABLES = ("record", "change", "answer", "outbox", "issue", "held")
CKANS = ("package_table", "resource_table", "member_table", "package_tag_table")


@pytest.fixture
def several(office, session, act):
    """Published, held, returned with a reason, lost at its source, with a file that went, restricted, in a group."""
    from ckanext.satudata.catalog import tables as t

    reviewed = dt.datetime(2026, 3, 1, 7, 30, 15, 120_000, tzinfo=dt.timezone.utc)
    office.put("tampil")
    office.put("tunggu", "hold", status="menunggu")
    office.put("kembali", "hold", status="dikembalikan", standing={"reviewed_by": "seseorang", "reviewed_at": reviewed})
    office.put("hilang", standing={"tidak_ditemukan_sejak": dt.date(2026, 2, 3)})
    office.put("berkas")
    office.put("berkas", dataset=office.layak(resources=office.layak().resources[:1]))
    office.put("terbatas", dataset=office.layak(hak_akses="terbatas"))
    grouped = office.put("kelompok", rest={"kunci": "lain"}).record_id
    act("group_create", name=f"kelompok-{office.name}", packages=[{"id": grouped}])
    session.execute(sa.update(t.record).where(t.record.c.identifier == "hilang").values(return_deadline="2026-04-05"))
    session.commit()
    return ["tampil", "tunggu", "kembali", "hilang", "berkas", "terbatas", "kelompok"]


def _rows(session):
    from ckan import model

    from ckanext.satudata.catalog import tables as t

    found = {}
    for name, table in [
        *((name, getattr(t, name)) for name in TABLES),
        *((name, getattr(model, name)) for name in CKANS),
    ]:
        rows = session.execute(sa.select(table)).mappings()
        told = [{key: value for key, value in row.items() if key not in OF_THE_MOMENT} for row in rows]
        found[name] = sorted(told, key=lambda row: str([row.get("id"), sorted(row.items(), key=str)]))
    return found


def _hidden():
    from ckan.lib.redis import connect_to_redis

    from ckanext.satudata.catalog import hidden

    redis, (_, ids) = connect_to_redis(), hidden.names()
    found = sorted(redis.zrange(ids, 0, -1))
    redis.delete(ids)
    return found


@pytest.mark.parametrize("standing", [{}, {"tidak_ditemukan_sejak": dt.date(2026, 5, 6), "reviewed_by": None}])
def test_both_ways_leave_the_same_rows(several, office, session, monkeypatch, standing):
    from ckanext.satudata.catalog import withdrawing
    from ckanext.satudata.catalog.write import write

    def withdrawn():
        asked = [office.ask(name, "withdraw", expected_version=None, standing=standing) for name in several]
        written = write(session, asked, actor="seseorang", run="penarikan", cause="undo")
        rows = _rows(session)
        session.rollback()
        return written, rows, _hidden()

    with monkeypatch.context() as usual:
        usual.setattr(withdrawing, "as_they_stand", lambda _: False)
        _hidden()
        expected = withdrawn()
    assert len(expected[1]["change"]) > len(several)
    assert withdrawn() == expected


def test_what_cannot_be_withdrawn_is_answered_as_ever(several, office, session):
    office.settle(office.ask("tunggu", "withdraw"))
    asked = [
        office.ask("tampil", "withdraw", expected_version=7),
        office.ask("tunggu", "withdraw"),
        office.ask("tak-dikenal", "withdraw"),
        office.ask("berkas", "withdraw"),
    ]
    outcomes = [(one.outcome, one.code) for one in office.settle(*asked)]
    assert outcomes == [("refused", "E-SMP-004"), ("unchanged", None), ("refused", "E-SMP-006"), ("withdrawn", None)]


def test_a_version_that_waits_beside_goes_with_it(office):
    office.put()
    office.put(action="hold", dataset=office.layak(title="Judul baru", resources=[]))
    [written] = office.settle(office.ask("1", "withdraw"))
    [record] = office.rows("record")
    assert (written.outcome, record["status"], record["pending"]) == ("withdrawn", "ditarik", None)


def test_a_batch_costs_few_statements_and_the_index_forgets_it_without_reading_it(office, session, search_index):
    from sqlalchemy import event

    from ckanext.satudata.catalog import index

    office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(40)])
    while index.drain(session):
        pass
    search_index.commit()
    assert len(search_index.documents()) == 40
    sent: list[str] = []
    engine = session.get_bind()

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        office.settle(*[office.ask(str(n), "withdraw") for n in range(40)])
        assert len(sent) <= 12
        sent.clear()
        while index.drain(session):
            pass
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(sent) <= 12
    assert not [one for one in sent if "satudata_answer.body" in one or "FROM resource" in one]
    search_index.commit()
    assert search_index.documents() == []
