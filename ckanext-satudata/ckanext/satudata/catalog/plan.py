"""One write worked out: from what is asked and what is stored to the rows that are to be stored. No database here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ckanext.satudata.catalog import differences, held, rows
from ckanext.satudata.catalog.answer import audiences, render
from ckanext.satudata.catalog.facts import access_class, codes_of, due, moment, principles, utc
from ckanext.satudata.catalog.known import Known
from ckanext.satudata.catalog.openness import tells_score
from ckanext.satudata.catalog.outcome import Asked, Outcome, entries, outcome, waits_for
from ckanext.satudata.catalog.package import is_name, is_uuid, resource_id, slug, slug_with_id, to_package
from ckanext.satudata.catalog.storable import Refused, storable, tag, within_limits
from ckanext.satudata.catalog.writing import CONFLICT, ERASED, TAKEOVER, UNKNOWN, Write, Written
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import Issue


@dataclass(slots=True)
class Planned:
    """One record's rows, ready to be stored."""

    record: dict[str, Any]
    written: Written
    package: dict[str, Any] | None = None
    resources: list[dict[str, Any]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    issues: Sequence[Issue] | None = None
    run: str | None = None  # that found them
    changes: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] | None = None
    said: list[dict[str, Any]] = field(default_factory=list)  # what the source says in the place of held values
    op: str | None = None
    hides: bool = False
    is_new: bool = False


