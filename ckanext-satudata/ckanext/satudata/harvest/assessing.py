"""Judge anew what is stored, without fetching: after a profile, vocabulary, reference code or mapping has changed.

A run of the source like any other (trigger `assess`), in batches, with progress and a checkpoint. What is published
stays published where it no longer is `layak` (`perbaikan_tertunda`), unless it must not be seen at all; what waits and
no longer is `layak` becomes `draf`; a `draf` that has become `layak` is published or waits, as a harvest would have it.
Where a source's mapping has changed, its records are mapped anew from what it sent (`remapping`); of those that it is
not kept of, the mapping waits for the next harvest.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from ckan.common import config
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import held as held_values
from ckanext.satudata.catalog import openness, raw
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.judging import Judge
from ckanext.satudata.catalog.write import Write, write
from ckanext.satudata.harvest import runs, schedule
from ckanext.satudata.harvest.remapping import Remapping
from ckanext.satudata.harvest.runs import Claim
from ckanext.satudata.harvest.standing import Known, standing
from satudata_harvesters.errors import ConfigError
from satudata_harvesters.source import Source
from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import Issue

_rec, _issue = t.record.c, t.issue.c
Progress = Callable[[dict[str, Any]], None]
#: Issues that tell how a record came and not what it says: judging finds them neither again nor gone.
_OF_COMING = ("W-MAP-", "E-MAP-", "W-OPD-", "W-DUP-", "E-TRK-", "W-TRK-", "E-SMP-")


class Assessing:
    """The work of one new judgement of a source's records."""

    def __init__(self, opened: Session, held: Claim, progress: Progress) -> None:
        self.session, self.held, self.progress = opened, held, progress
        self.source = held.source
        self.judge, self.remapping = Judge(self.source), Remapping(opened, self.source)
        self.versions: dict[str, str | None] = {}
        self.size = int(config.get("ckanext.satudata.harvest.batch_size", 500))
        self.counts: Counter[str] = Counter({name: n for name, n in held.counts.items() if isinstance(n, int)})
        self.transitions: Counter[str] = Counter(held.report.get("transitions", {}))
        self.began, self.read_before = time.monotonic(), self.counts["read"]

    def do(self) -> None:
        """Judge what is not yet judged, a batch a transaction."""
        total = self.session.scalar(sa.select(sa.func.count()).where(*self._mine())) or 0
        after = self.held.checkpoint or ""
        while rows := self._next(after):
            runs.keep(self.session, self.held)
            self._settle(rows)
            after = rows[-1]["id"]
            self._commit(total, after)
            schedule.drain(self.session)
        self._trust_pages()
        runs.end(self.session, self.held, "selesai", counts=dict(self.counts), complete=True, report=self._report())
        self.session.commit()

    def _mine(self) -> tuple[Any, ...]:
        return (
            _rec.source_id == self.source["id"],
            _rec.status != "ditarik",
            _rec.package_id.is_not(None),
            _rec.dataset.is_not(None),
        )

    def _next(self, after: str) -> list[dict[str, Any]]:
        query = sa.select(t.record).where(*self._mine(), _rec.id > after).order_by(_rec.id).limit(self.size)
        return [dict(row) for row in self.session.execute(query.with_for_update()).mappings()]

    def _settle(self, rows: Sequence[Mapping[str, Any]]) -> None:
        ids = [row["id"] for row in rows]
        kept = self._issues_of_coming(ids)
        holding = held_values.load(self.session, ids)
        mapped = self.remapping.map(rows, holding, kept)
        otherwise = self._told_otherwise(ids)
        anew = [one for row in rows if (one := mapped.writes.get(row["id"])) and not self._must_go(row, one)]
        others = {row["id"]: row for row in rows if row["id"] not in {one.record_id for one in anew}}
        writes = [
            replace(
                self._write(row, kept.get(id_, ()), holding.get(id_, ()), mapped_again=id_ in mapped.same),
                anew=id_ in otherwise,
            )
            for id_, row in others.items()
        ]
        before = {row["id"]: f"{row['status']}/{row['hasil']}" for row in rows}
        by = {"actor": self.held.actor, "run": self.held.run_id}
        results = write(self.session, writes, **by, cause="assess") if writes else []
        if anew:
            made = write(self.session, anew, **by, cause="remap")
            self.remapping.note(anew, made)
            results += made
        # What must not be loaded may hold personal data, also as it was sent.
        raw.forget(self.session, [result.record_id for result in results if result.hasil == "tidak_dimuat"])
        self.counts["read"] += len(rows)
        self.counts["unmapped"] += mapped.left
        changed = {one.record_id for one in anew}
        for result in results:
            stands = f"{result.status}/{result.hasil}"
            if result.outcome == "refused":
                self.counts["refused_count"] += 1
                continue
            remapped = result.record_id in changed and result.outcome != "unchanged"
            self.counts["remapped"] += remapped
            self.counts["updated" if remapped or stands != before[result.record_id] else "unchanged"] += 1
            if stands != before[result.record_id]:
                self.transitions[f"{before[result.record_id]} → {stands}"] += 1
        self.session.execute(
            insert(t.seen).on_conflict_do_nothing(),
            [{"run_id": self.held.run_id, "record_id": id_} for id_ in ids],
        )

    def _told_otherwise(self, ids: Sequence[str]) -> set[str]:
        """Those whose answer tells everyone the score though it is closed, or does not though it is open."""
        answer = t.answer.c
        tells = sa.cast(answer.body, JSONB).has_key("skor_sdi")
        mine = (answer.package_id.in_(ids), answer.audience == "public", _rec.score.is_not(None))
        known = [_rec[name] for name in ("package_id", "status", "hak_akses", "hasil")]
        rows = self.session.execute(
            sa.select(*known, tells.label("tells")).join(t.answer, answer.package_id == _rec.package_id).where(*mine)
        ).mappings()
        return {row["package_id"] for row in rows if row["tells"] != openness.tells_score(dict(row))}

    def _issues_of_coming(self, ids: Sequence[str]) -> dict[str, list[Issue]]:
        told = sa.or_(*(_issue.code.like(f"{prefix}%") for prefix in _OF_COMING))
        found: dict[str, list[Issue]] = {}
        for row in self.session.execute(sa.select(t.issue).where(_issue.record_id.in_(ids), told)):
            issue = Issue(row.code, row.severity, row.pointer, row.principle, row.params)
            found.setdefault(row.record_id, []).append(issue)
        return found

    def _must_go(self, row: Mapping[str, Any], asked: Write) -> bool:
        """Whether a version that is published, and would stay beside the one mapped anew, must not be seen any more."""
        stays = row["status"] == "tayang" and asked.action == "hold"
        return stays and self._judged(row, Dataset(row["dataset"])).hasil == "tidak_dimuat"

    def _write(
        self, row: Mapping[str, Any], kept: Iterable[Issue], holding: Sequence[held_values.Held], *, mapped_again: bool
    ) -> Write:
        """What is published is looked at for what must never be seen, the newest version for all else."""
        rules = self.remapping.rules
        version = rules.rules_version if rules and mapped_again else self._version(row["rules_version"])
        newest = Dataset(row["pending"] or row["dataset"])
        judged = self._judged(row, newest)
        judged = replace(judged, issues=(*judged.issues, *kept))
        asked = Write(
            row["source_id"], row["identifier"], "hold", row["owner_org"], rest=row["rest"] or {}, assessment=judged,
            rules_version=version, package_id=row["id"], expected_version=row["version"],
            standing={"tidak_ditemukan_sejak": row["tidak_ditemukan_sejak"]},
        )  # fmt: skip
        shown = row["status"] == "tayang"
        published = self._judged(row, Dataset(row["dataset"])) if shown and row["pending"] is not None else judged
        if published.hasil == "tidak_dimuat":
            return _hidden(asked, judged)
        if shown:
            return self._of_published(asked, row, judged, newest)
        if any(item.field == held_values.PRIVATE for item in holding) or row["status"] == "dikembalikan":
            return replace(asked, status=row["status"])  # as a person has put it, until there is another version
        if row["status"] in ("menunggu", "disetujui") and judged.hasil == "layak":
            return replace(asked, status=row["status"])
        place = standing(Known.of(row), judged.hasil, penayangan=self.source["penayangan"], rules_version=_of(row))
        return replace(asked, action=place.action, status=place.status)

    def _of_published(self, asked: Write, row: Mapping[str, Any], judged: Assessment, newest: Dataset) -> Write:
        """Published it stays; a next version that has become fit is published where that needs no new approval."""
        if judged.hasil != "layak" or (row["pending"] is not None and self.source["penayangan"] != "otomatis"):
            shown = {} if row["pending"] is None else {name: row[name] for name in ("score", "principles")}
            return replace(asked, status="tayang", standing={**asked.standing, **shown})
        return replace(asked, action="publish", dataset=newest if row["pending"] is not None else None)

    def _judged(self, row: Mapping[str, Any], dataset: Dataset) -> Assessment:
        return self.judge.assess(dataset.with_fields(owner_org=row["owner_org"]), row["rest"])

    def _version(self, known: str | None) -> str | None:
        """The record's rules version with the rules of today; its first part, the mapping, is as it was."""
        shape, divided, _ = (known or "").partition(":")
        if not divided:
            return known
        if shape not in self.versions:
            decides = ("api", self.source["penayangan"]) if shape == "api" else self._decides
            self.versions[shape] = self.judge.version(decides) if decides is not None else None
        fresh = self.versions[shape]
        return f"{shape}:{fresh}" if fresh else known

    @property
    def _decides(self) -> Any:
        """What else of a source decides how its records are judged, as `harvest.reading` says it."""
        try:
            read = Source.from_dict(self.source["definition"])
        except ConfigError:
            return None
        return dict(read.defaults), read.application, self.source["penayangan"], self.source["identitas"]

    def _trust_pages(self) -> None:
        """Pages that were not changed need not be parsed again for rules that have been applied here."""
        page = t.page.c
        shapes = self.session.scalars(
            sa.select(page.rules_version).where(page.source_id == self.source["id"]).distinct()
        )  # fmt: skip
        for known in list(shapes):
            fresh = sa.update(t.page).where(page.source_id == self.source["id"], page.rules_version == known)
            self.session.execute(fresh.values(rules_version=self._version(known)))

    def _report(self) -> dict[str, Any]:
        told = {name: self.counts[name] for name in ("remapped", "unmapped")}
        return {**self.held.report, "transitions": dict(self.transitions), **told}

    def _commit(self, total: int, after: str) -> None:
        done = self.counts["read"]
        rate = (done - self.read_before) / max(time.monotonic() - self.began, 0.001)
        left = round((total - done) / rate) if rate and total > done else None
        state = {"phase": "menilai ulang", "records": done, "total": total, "rate": round(rate, 1), "eta": left}
        kept = {"counts": dict(self.counts), "progress": state, "checkpoint": after, "report": self._report()}
        runs.keep(self.session, self.held, **kept)
        self.session.commit()
        self.progress(state)


def _hidden(asked: Write, judged: Assessment) -> Write:
    """Taken from the public, with its issues: what it holds must not be seen."""
    told = replace(judged, hasil="perlu_perbaikan")
    hidden = {**asked.standing, "hasil": "tidak_dimuat", "pending": None, "perbaikan_tertunda": False}
    return replace(asked, status="draf", assessment=told, standing=hidden)


def _of(row: Mapping[str, Any]) -> str:
    return row["rules_version"] or ""
