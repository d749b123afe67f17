"""What stands behind a dataset: how it was judged, where it came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem, preferred_language
from ckanext.satudata.api.routes.datasets import answer_of
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import openness, raw
from ckanext.satudata.catalog.answer import CLOSED_FIELDS, LINK_KEYS, PERSONAL_PREFIX, etag
from ckanext.satudata.catalog.package import unpublished_fields
from ckanext.satudata.catalog.status import LAST_SEEN
from satudata_schemas import timeliness
from satudata_schemas.issue import Issue

_ASSESSED = text("""
SELECT r.id, r.name, r.owner_org, r.hasil, r.status, r.score, r.principles, r.suggestions, r.perbaikan_tertunda,
       r.return_reason, r.return_deadline, r.jatuh_tempo, r.hak_akses, r.pending IS NOT NULL AS waits,
       jsonb_build_object('jadwal_pemutakhiran', r.dataset->'jadwal_pemutakhiran',
                          'tanggal_mutakhir', r.dataset->'tanggal_mutakhir') AS timing,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(i.code, i.severity, i.pointer, i.principle, i.params)
                                  ORDER BY i.id), '[]') FROM satudata_issue i WHERE i.record_id = r.id) AS issues
  FROM satudata_record r WHERE r.id = :id
""")
_PROVENANCE = text(f"""
SELECT r.id, r.name, r.identifier, r.owner_org, r.hak_akses, r.dataset, r.pending, r.rest, r.fingerprint,
       r.rules_version, r.first_seen, {LAST_SEEN} AS last_seen, r.last_run,
       s.name AS source_name, s.title AS source_title, s.connector,
       (SELECT w.body FROM satudata_raw w
         WHERE w.record_id = r.id AND w.fingerprint = left(r.fingerprint, {raw.DIGITS})) AS raw,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('field', h.field, 'resource_id', nullif(h.resource_id, ''),
                  'source_value', h.source_value, 'at', h.at, 'inferred', h.inferred)
                  ORDER BY h.field, h.resource_id), '[]')
          FROM satudata_held h WHERE h.package_id = r.package_id) AS held
  FROM satudata_record r LEFT JOIN satudata_source s ON s.id = r.source_id
 WHERE r.id = :id
""")  # noqa: S608 - no value is part of it


@route("/datasets/<id_or_name>/assessment", scope="dataset:read", opens=True)
def assessment(caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """Result, score, issues and suggestions of a dataset, for its OPD and the Walidata; score and issues for everyone
    where the configuration opens them.
    """
    row = _row(_ASSESSED, caller, id_or_name)
    inside = caller.reads_inside(row.owner_org)
    if not inside and not openness.tells_score(row._mapping):  # noqa: SLF001 - SQLAlchemy's name for a row as a mapping
        raise Problem(403, "E-API-439")
    language = preferred_language()
    late = timeliness.lateness(row.timing, dt.datetime.now(dt.timezone.utc).date(), row.jatuh_tempo)
    issues = [*(Issue(*issue) for issue in row.issues), *([late] if late else [])]
    told = {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "score": row.score,
        "principles": row.principles,
    }
    if inside or openness.tells_issues(row._mapping, waits=row.waits):  # noqa: SLF001
        told["issues"] = [issue.told(language) for issue in issues]
    if inside:
        told |= {
            "hasil": row.hasil,
            "perbaikan_tertunda": row.perbaikan_tertunda,
            "suggestions": [_suggested(one, language) for one in row.suggestions],
            "return_reason": row.return_reason,
            "return_deadline": row.return_deadline,
        }
    response = _tagged(told)
    response.headers["Content-Language"] = language
    return response


@route("/datasets/<id_or_name>/provenance", scope="catalog:read")
def provenance(caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """Where a dataset came from: its application, the mapped record, and for its own OPD the record as it was read."""
    row = _row(_PROVENANCE, caller, id_or_name)
    whole = caller.reader.reads_full(row.owner_org, row.hak_akses)
    told: dict[str, Any] = {"id": row.id, "name": row.name}
    if whole or row.hak_akses != "tertutup":
        told |= {
            "identifier": row.identifier,
            "source": {"name": row.source_name, "title": row.source_title, "connector": row.connector},
            "first_seen": row.first_seen,
            "last_seen": row.last_seen,
        }
    told["mapped"] = _mapped(row.dataset or {}, access="terbuka" if whole else row.hak_akses)
    if caller.reads_inside(row.owner_org):
        told |= {
            "run": row.last_run,
            "fingerprint": row.fingerprint,
            "rules_version": row.rules_version,
            "rest": row.rest or {},
            "held": row.held,
        }
    if row.owner_org in caller.reader.own:
        sent = raw.told(row.raw, (row.dataset, row.pending)) if row.raw else None
        told |= {"raw": sent, "pending": row.pending}
    return answering.document(told)


def _row(statement: Any, caller: Caller, id_or_name: str) -> Any:
    """The record behind a dataset that the caller may see; 404 and 410 as for the dataset itself."""
    found = answer_of(caller, id_or_name)
    (row,) = database.rows(statement, {"id": found.package_id})
    return row


def _tagged(told: Mapping[str, Any]) -> Response:
    body = orjson.dumps(told)
    return answering.item(body, etag=etag(body))


def _suggested(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    reason = Issue(one["reason"], "info", f"/{one['field']}", None, one.get("params") or {})
    told = {name: one[name] for name in ("field", "value", "confidence")}
    return told | {"code": one["reason"], "reason": reason.message(language)}


def _mapped(dataset: Mapping[str, Any], *, access: str) -> dict[str, Any]:
    """The record in contract fields, without persons' contacts, as far as the access class lets it be read."""
    if access == "tertutup":
        return {name: dataset[name] for name in ("title", *CLOSED_FIELDS) if name in dataset}
    personal = unpublished_fields()
    kept = {
        name: value for name, value in dataset.items() if name not in personal and not name.startswith(PERSONAL_PREFIX)
    }
    if access == "terbatas" and isinstance(kept.get("resources"), list):
        kept["resources"] = [
            {key: value for key, value in item.items() if key not in LINK_KEYS}
            for item in kept["resources"]
            if isinstance(item, dict)
        ]
    return kept
