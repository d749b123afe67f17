"""Mending what `compare` found: what Postgres holds is right, and of its tables the record.

Documents are asked for through the outbox; packages, answers and the change log are written again by the writer, as a
new version of the same content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from ckan import model
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import hidden, tables
from ckanext.satudata.catalog.compare import Difference
from ckanext.satudata.catalog.rebuild import ask_for
from ckanext.satudata.catalog.write import Write, log_changes, write

BATCH = 500
#: what the writer mends, what the outbox mends; `unrecorded` is for a person to decide
BY_WRITING = frozenset({"package", "package_missing", "answer"})
BY_INDEXING = frozenset({"index_missing", "index_stale", "index_leftover"})


def mend(session: Session, found: Iterable[Difference]) -> int:
    """Mend these differences; how many. Commits batch by batch; what is to be indexed then waits in the outbox."""
    rest, mended = iter(found), 0
    while some := list(islice(rest, BATCH)):
        written = _by_writing(session, sorted({one.package_id for one in some if one.kind in BY_WRITING}))
        hidden.hide([one.package_id for one in some if one.kind == "hidden"])
        for op, kinds in (("index", ("index_missing", "index_stale")), ("delete", ("index_leftover",))):
            ask_for(session, sorted({one.package_id for one in some if one.kind in kinds} - written), op=op)
        logged = _by_logging(session, sorted({one.package_id for one in some if one.kind == "change"} - written))
        mended += sum(
            one.kind == "hidden" or one.kind in BY_INDEXING or one.package_id in written | logged for one in some
        )
    return mended


def _by_writing(session: Session, ids: Sequence[str]) -> set[str]:
    """Write the rows, the answers and the change log of these records again; which were."""
    record, member, package = tables.record.c, model.member_table, model.package_table
    # What a package that was deleted behind our back left behind would stand in the way of its new rows.
    orphaned = member.c.table_id.in_(ids) & member.c.table_id.not_in(select(package.c.id).where(package.c.id.in_(ids)))
    session.execute(delete(member).where(orphaned, member.c.table_name == "package"))
    rows = session.execute(
        select(record.id, record.source_id, record.identifier, record.status, record.owner_org).where(
            record.id.in_(ids)
        )
    ).all()
    asked = [
        Write(
            row.source_id, row.identifier, "withdraw" if row.status == "ditarik" else "hold", row.owner_org,
            status=row.status, package_id=row.id, anew=True,
        )
        for row in rows
    ]  # fmt: skip
    done = {
        one.record_id for one in write(session, asked, actor=None, run=None, cause="repair") if one.outcome != "refused"
    }
    session.commit()
    return done


def _by_logging(session: Session, ids: Sequence[str]) -> set[str]:
    """Tell readers of the change log where these datasets stand; of which it was told."""
    record = tables.record.c
    rows = session.execute(select(record.id, record.version, record.status).where(record.id.in_(ids))).all()
    log_changes(
        session,
        [
            {
                "package_id": row.id, "version": row.version, "audience": "public",
                "kind": "changed" if row.status == "tayang" else "removed",
                "before": None, "actor": None, "run_id": None,
            }
            for row in rows
        ],
        cause="repair",
    )  # fmt: skip
    session.commit()
    return {row.id for row in rows}
