"""The review queue: what waits for the Walidata (or the Pembina Data), approved or returned, one or many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.lib import base
from ckan.plugins import toolkit
from flask import Blueprint, Response, request

from ckanext.satudata.catalog import incidents, review, status
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest import schedule
from ckanext.satudata.portal import access, posting, records, wording
from ckanext.satudata.portal.posting import changing, say, see_other

blueprint = posting.guard(Blueprint("satudata_review", __name__, url_prefix="/pemeriksaan"))

_PAGE = 50
_MOST = 500


@blueprint.get("")
def queue() -> str | Response:
    """What waits, the longest first, with what is known of it."""
    access.require_login()
    statuses = _statuses()
    if not statuses:
        toolkit.abort(403, toolkit._("Halaman ini hanya untuk Walidata."))
    after, chosen = request.args.get("setelah"), request.args.get("sumber", "")
    waiting = _sources_waiting(statuses)
    ids = [one["id"] for one in waiting if one["name"] == chosen] if chosen else None
    try:
        rows = status.waiting(model.Session, statuses=statuses, source_ids=ids, limit=_PAGE + 1, after=after)
    except ValueError:  # an address that somebody has cut
        return see_other("satudata_review.queue")
    more = status.place(rows[_PAGE - 1]) if len(rows) > _PAGE else ""
    shown = {
        "rows": _described(rows[:_PAGE]),
        "more": more,
        "after": after,
        "sources": waiting,
        "chosen": chosen,
        "total": sum(one["count"] for one in waiting),
        "overdue": len(incidents.listing(model.Session, open_only=True)) if access.is_reviewer() else 0,
    }
    return base.render("satudata/review/queue.html", shown)


@posting.action(blueprint, "/setujui")
def approve() -> Response:
    """Publish the chosen datasets."""
    person = access.require_login()
    ids = _chosen()
    if not ids:
        return _nothing_chosen()
    with changing() as session:
        note = (request.form.get("note") or "").strip()[:500] or None
        decided = review.approve(session, ids, actor=person, reason=note)
    _tell(decided, toolkit._("%(count)s dataset disetujui."))
    return see_other("satudata_review.queue")


@posting.action(blueprint, "/kembalikan")
def send_back() -> Response:
    """Return the chosen datasets to their OPD, with a reason and a day by which they are to be mended."""
    person = access.require_login()
    ids = _chosen()
    if not ids:
        return _nothing_chosen()
    reason = (request.form.get("reason") or "").strip()[:2000]
    if not reason:
        say(toolkit._("Isian “Alasan” belum diisi. Tuliskan apa yang perlu diperbaiki oleh OPD."), good=False)
        return see_other("satudata_review.queue")
    try:
        deadline = date.fromisoformat(request.form["deadline"]) if request.form.get("deadline") else None
    except ValueError:
        say(toolkit._("Isian “Batas waktu” tidak dapat dibaca. Pilih tanggal dari kalender."), good=False)
        return see_other("satudata_review.queue")
    with changing() as session:
        decided = review.send_back(session, ids, actor=person, reason=reason, deadline=deadline)
    _tell(decided, toolkit._("%(count)s dataset dikembalikan kepada OPD."))
    return see_other("satudata_review.queue")


def _statuses() -> list[str]:
    """Whose queue this person may see: the Walidata's, the Pembina's, or none."""
    found = ["menunggu"] if access.is_reviewer() else []
    if access.is_second_reviewer():
        found.append("disetujui")
    return found


def _sources_waiting(statuses: Sequence[str]) -> list[dict[str, Any]]:
    """The sources of what waits, with how much of each: `{id, name, title, count}`."""
    record, source = t.record.c, t.source.c
    rows = model.Session.execute(
        sa.select(source.id, source.name, source.title, sa.func.count().label("count"))
        .join(t.record, record.source_id == source.id)
        .where(status.waits(statuses))
        .group_by(source.id)
        .order_by(source.title)
    )
    return [dict(row) for row in rows.mappings()]


def _chosen() -> list[str]:
    """The datasets that were ticked; with the button for all, those the page showed."""
    field = "tampil" if request.form.get("semua") else "id"
    return [value[:100] for value in request.form.getlist(field)][:_MOST]


def _nothing_chosen() -> Response:
    say(toolkit._("Belum ada dataset yang dipilih. Beri tanda pada kotak di depan judulnya."), good=False)
    return see_other("satudata_review.queue")


def _tell(decided: Sequence[review.Decided], done: str) -> None:
    schedule.drain(model.Session)
    good = sum(1 for one in decided if one.outcome != "refused")
    if good:
        say(done % {"count": wording.number(good)})
    for code in sorted({one.code for one in decided if one.outcome == "refused" and one.code}):
        count = sum(1 for one in decided if one.code == code)
        problem = records.problem(code, "error", {})
        say(f"{problem.message} {problem.remedy} ({code}; {wording.number(count)} dataset)", good=False)


def _described(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the names of their OPD and source and the number of their issues, in two queries for all."""
    ids = [row["id"] for row in rows]
    group, issue = model.group_table.c, t.issue.c
    titles = dict(
        model.Session.execute(
            sa.select(group.id, sa.func.coalesce(group.title, group.name)).where(
                group.id.in_({row["owner_org"] for row in rows})
            )
        ).all()
    )
    sources = dict(
        model.Session.execute(
            sa.select(t.source.c.id, t.source.c.title).where(t.source.c.id.in_({row["source_id"] for row in rows}))
        ).all()
    )
    counts: dict[str, dict[str, int]] = {}
    for record_id, severity, count in model.Session.execute(
        sa.select(issue.record_id, issue.severity, sa.func.count())
        .where(issue.record_id.in_(ids))
        .group_by(issue.record_id, issue.severity)
    ):
        counts.setdefault(record_id, {})[severity] = count
    return [
        dict(
            row,
            organization=titles.get(row["owner_org"], ""),
            source=sources.get(row["source_id"], ""),
            counts=counts.get(row["id"], {}),
        )
        for row in rows
    ]
