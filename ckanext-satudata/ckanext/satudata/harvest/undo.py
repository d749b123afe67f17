"""Take back everything a run has touched: created datasets are withdrawn, withdrawn ones come back, changed ones become
what they were before it, in transactions of one batch each.

It is itself a run of the source (trigger `undo`): it has a lease and a checkpoint, so a killed worker's is taken up
where it stopped; it is seen, cancelled and logged as any run, and can be undone in its turn. What the run made is taken
back also where later runs have written since; what a person has edited since is left as it is, and named. A later
harvest of the source brings back what the source says.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from ckan.common import config
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.judging import Judge
from ckanext.satudata.catalog.write import CONFLICT, Write, Written, write
from ckanext.satudata.harvest import runs
from ckanext.satudata.harvest.indexing import Indexers, indexing
from ckanext.satudata.harvest.runs import Claim
from satudata_schemas.dataset import Dataset

log = logging.getLogger(__name__)

#: Causes in the change log that are a person's or an application's own doing, which no undo overwrites.
EDITS = ("edit", "put")
#: So many datasets that were left alone are named in the run's report; all are counted.
MOST_LEFT = 1000
#: So many datasets Solr may be behind before the next batch waits for it, for so many seconds at most (it may be down),
#: and so many between two looks.
MOST_BEHIND, LONGEST_WAIT, PAUSE = 2000, 1.0, 0.05
#: Why a dataset was left as it is: edited since, its file was replaced and the one before is not kept, it may not be
#: shown by today's rules, it cannot be stored.
EDITED, FILE, UNFIT, REFUSED = "disunting", "berkas", "tidak_dimuat", "ditolak"

_c, _rec = t.change.c, t.record.c
Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class _Touched:
    """A dataset the run touched: the change log's first line of it, what stood before, what stands now."""

    seq: int
    package_id: str
    kind: str
    before: Mapping[str, Any] | None
    now: Mapping[str, Any]

    @property
    def was_there(self) -> bool:
        """Whether it was a dataset of the catalogue before the run, withdrawn or not."""
        return self.before is not None and self.before["dataset"] is not None


