"""Erasing a dataset for good: what must not exist is removed from every version, record, index, file and report.

What remains is a tombstone (the record's row, with hashes in the place of identifier and URL name) and the incident
record that UU 27/2022 Pasal 46 asks for. A harvest, an edit and an undo leave a tombstone alone, until the Walidata
lifts it. Hidden at once, also while Solr is down; what lies outside the database is removed by `finish`, which `tick`
repeats until nothing is left. Copies outside this platform (backups made before, mirrors) are not within its reach: the
incident says so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from ckan import model, plugins
from ckan.common import config
from ckan.lib import files as ckan_files
from ckan.lib import uploader
from ckan.plugins import toolkit
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, hidden, incidents, roles, solr, tables
from ckanext.satudata.catalog.bulk import upsert
from ckanext.satudata.catalog.incidents import step
from ckanext.satudata.catalog.purge import purge
from ckanext.satudata.catalog.write import log_changes
from satudata_schemas import contract, personal_data

log = logging.getLogger(__name__)

NOT_FOUND, NO_REASON, REASON_HOLDS_DATA, NOT_ERASED = "E-TIN-001", "E-HPS-001", "E-HPS-002", "E-HPS-003"
_PREFIX = "terhapus"
#: tables of a dataset's that hold none of its content, or lose it here; of all others its rows are deleted
_KEPT = (tables.record, tables.change, tables.outbox, tables.incident, tables.seen)


class EraseRefused(Exception):  # noqa: N818 - reads as what it says
    """Nothing was erased or lifted: the code of its reason and what its sentences need."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def erased_identifier(source_id: str, identifier: str) -> str:
    """Under what the record of an erased dataset is kept: a harvest knows it by this, and nobody reads it back."""
    return f"{_PREFIX}:{_hash(source_id, identifier)}"


def erased_name(name: str) -> str:
    """What stands in the place of an erased dataset's URL name, so that its old address answers 410."""
    return f"{_PREFIX}-{_hash('name', name)}"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


def of_source(session: Session, source_id: str) -> set[str]:
    """Identifiers (`erased_identifier`) of what was erased of a source."""
    record = tables.record.c
    mine = select(record.identifier).where(record.source_id == source_id, record.erased.is_not(None))
    return set(session.scalars(mine))


def erase(
    session: Session, package_id: str, *, actor: str | None, reason: str, known_at: dt.datetime | None = None
) -> str:
    """Erase a dataset (by id or URL name) and return the id of its incident; the caller commits, then calls `finish`.

    `known_at` is when the leak became known, from which 3 x 24 hours run; now by default. Erasing what is erased gives
    its incident again. Raises `roles.NotAllowed` for anyone but the Walidata, EraseRefused for an unknown dataset
    (E-TIN-001), no reason (E-HPS-001) or one that holds a personal number itself (E-HPS-002).
    """
    roles.require_walidata(session, actor)
    reason = _checked(reason)
    record = _record(session, package_id)
    id_ = str(record["id"])
    if record["erased"] is not None:
        known = incidents.of_package(session, id_)
        return str(known["incident"]) if known else ""
    told = _told(session, record)
    hidden.hide([id_])
    versions = _clear_versions(session, record)
    purged = purge(session, id_)
    _bury(session, record, actor)
    done = [
        step("disembunyikan", 1), step("versi", versions), step("baris_basis_data", sum(purged.rows.values())),
    ]  # fmt: skip
    incident_id = incidents.open_incident(
        session,
        told,
        actor=actor,
        reason=reason,
        known_at=known_at,
        done=done,
        remaining={"files": list(purged.resources), "stored": [dict(one) for one in purged.stored]},
    )
    audit.note(session, "dataset.erase", "dataset", [id_], actor=actor, details={"incident": incident_id})
    return incident_id


def lift(session: Session, package_id: str, *, actor: str | None, reason: str) -> None:
    """Let an erased dataset come again with the next harvest; the caller commits. What was erased stays gone.

    Raises as `erase` does, and EraseRefused E-HPS-003 for what is not erased.
    """
    roles.require_walidata(session, actor)
    reason = _checked(reason)
    record = _record(session, package_id)
    if record["erased"] is None:
        raise EraseRefused(NOT_ERASED, name=package_id)
    table, incident = tables.record, tables.incident
    session.execute(delete(table).where(table.c.id == record["id"]))
    now = dt.datetime.now(dt.timezone.utc)
    mine = (incident.c.package_id == record["id"]) & incident.c.lifted_at.is_(None)
    session.execute(update(incident).where(mine).values(lifted_at=now, lifted_by=actor))
    page = tables.page
    session.execute(delete(page).where(page.c.source_id == record["source_id"]))
    audit.note(session, "dataset.lift", "dataset", [str(record["id"])], actor=actor, reason=reason)