class Planner:
    """Works out the rows of one write."""

    def __init__(
        self, asked: Write, known: Known, *, actor: str | None, run: str | None, distinct_names: bool = False
    ) -> None:
        self.asked, self.known, self.actor, self.run = asked, known, actor, run
        self.id = id_ = asked.record_id
        self.before = known.records.get(id_)
        self.distinct_names = distinct_names
        self.said: list[dict[str, Any]] = []
        self.keep_ids = known.sources.get(asked.source_id, {}).get("identitas") == "pertahankan"

    def plan(self) -> Planned:
        """The rows, or Refused."""
        asked, before = self.asked, self.before
        if before is not None and before["erased"] is not None:
            raise Refused(ERASED)
        self._check_owner()
        if asked.expected_version is not None and asked.expected_version != (before["version"] if before else 0):
            raise Refused(CONFLICT, {"versi": before["version"] if before else 0})
        if before is None and asked.dataset is None and asked.assessment is None:
            raise Refused(UNKNOWN, {"identifier": asked.identifier})
        dataset, rest = self._brought()
        after = self._outcome(dataset)
        owner = asked.owner_org or str(before["owner_org"] if before else "")
        version = self._version_kept(after, dataset)
        record = self._record(after, dataset, version, rest, owner)
        if before is not None and not asked.anew and _equal(before, record):
            planned = self._untouched(before, record)
        else:
            planned = self._planned(after, record, version)
        planned.said, planned.run = self.said, self.run
        if self.asked.assessment is not None:
            planned.issues = self.asked.assessment.issues
        return planned

    def _check_owner(self) -> None:
        """A record that names a dataset of another owner is an error, never a takeover."""
        asked, before = self.asked, self.before
        if before is not None and (before["source_id"], before["identifier"]) != (asked.source_id, asked.identifier):
            raise Refused(TAKEOVER, {"identifier": asked.identifier})
        if before is None and self.id in self.known.cks.packages:
            raise Refused(TAKEOVER, {"identifier": asked.identifier})
        if before is None and any(
            (row["source_id"], row["identifier"]) == (asked.source_id, asked.identifier)
            for row in self.known.records.values()
        ):
            raise Refused(TAKEOVER, {"identifier": asked.identifier})

    def _brought(self) -> tuple[Dataset | None, dict[str, Any]]:
        asked = self.asked
        if asked.dataset is None:
            return None, {}
        fields = storable(dict(asked.dataset))
        dataset = Dataset(fields)
        within_limits(dataset.texts("tags"), dataset.resources)
        holding = self.known.held.get(self.id)
        if holding:
            said = held.with_source(holding, dataset, self.id, keep_resource_ids=self.keep_ids)
            self.said = [
                {
                    "package_id": self.id, "field": item.field, "resource_id": item.resource_id,
                    "source_value": item.source_value,
                }
                for item in said
            ]  # fmt: skip
            dataset = held.apply(dataset, holding, self.id, keep_resource_ids=self.keep_ids)
        return dataset, storable(dict(asked.rest))

    def _outcome(self, dataset: Dataset | None) -> Outcome:
        asked, before = self.asked, self.before
        same = (
            before is not None
            and asked.fingerprint is not None
            and asked.fingerprint == before["fingerprint"]
            and before["pending"] is None
        )
        kept_private = any(item.field == held.PRIVATE for item in self.known.held.get(self.id, ()))
        wish = Asked(
            action="hold" if kept_private and asked.action == "publish" else asked.action,
            status=asked.status,
            hasil=asked.assessment.hasil if asked.assessment else None,
            brings=dataset is not None,
            same_content=same,
        )
        return outcome(before, wish, status_before_withdrawal=self.known.statuses.get(self.id))

    def _version_kept(self, after: Outcome, dataset: Dataset | None) -> Dataset | None:
        """The version that is the dataset from now on."""
        before = self.before
        if after.keep == "new":
            return dataset
        if before is None:
            return None
        next_one = self.asked.action == "publish" if after.public else not after.withdrawn
        if next_one and before["pending"] is not None:
            return Dataset(before["pending"])  # published, or returned or waiting in the place of the published one
        return Dataset(before["dataset"]) if before["dataset"] is not None else None

    def _record(
        self, after: Outcome, brought: Dataset | None, version: Dataset | None, rest: dict[str, Any], owner: str
    ) -> dict[str, Any]:
        asked, before = self.asked, self.before
        assessment = asked.assessment
        kept = {} if before is None else {name: before[name] for name in _CARRIED}
        pending = self._pending(after, brought)
        row: dict[str, Any] = {
            "id": self.id,
            "source_id": asked.source_id,
            "identifier": storable(asked.identifier),
            "package_id": self.id if version is not None or (before and before["package_id"]) else None,
            "name": self._name(version),
            "owner_org": owner,
            "fingerprint": asked.fingerprint or kept.get("fingerprint"),
            "rules_version": asked.rules_version or kept.get("rules_version"),
            "dataset": dict(version) if version is not None else None,
            "pending": pending,
            "pending_status": before["pending_status"] if before and pending and pending == before["pending"] else None,
            "rest": rest if brought is not None else kept.get("rest", {}),
            "hasil": after.hasil,
            "status": after.status,
            "perbaikan_tertunda": after.public and after.hasil != "layak",
            "tidak_ditemukan_sejak": kept.get("tidak_ditemukan_sejak") if after.withdrawn or not self._met() else None,
            "score": kept.get("score"),
            "principles": kept.get("principles", {}),
            "suggestions": kept.get("suggestions", []),
            "issue_codes": kept.get("issue_codes", ""),
            "hak_akses": access_class(version) if version is not None else kept.get("hak_akses", "terbuka"),
            "jatuh_tempo": due(version) if version is not None else None,
            "source_modified": moment(version.get("tanggal_mutakhir")) if version is not None else None,
            "first_seen": kept.get("first_seen"),
            "last_seen": kept.get("last_seen"),
            "last_run": self.run or kept.get("last_run"),
            **{name: kept.get(name) for name in _REVIEW},
        }
        if assessment is not None:
            row["suggestions"] = [suggestion.to_dict() for suggestion in assessment.suggestions]
            row["issue_codes"] = codes_of(assessment.issues)
            if after.keep != "pending":
                row["score"] = round(assessment.score)
                row["principles"] = principles(assessment)
        row |= asked.standing
        return {**row, "menunggu_sejak": self._waiting_since(row)}

    def _waiting_since(self, row: Mapping[str, Any]) -> dt.datetime | None:
        """Kept while it waits for the same decision, also where a newer version has taken the place of the one that
        waited.
        """
        turn, before = waits_for(row), self.before
        if turn is None:
            return None
        since = before["menunggu_sejak"] if before is not None and waits_for(before) == turn else None
        return since or dt.datetime.now(dt.timezone.utc)

    def _met(self) -> bool:
        """Whether the source has just sent it: only then is it no longer lost."""
        return self.asked.assessment is not None or self.asked.action == "restore"

    def _pending(self, after: Outcome, brought: Dataset | None) -> dict[str, Any] | None:
        if after.keep == "pending" and brought is not None:
            return dict(brought)
        before = self.before
        if before is None or after.keep == "new" or not after.public or self.asked.action == "publish":
            return None
        pending: dict[str, Any] | None = before["pending"]
        return pending

    def _name(self, version: Dataset | None) -> str | None:
        """Chosen once and kept: the name before, the one asked for, one from the title."""
        before = self.before
        if before is not None and before["name"]:
            return str(before["name"])
        if version is None:
            return None
        title = version.text("title")
        if not self.distinct_names:
            for name in (self.asked.name, slug(title)):
                if name and is_name(name) and name not in self.known.names:
                    self.known.names.add(name)
                    return name
        return slug_with_id(title, self.id)

    def _untouched(self, before: Mapping[str, Any], record: dict[str, Any]) -> Planned:
        written = Written(
            self.id, self.asked.identifier, "unchanged", before["version"], record["hasil"], record["status"]
        )
        for name in ("version", "data_changed", "metadata_changed", "first_seen"):
            record[name] = before[name]
        return Planned(record, written)

    def _planned(self, after: Outcome, record: dict[str, Any], version: Dataset | None) -> Planned:
        before = self.before
        now = rows.moment(
            self.known.cks.packages[self.id]["metadata_modified"] if self.id in self.known.cks.packages else None
        )
        record["version"] = (before["version"] if before else 0) + 1
        seen = (*_SEEN, "score") if tells_score(record) else _SEEN
        seen_changed = before is None or any(before[name] != record[name] for name in seen)
        record["metadata_changed"] = utc(now) if seen_changed or before is None else before["metadata_changed"]
        record["data_changed"] = self._data_changed(version, now)
        record["first_seen"] = record["first_seen"] or utc(now)
        record["last_seen"] = record["last_seen"] or utc(now)
        written = Written(
            self.id, self.asked.identifier, _what(before, after), record["version"], record["hasil"], record["status"],
            fields=differences.names(_newest(before), _newest(record)) if before is not None else (),
        )  # fmt: skip
        plan = Planned(record, written, is_new=before is None)
        if record["package_id"] is None:
            return plan
        self._plan_package(plan, after, version, now)
        # What is made anew reads otherwise, though nothing of the dataset does: mirrors have to be told.
        plan.changes = self._changes(after, record, seen_changed=seen_changed or self.asked.anew)
        plan.op = "delete" if after.withdrawn else "index"
        was = before is not None and before["status"] == "tayang"
        narrower = before is not None and _RANK.get(before["hak_akses"], 0) < _RANK.get(record["hak_akses"], 0)
        plan.hides = was and (not after.public or narrower)
        return plan

    def _plan_package(self, plan: Planned, after: Outcome, version: Dataset | None, now: dt.datetime) -> None:
        record, cks = plan.record, self.known.cks
        if version is None:
            version = Dataset(title=record["name"])
        before = cks.packages.get(self.id)
        created = before["metadata_created"] if before else self.asked.created or now
        package = to_package(
            version,
            package_id=self.id,
            name=record["name"],
            owner_org=record["owner_org"],
            private=not (after.public or (after.withdrawn and self._was_public())),
            state="deleted" if after.withdrawn else "active",
            created=created,
            modified=now,
            keep_resource_ids=self.keep_ids,
        )
        self._leave_foreign_resources(package)
        creator = self.actor if self.actor and is_uuid(self.actor) else None
        plan.package = rows.package_row(package, creator)
        plan.resources = rows.resource_rows(package, cks.resources.get(self.id, {}))
        plan.tags = list(dict.fromkeys(name for item in package["tags"] if (name := tag(item["name"]))))
        if after.withdrawn:
            plan.answers = []
            return
        plan.answers = self._answers(record, version)

    def _answers(self, record: dict[str, Any], version: Dataset) -> list[dict[str, Any]]:
        answers = render(
            version,
            record=record,
            organization=self.known.organizations.get(record["owner_org"], {}),
            source=self.known.sources.get(self.asked.source_id, {}),
        )
        return [
            {
                "package_id": self.id,
                "audience": audience,
                "version": record["version"],
                "etag": made.etag,
                "body": made.body,
            }
            for audience, made in answers.items()
            if audience in audiences(record)
        ]

    def _was_public(self) -> bool:
        return self.before is not None and self.before["status"] == "tayang"

    def _leave_foreign_resources(self, package: dict[str, Any]) -> None:
        """A kept resource id that belongs to another package is not taken from it."""
        for item in package["resources"]:
            if self.known.foreign_resources.get(item["id"], self.id) != self.id:
                item["id"] = resource_id(self.id, item["id"])

    def _data_changed(self, version: Dataset | None, now: dt.datetime) -> dt.datetime | None:
        """When the data itself last changed: what the source says of it, else when its files were seen to differ."""
        before = self.before
        said = moment(version.get("tanggal_mutakhir")) if version is not None else None
        if before is None or version is None:
            return said
        if _files(Dataset(before["dataset"] or {})) != _files(version) and before["dataset"] is not None:
            return said if said is not None and said != before["source_modified"] else utc(now)
        return said or before["data_changed"]

    def _changes(self, after: Outcome, record: dict[str, Any], *, seen_changed: bool) -> list[dict[str, Any]]:
        told = entries(self.before, after, seen_changed=seen_changed)
        lines: list[dict[str, Any]] = []
        for entry in told:
            lines.append(
                {
                    "package_id": self.id,
                    "version": record["version"],
                    "kind": entry.kind,
                    "audience": entry.audience,
                    "before": None if lines or self.before is None else {name: self.before[name] for name in UNDOABLE},
                    "actor": self.actor,
                    "run_id": self.run,
                }
            )
        return lines