class Undoing:
    """The work of one undo; the run that is taken back stands in its report as `undoes`."""

    def __init__(self, opened: Session, held: Claim, progress: Progress) -> None:
        self.session, self.held, self.progress = opened, held, progress
        self.subject = str(held.report["undoes"])
        self.size = int(config.get("ckanext.satudata.harvest.batch_size", 500))
        self.counts: Counter[str] = Counter({name: n for name, n in held.counts.items() if isinstance(n, int)})
        self.left: list[dict[str, Any]] = list(held.report.get("left", ()))
        self.judge = Judge(held.source)
        self.counted_files = "aggregate" in (held.source["definition"] or {})
        self.began, self.read_before = time.monotonic(), self.counts["read"]

    def do(self) -> None:
        """Take back what is not yet taken back, a batch a transaction; the index is told beside."""
        with indexing() as index:
            self._take_all_back(index)

    def _take_all_back(self, index: Indexers) -> None:
        total = self._total()
        # What its pages looked like is forgotten: unchanged ones have to be read again to bring back what they say.
        runs.keep(self.session, self.held)
        self.session.execute(sa.delete(t.page).where(t.page.c.source_id == self.held.source["id"]))
        self.session.commit()
        after = int(self.held.checkpoint or 0)
        while some := self._next(after):
            runs.keep(self.session, self.held)
            self._take_back(some)
            after = some[-1].seq
            self._commit(total, after)
            index.tell()
            self._let_the_index_follow()
        runs.end(self.session, self.held, "selesai", counts=dict(self.counts), complete=True, report=self._report())
        self.session.commit()

    def _let_the_index_follow(self) -> None:
        """Wait a moment where Solr has much to catch up with: every search has to leave out what it still shows."""
        outbox = t.outbox.c.package_id
        behind = sa.select(sa.func.count()).select_from(sa.select(outbox).limit(MOST_BEHIND + 1).subquery())
        until = time.monotonic() + LONGEST_WAIT
        while (self.session.scalar(behind) or 0) > MOST_BEHIND and time.monotonic() < until:
            self.session.commit()
            time.sleep(PAUSE)
        self.session.commit()

    def _total(self) -> int:
        return self.session.scalar(
            sa.select(sa.func.count(_c.package_id.distinct())).where(_c.run_id == self.subject)
        ) or 0  # fmt: skip

    def _next(self, after: int) -> list[_Touched]:
        """The next datasets in the order in which the run touched them first, with their records locked.

        Empty only at the end: lines of a dataset that was touched before are passed over.
        """
        while lines := self._lines(after):
            after = lines[-1].seq
            ids = sorted({line.package_id for line in lines})
            known = set(
                self.session.scalars(
                    sa.select(_c.package_id)
                    .where(_c.package_id.in_(ids), _c.run_id == self.subject, _c.seq < lines[0].seq)
                    .distinct()
                )
            )
            first: dict[str, Any] = {}
            for line in lines:
                if line.package_id not in known:
                    first.setdefault(line.package_id, line)
            if first:
                now = self._stand(list(first))
                return [
                    _Touched(line.seq, id_, line.kind, line.before, now.get(id_, {})) for id_, line in first.items()
                ]
        return []

    def _lines(self, after: int) -> Sequence[Any]:
        """The next lines that the run has written to the change log."""
        return self.session.execute(
            sa.select(_c.seq, _c.package_id, _c.kind, _c.before)
            .where(_c.run_id == self.subject, _c.seq > after)
            .order_by(_c.seq)
            .limit(self.size)
        ).all()

    def _stand(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Where these records stand now; what they say only where their files are compared."""
        columns = [_rec[name] for name in ("id", "source_id", "identifier", "owner_org", "version", "erased")]
        if self.counted_files:
            columns.append(_rec.dataset)
        query = sa.select(*columns).where(_rec.id.in_(ids)).order_by(_rec.id).with_for_update()
        return {row["id"]: dict(row) for row in self.session.execute(query).mappings()}

    def _take_back(self, touched: Sequence[_Touched]) -> None:
        later = self._later(touched)
        writes: list[Write] = []
        for one in touched:
            since = later.get(one.package_id, ())
            edit = next((line for line in since if _is_edit(line)), None)
            if not one.now or one.now["erased"] is not None:
                continue  # erased: nothing brings it back
            if edit is not None:
                self._leave(one.package_id, EDITED, edit.actor, edit.at)
            else:
                self._plan(one, any(line.cause == "opd" for line in since), writes)
        self.counts["read"] += len(touched)
        asked = {one.record_id: one for one in writes}
        for result in self._written(writes):
            if result.outcome == "refused":
                self._leave(result.record_id, EDITED if result.code == CONFLICT else REFUSED)
            elif result.outcome == "unchanged":
                self.counts["unchanged"] += 1
            elif asked[result.record_id].action == "withdraw":
                self.counts["withdrawn"] += 1
            else:
                self.counts["updated"] += 1

    def _written(self, writes: Sequence[Write]) -> Iterator[Written]:
        """Write them all at once: the change log, which has one writer at a time, comes last in a transaction."""
        if writes:
            yield from write(self.session, writes, actor=self.held.actor, run=self.held.run_id, cause="undo")

    def _later(self, touched: Sequence[_Touched]) -> dict[str, list[Any]]:
        """What was written to these datasets outside of runs since the run touched them first."""
        first = {one.package_id: one.seq for one in touched}
        rows = self.session.execute(
            sa.select(_c.package_id, _c.seq, _c.cause, _c.actor, _c.at)
            .where(_c.package_id.in_(first), _c.run_id.is_(None), _c.seq > min(first.values()))
            .order_by(_c.seq.desc())
        )
        found: dict[str, list[Any]] = {}
        for row in rows:
            if row.seq > first[row.package_id]:
                found.setdefault(row.package_id, []).append(row)
        return found

    def _plan(self, one: _Touched, moved: bool, writes: list[Write]) -> None:
        now, before = one.now, one.before
        if not one.was_there:
            if one.before is None and one.kind != "created":
                return  # what stood before is no longer kept
            writes.append(self._withdrawal(now, None, {"tidak_ditemukan_sejak": self.judge.today, **_UNREVIEWED}))
            return
        assert before is not None  # noqa: S101 - was_there says so
        if self.counted_files and _files(before["dataset"]) != _files(now["dataset"]):
            self._leave(one.package_id, FILE)
            return
        standing = _standing(before)
        version = Dataset(before["dataset"])
        if before["status"] == "ditarik":
            writes.append(self._withdrawal(now, version, standing, before["rest"]))
            return
        judged = self.judge.assess(Dataset(before["pending"] or before["dataset"]))
        if judged.hasil == "tidak_dimuat":
            self._leave(one.package_id, UNFIT)
            return
        writes.append(
            Write(
                now["source_id"],
                now["identifier"],
                "restore",
                now["owner_org"] if moved else before["owner_org"],
                version,
                rest=before["rest"] or {},
                # It stands as it stood: what rules say today is told by its issues, not by taking it away.
                assessment=replace(judged, hasil="layak"),
                fingerprint=before["fingerprint"],
                rules_version=before["rules_version"],
                status=before["status"],
                package_id=now["id"],
                expected_version=now["version"],
                standing=standing,
            )
        )

    def _withdrawal(
        self, now: Mapping[str, Any], version: Dataset | None, standing: Mapping[str, Any], rest: Any = None
    ) -> Write:
        return Write(
            now["source_id"], now["identifier"], "withdraw", now["owner_org"], version, rest=rest or {},
            package_id=now["id"], expected_version=now["version"], standing=standing,
        )  # fmt: skip

    def _leave(self, package_id: str, reason: str, actor: str | None = None, at: datetime | None = None) -> None:
        self.counts["left"] += 1
        if len(self.left) < MOST_LEFT:
            self.left.append({"id": package_id, "reason": reason, "actor": actor, "at": at.isoformat() if at else None})

    def _report(self) -> dict[str, Any]:
        return {**self.held.report, "left": self.left}

    def _commit(self, total: int, after: int) -> None:
        done = self.counts["read"]
        rate = (done - self.read_before) / max(time.monotonic() - self.began, 0.001)
        left = round((total - done) / rate) if rate and total > done else None
        state = {"phase": "mengurungkan", "records": done, "total": total, "rate": round(rate, 1), "eta": left}
        kept = {"counts": dict(self.counts), "progress": state, "checkpoint": str(after), "report": self._report()}
        runs.keep(self.session, self.held, **kept)
        self.session.commit()
        self.progress(state)


_UNREVIEWED = {"reviewed_by": None, "reviewed_at": None}
_TIMES = ("reviewed_at",)
_DAYS = ("tidak_ditemukan_sejak", "return_deadline")
_STOOD = (
    "pending", "pending_status", "hasil", "fingerprint", "rules_version", "score", "principles", "reviewed_by",
    "reviewed_at", "return_reason", "return_deadline", "tidak_ditemukan_sejak",
)  # fmt: skip


def _standing(before: Mapping[str, Any]) -> dict[str, Any]:
    """The record's columns as they were; one that an older image does not hold stays as the writer makes it."""
    found = {name: before[name] for name in _STOOD if name in before}
    for name in _TIMES:
        if found.get(name):
            found[name] = datetime.fromisoformat(found[name])
    for name in _DAYS:
        if found.get(name):
            found[name] = date.fromisoformat(found[name])
    waits = before["status"] == "tayang" and before["hasil"] != "layak"
    return {**found, "perbaikan_tertunda": waits}


def _is_edit(line: Any) -> bool:
    return line.cause in EDITS or (line.cause is None and line.actor is not None)


def _files(dataset: Mapping[str, Any] | None) -> list[Any]:
    return [item.get("hash") for item in (dataset or {}).get("resources") or ()]