def finish(session: Session, *, limit: int = 20) -> int:
    """Remove from files and index what is still there of erased datasets; how many are clean now. Commits.

    What cannot be reached at the moment stays on the list for the next time.
    """
    incident = tables.incident
    waiting = session.execute(
        select(incident.c.id, incident.c.package_id, incident.c.remaining)
        .where(incident.c.cleaned.is_(None))
        .order_by(incident.c.known_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    clean = 0
    for row in waiting:
        try:
            steps = _clean(row.package_id, row.remaining)
        except (solr.IndexUnavailable, OSError, ckan_files.exc.FilesError) as error:
            log.warning("what was erased of %r is not yet gone everywhere: %s", row.package_id, type(error).__name__)
            continue
        now = dt.datetime.now(dt.timezone.utc)
        incidents.add_steps(session, row.id, steps, remaining={}, cleaned=now)
        clean += 1
    session.commit()
    return clean


def _checked(reason: str) -> str:
    reason = (reason or "").strip()[:2000]
    if not reason:
        raise EraseRefused(NO_REASON)
    if personal_data.in_text(reason):
        raise EraseRefused(REASON_HOLDS_DATA)
    return reason


def _record(session: Session, id_or_name: str) -> Mapping[str, Any]:
    record = tables.record
    names = [id_or_name, erased_name(id_or_name)]
    found = session.execute(
        select(record)
        .where(or_(record.c.id == id_or_name, record.c.name.in_(names)))
        .order_by(record.c.id != id_or_name)
        .limit(1)
        .with_for_update()
    )
    row = found.mappings().first()
    if row is None:
        raise EraseRefused(NOT_FOUND, name=id_or_name)
    return dict(row)


def _told(session: Session, record: Mapping[str, Any]) -> incidents.Told:
    """What the law asks to be told, without any of it: names of fields, kinds and numbers."""
    change, issue, source = tables.change.c, tables.issue.c, tables.source.c
    id_ = record["id"]
    newest = {**(record["dataset"] or {}), **(record["pending"] or {})}
    kinds: dict[str, int] = {}
    for row in session.execute(select(issue.code, issue.params).where(issue.record_id == id_)):
        if "-PDP-" in row.code:
            kinds[row.code] = kinds.get(row.code, 0) + int(row.params.get("jumlah") or row.params.get("count") or 1)
    for found in personal_data.in_text(orjson.dumps([newest, record["rest"]]).decode("utf-8", "replace")):
        kinds[found.kind] = max(kinds.get(found.kind, 0), found.count)
    public = (change.package_id == id_) & (change.audience == "public")
    first, last, versions = session.execute(
        select(
            func.min(change.at).filter(public),
            func.max(change.at).filter(public, change.kind == "removed"),
            func.count(change.version.distinct()),
        ).where(change.package_id == id_)
    ).one()
    now = dt.datetime.now(dt.timezone.utc)
    until = None if first is None else now if record["status"] == "tayang" else last or now
    of = session.execute(select(source.name, source.connector).where(source.id == record["source_id"])).first()
    data = {
        "fields": sorted(name for name in newest if name in contract.fields()),
        "kinds": kinds,
        "files": len(newest.get("resources") or ()),
        "versions": versions,
    }
    exposure = {
        "public": first is not None,
        "since": first.isoformat(timespec="seconds") if first else None,
        "until": until.isoformat(timespec="seconds") if until else None,
        "access": record["hak_akses"],
        "source": of.name if of else None,
        "connector": of.connector if of else None,
    }
    return incidents.Told(str(id_), str(record["source_id"]), str(record["owner_org"]), data, exposure)


def _clear_versions(session: Session, record: Mapping[str, Any]) -> int:
    """Everything our own tables hold of it beside the record's row; how many versions the change log had kept."""
    id_, source_id, identifier = record["id"], record["source_id"], record["identifier"]
    change, page, entry = tables.change, tables.page, tables.audit
    cleared: Any = session.execute(
        update(change).where(change.c.package_id == id_, change.c.before.is_not(None)).values(before=None)
    )
    for table in tables.metadata.sorted_tables:
        column = next((table.c[name] for name in ("package_id", "record_id") if name in table.c), None)
        if column is not None and table not in _KEPT:
            session.execute(delete(table).where(column == id_))
    session.execute(delete(page).where(page.c.source_id == source_id, page.c.identifiers.any(identifier)))
    # What people wrote about it when they returned it may quote it.
    session.execute(update(entry).where(entry.c.object_type == "dataset", entry.c.object_id == id_).values(reason=None))
    _forget_in_runs(session, source_id, identifier)
    return int(cleared.rowcount)


def _forget_in_runs(session: Session, source_id: str, identifier: str) -> None:
    """Runs name records that they refused by their identifier."""
    run = tables.run
    rows = session.execute(
        select(run.c.id, run.c.counts).where(
            run.c.source_id == source_id, run.c.counts["refused"].contains([{"identifier": identifier[:200]}])
        )
    )
    for row in rows.all():
        kept = [one for one in row.counts["refused"] if one.get("identifier") != identifier[:200]]
        session.execute(update(run).where(run.c.id == row.id).values(counts={**row.counts, "refused": kept}))


def _bury(session: Session, record: Mapping[str, Any], actor: str | None) -> None:
    """The record becomes a tombstone; mirrors and index are told that it is gone."""
    table, version = tables.record, record["version"] + 1
    emptied = dict.fromkeys(
        (
            "dataset", "pending", "fingerprint", "rules_version", "score", "jatuh_tempo", "source_modified",
            "tidak_ditemukan_sejak", "return_reason", "return_deadline",
        )
    )  # fmt: skip
    session.execute(
        update(table)
        .where(table.c.id == record["id"])
        .values(
            **emptied,
            identifier=erased_identifier(record["source_id"], record["identifier"]),
            name=erased_name(record["name"]) if record["name"] else None,
            rest={},
            issue_codes="",
            principles={},
            suggestions=[],
            status="ditarik",
            perbaikan_tertunda=False,
            version=version,
            package_id=record["id"],
            erased=func.now(),
        )
    )
    upsert(session, tables.outbox, [{"package_id": record["id"], "version": version, "op": "delete"}])
    if record["status"] == "ditarik" or record["package_id"] is None:
        return
    line = {
        "package_id": record["id"], "version": version, "kind": "removed",
        "audience": "public" if record["status"] == "tayang" else "full", "before": None, "actor": actor,
        "run_id": None,
    }  # fmt: skip
    log_changes(session, [line], cause="erase")


def _clean(package_id: str, remaining: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Remove files and document. Raises where one of them cannot be reached."""
    files = [id_ for id_ in remaining.get("files", ()) if _remove_file(id_)]
    stored = [one for one in remaining.get("stored", ()) if _remove_stored(one)]
    _remove_tables(remaining.get("files", ()))
    solr.send([], [package_id])
    solr.commit()
    return [step("berkas", len(files) + len(stored)), step("indeks", 1)]


def _remove_file(resource_id: str) -> bool:
    """Remove a resource's upload from where CKAN keeps it; whether there was one."""
    place: Any = uploader.get_resource_uploader({"id": resource_id, "url": "x", "url_type": "upload"})
    storage = getattr(place, "storage", None)
    if storage is not None:
        with contextlib.suppress(ckan_files.exc.MissingFileError):
            storage.remove(ckan_files.FileData(place.get_path(resource_id)))
            return True
        return False
    if getattr(place, "storage_path", None) is None:
        return False
    path = place.get_path(resource_id)
    removed = False
    for one in (Path(path), Path(f"{path}~")):
        with contextlib.suppress(FileNotFoundError):
            one.unlink()
            removed = True
    return removed


def _remove_stored(one: Mapping[str, str]) -> bool:
    with contextlib.suppress(ckan_files.exc.MissingFileError):
        ckan_files.get_storage(one["storage"]).remove(ckan_files.FileData(ckan_files.Location(one["location"])))
        return True
    return False


def _remove_tables(resource_ids: Sequence[str] | Iterable[str]) -> None:
    """Rows of files that CKAN's datastore has taken in."""
    if not plugins.plugin_loaded("datastore"):
        return
    for id_ in resource_ids:
        context: Any = {"ignore_auth": True, "user": config["ckan.site_id"], "model": model}
        with contextlib.suppress(toolkit.ObjectNotFound):
            toolkit.get_action("datastore_delete")(context, {"resource_id": id_, "force": True})