#: columns of a record that a write carries over
_REVIEW = ("reviewed_by", "reviewed_at", "return_reason", "return_deadline")
_CARRIED = (
    "fingerprint", "rules_version", "rest", "score", "principles", "suggestions",
    "issue_codes", "hak_akses", "tidak_ditemukan_sejak",
    "first_seen", "last_seen", "last_run", *_REVIEW,
)  # fmt: skip
#: what makes a version another one for those who read it
_SEEN = ("dataset", "status", "owner_org", "principles", "hak_akses", "jatuh_tempo", "tidak_ditemukan_sejak", "name")
_COMPARED = (
    *_SEEN,
    "rest",
    "pending",
    "pending_status",
    "hasil",
    "score",
    "perbaikan_tertunda",
    "package_id",
    *_REVIEW,
)
#: columns of a record that the change log keeps of the version before
UNDOABLE = (
    "dataset", "rest", "pending", "status", "hasil", "owner_org", "name", "version", "fingerprint", "rules_version",
    "tidak_ditemukan_sejak", "score", "principles", "pending_status", *_REVIEW,
)  # fmt: skip
_RANK = {"terbuka": 0, "terbatas": 1, "tertutup": 2}


def _newest(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record["pending"] or record["dataset"] or {}


def _equal(before: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    return all(before[name] == record[name] for name in _COMPARED)


def _what(before: Mapping[str, Any] | None, after: Outcome) -> str:
    if after.withdrawn:
        return "withdrawn"
    if before is None:
        return "created"
    return "restored" if before["status"] == "ditarik" else "changed"


def _files(dataset: Dataset) -> list[tuple[Any, ...]]:
    return [tuple(item.get(key) for key in ("url", "hash", "size", "last_modified")) for item in dataset.resources]
