"""The bulk writer: the one way in which a batch of datasets becomes CKAN's rows, records, changes and index work.

A batch is one transaction of some twenty-five statements, whatever its size. It writes what CKAN's `package_create`
and `package_update` would have written, apart from activity rows and default resource views, which are made for
people's edits only. A record that Postgres refuses is found by halving the batch under savepoints and refused alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import held, hidden, issue_rows, known, rows, tables, withdrawing
from ckanext.satudata.catalog.bulk import copy, put, upsert
from ckanext.satudata.catalog.plan import Planned, Planner
from ckanext.satudata.catalog.stopwatch import during
from ckanext.satudata.catalog.storable import Refused
from ckanext.satudata.catalog.writing import (
    CONFLICT,
    REPEATED,
    TAKEOVER,
    UNKNOWN,
    UNSTORABLE,
    Action,
    Write,
    Written,
)

__all__ = ["CONFLICT", "REPEATED", "TAKEOVER", "UNKNOWN", "UNSTORABLE", "Action", "Write", "Written", "write"]

#: Postgres' error classes that are about a row and not about the connection: data, integrity, limits of the program
_ABOUT_A_ROW = ("22", "23", "54")
#: causes of a version that is the source's own, without what people hold
FROM_SOURCES = ("harvest", "put", "remap")
#: serialises the drawing of change numbers: what commits later is numbered later
CHANGE_LOCK = 0x5D1C_0001


def write(
    session: Session, writes: Sequence[Write], *, actor: str | None, run: str | None, cause: str | None = None
) -> list[Written]:
    """Write a batch; the caller commits. Answers in the order of `writes`.

    `cause` says in the change log why there is a new version: `harvest` for a run's and `edit` for others where nothing
    is said.

    Ids whose dataset becomes less visible are kept out of every search from here on, before the commit: found by
    nobody a moment early rather than a moment late.
    """
    batch = _Batch(session, actor, run, cause or ("harvest" if run else "edit"))
    batch.settle(batch.withdraw(batch.once(writes)), retried=False)
    hidden.hide(batch.hiding)
    return [batch.written[position] for position in range(len(writes))]


class _Batch:
    """One call of `write`: what is settled so far, and how to settle the rest."""

    def __init__(self, session: Session, actor: str | None, run: str | None, cause: str) -> None:
        self.session, self.actor, self.run, self.cause = session, actor, run, cause
        self.written: dict[int, Written] = {}
        self.hiding: list[str] = []

    def once(self, writes: Sequence[Write]) -> list[tuple[int, Write]]:
        """The first write of each record; further ones of the same batch are refused."""
        first: dict[str, tuple[int, Write]] = {}
        for position, asked in enumerate(writes):
            if first.setdefault(asked.record_id, (position, asked))[0] != position:
                self.written[position] = _refusal(asked, Refused(REPEATED, {"identifier": asked.identifier}))
        return list(first.values())

    def withdraw(self, items: list[tuple[int, Write]]) -> list[tuple[int, Write]]:
        """Withdraw what is only to be withdrawn as it stands; what is left takes the usual way."""
        if not withdrawing.as_they_stand([asked for _, asked in items]):
            return items
        batch = withdrawing.Withdrawal(self.session, [one for _, one in items], actor=self.actor, run=self.run)
        with during("postgres"):
            batch.store()
            if batch.taken:
                lock_changes(self.session)
                batch.log(cause=self.cause)
        left = []
        for position, asked in items:
            if one := batch.taken.get(asked.record_id):
                self.written[position] = one.written
                if one.was_public:
                    self.hiding.append(asked.record_id)
            else:
                left.append((position, asked))
        return left

    def settle(self, items: list[tuple[int, Write]], *, retried: bool) -> None:
        """Store these writes, halving them where Postgres refuses one."""
        if not items:
            return
        try:
            with self.session.begin_nested():
                with during("postgres"):
                    stored = known.read(self.session, [asked for _, asked in items])
                with during("rows"):
                    planned = self._plan(items, stored, distinct_names=retried)
                with during("postgres"):
                    store(self.session, [plan for _, plan in planned], stored.cks, cause=self.cause)
        except DBAPIError as error:
            if not _about_a_row(error):
                raise
            self._halve(items, error, retried=retried)
            return
        for position, plan in planned:
            self.written[position] = plan.written
            if plan.hides:
                self.hiding.append(str(plan.record["package_id"]))

    def _halve(self, items: list[tuple[int, Write]], error: DBAPIError, *, retried: bool) -> None:
        if len(items) > 1:
            middle = len(items) // 2
            self.settle(items[:middle], retried=retried)
            self.settle(items[middle:], retried=retried)
        elif not retried and _sqlstate(error) == "23505":
            self.settle(items, retried=True)  # another transaction took the name, or made the record, a moment ago
        else:
            position, asked = items[0]
            self.written[position] = _refusal(asked, Refused(UNSTORABLE, {"alasan": _sqlstate(error)}))

    def _plan(
        self, items: list[tuple[int, Write]], stored: known.Known, *, distinct_names: bool
    ) -> list[tuple[int, Planned]]:
        planned = []
        for position, asked in items:
            try:
                planner = Planner(asked, stored, actor=self.actor, run=self.run, distinct_names=distinct_names)
                plan = planner.plan()
            except Refused as refused:  # noqa: PERF203 - one bad record must not stop the batch
                self.written[position] = _refusal(asked, refused)
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                self.written[position] = _refusal(asked, Refused(UNSTORABLE, {"alasan": type(error).__name__}))
            else:
                planned.append((position, plan))
        return planned


def _refusal(asked: Write, refused: Refused) -> Written:
    return Written(asked.record_id, asked.identifier, "refused", code=refused.code, params=refused.params)


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "pgcode", None) or "")


def _about_a_row(error: DBAPIError) -> bool:
    return not error.connection_invalidated and _sqlstate(error)[:2] in _ABOUT_A_ROW


def store(session: Session, plans: Sequence[Planned], stored: rows.Existing, *, cause: str) -> None:
    """Store all rows of a batch, table by table; the change log last, so that its lock is held no longer than it
    must.
    """
    packaged = {str(plan.record["id"]): plan for plan in plans if plan.package is not None}
    rows.store_packages(session, [plan.package for plan in packaged.values() if plan.package], stored)
    rows.store_resources(
        session,
        [row for plan in packaged.values() for row in plan.resources],
        [id_ for id_ in packaged if id_ in stored.packages],
        stored,
    )
    rows.store_tags(session, {id_: plan.tags for id_, plan in packaged.items()}, stored)
    staying = {id_: str(plan.record["owner_org"]) for id_, plan in packaged.items() if plan.op != "delete"}
    rows.store_owners(session, staying, stored)
    rows.leave_owners(session, [id_ for id_, plan in packaged.items() if plan.op == "delete"])
    new = {plan.record["id"] for plan in plans if plan.is_new}
    put(session, tables.record, [plan.record for plan in plans], new=lambda row: row["id"] in new)
    if cause in FROM_SOURCES:
        held.note_source(session, [row for plan in plans for row in plan.said])
    _store_issues(session, plans)
    _store_answers(session, plans)
    upsert(
        session,
        tables.outbox,
        [
            {"package_id": plan.record["id"], "version": plan.record["version"], "op": plan.op}
            for plan in plans
            if plan.op is not None
        ],
    )
    log_changes(session, [line for plan in plans for line in plan.changes], cause=cause)


def lock_changes(session: Session) -> None:
    """From here to the commit nobody else draws a number of the change log."""
    session.execute(select(func.pg_advisory_xact_lock(CHANGE_LOCK)))


def log_changes(session: Session, changes: Sequence[Mapping[str, Any]], *, cause: str) -> None:
    """Append to the change log, as the last thing before the commit: a reader of what is committed misses no number."""
    if changes:
        lock_changes(session)
        copy(session, tables.change, [{**line, "cause": cause} for line in changes])


def _store_issues(session: Session, plans: Sequence[Planned]) -> None:
    judged = [plan for plan in plans if plan.issues is not None]
    before = [str(plan.record["id"]) for plan in judged if not plan.is_new]
    if before:
        session.execute(delete(tables.issue).where(tables.issue.c.record_id.in_(before)))
    issue_rows.store(session, [(str(plan.record["id"]), plan.run, plan.issues or ()) for plan in judged])


def _store_answers(session: Session, plans: Sequence[Planned]) -> None:
    rendered = [plan for plan in plans if plan.answers is not None]
    before = [str(plan.record["id"]) for plan in rendered]
    if before:
        session.execute(delete(tables.answer).where(tables.answer.c.package_id.in_(before)))
    copy(session, tables.answer, [row for plan in rendered for row in plan.answers or ()])
