"""Datasets: searching the catalogue and reading one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import access, answering, database, paging, parameters, problems
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem, bad_parameter
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import search
from ckanext.satudata.catalog.erase import erased_name
from ckanext.satudata.catalog.status import LAST_SEEN
from satudata_schemas import contract

MAX_LIMIT = 100
DEFAULT_LIMIT = 20

#: facet's name -> (field in Solr, vocabulary of its labels)
FACETS: dict[str, tuple[str, str | None]] = {
    "organization": ("organization", None),
    "kategori": ("sd_kategori", "kategori"),
    "kode_urusan": ("sd_kode_urusan", "urusan"),
    "wilayah": ("sd_kode_wilayah", None),
    "tahun": ("sd_tahun", None),
    "format": ("sd_format", "format"),
    "hak_akses": ("sd_hak_akses", "hak_akses"),
    "license": ("license_id", "lisensi"),
    "jadwal": ("sd_jadwal", "jadwal_pemutakhiran"),
    "prioritas_tahun": ("sd_prioritas_tahun", None),
    "label": ("sd_label", None),
    "source": ("sd_source", None),
}
#: What the source says of its last change, when its data differed, when our description did.
DATES = {
    "source_modified": "sd_source_modified",
    "data_changed": "sd_data_changed",
    "metadata_changed": "sd_metadata_changed",
}
SORTS = {"title": "title_string", **DATES}
LABELS = {
    "memenuhi": {"id": "Memenuhi Prinsip SDI", "en": "Meets the SDI principles"},
    "proses": {"id": "Masih dalam proses pemenuhan Prinsip SDI", "en": "On the way to meeting the SDI principles"},
}

PARAMETERS = {
    "q": parameters.text(),
    "organization": parameters.names(),
    "kategori": parameters.code("kategori"),
    "kode_urusan": parameters.code("urusan"),
    "wilayah": parameters.region(),
    "tahun": parameters.year(),
    "periode": parameters.years(),
    **{name: parameters.days() for name in DATES},
    "format": parameters.names(),
    "hak_akses": parameters.code("hak_akses"),
    "license": parameters.names(),
    "jadwal": parameters.code("jadwal_pemutakhiran"),
    "prioritas_tahun": parameters.year(),
    "terlambat": parameters.flag(),
    "label": parameters.one_of(tuple(LABELS), many=True),
    "source": parameters.names(),
    "sort": parameters.one_of(("relevance", *SORTS, *(f"-{name}" for name in SORTS))),
    "facets": parameters.some_of(lambda: tuple(FACETS)),
    "fields": parameters.some_of(parameters.dataset_fields),
    "limit": parameters.limit(MAX_LIMIT),
    "cursor": parameters.cursor(),
}


@route("/datasets", scope="catalog:read", parameters=PARAMETERS)
def datasets(caller: Caller, values: dict[str, Any]) -> Response:
    """A page of the datasets the caller may see, as they were rendered."""
    binding = _binding(caller, values)
    query = search.Query(
        reader=caller.reader,
        text=values.get("q", ""),
        filters=_filters(values),
        clauses=_clauses(values),
        sort=_order(values),
        limit=values.get("limit", DEFAULT_LIMIT),
        cursor=paging.opened(values["cursor"], binding) if "cursor" in values else "*",
        facets=[FACETS[name][0] for name in values.get("facets", ())],
        hidden=access.hidden_ids(),
    )
    try:
        result = search.search(query)
    except search.CursorRefused as error:
        raise bad_parameter("cursor", "E-API-425") from error
    bodies = [_only(body, values["fields"]) for body in result.bodies] if "fields" in values else result.bodies
    cursor = paging.sealed(result.cursor, binding) if result.cursor else None
    meta = {"facets": _facets(values["facets"], result.facets)} if "facets" in values else {}
    following = paging.following(cursor) if cursor else None
    return answering.listing(bodies, total=result.total, cursor=cursor, following=following, meta=meta)


# Everything one answer needs, in one statement: who may read it is decided from the same row, and of what the reader
# has already no body is sent.
_ONE = """
SELECT r.package_id, r.owner_org, r.status, r.hak_akses, {last_seen} AS last_seen, a.etag,
       CASE WHEN a.etag = ANY(:known) THEN NULL ELSE a.body END AS body,
       r.status = 'ditarik' AND EXISTS (
         SELECT 1 FROM satudata_change c WHERE c.package_id = r.package_id AND c.audience = 'public') AS was_public
  FROM satudata_record r LEFT JOIN satudata_source s ON s.id = r.source_id
       LEFT JOIN satudata_answer a ON a.package_id = r.package_id AND a.audience = {audience}
 WHERE r.package_id = :asked OR r.name = :asked OR r.name = :erased
"""
_ASKED = {"asked": "text", "erased": "text", "known": "text[]"}
_READER = {"everything": "boolean", "own": "text[]", "granted": "text[]"}
_ONE_PUBLIC = database.Prepared("satudata_one", _ONE.format(audience="'public'", last_seen=LAST_SEEN), _ASKED)
_ONE_MIXED = database.Prepared(
    "satudata_one_mixed", _ONE.format(audience=database.AUDIENCE, last_seen=LAST_SEEN), _ASKED | _READER
)


@route("/datasets/<id_or_name>", scope="catalog:read")
def dataset(caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """One dataset by its id or its URL name, with the time it was last seen at its source."""
    found = answer_of(caller, id_or_name, known=answering.known_tags())
    body = found.body
    if body is None:
        return answering.unchanged(found.etag)
    if found.last_seen is not None:
        body = f'{body[:-1]},"last_checked":"{found.last_seen.isoformat(timespec="seconds")}"}}'
    return answering.item(body.encode(), etag=found.etag)


def answer_of(caller: Caller, id_or_name: str, *, known: Sequence[str] = ()) -> Any:
    """The row with `body`, `etag` and `last_seen` of the answer the caller gets; 404 and 410 where there is none.

    `body` is None where its tag is one of those `known`.
    """
    if "\x00" in id_or_name or len(id_or_name) > 200:
        raise Problem(404)
    asked = {"asked": id_or_name, "erased": erased_name(id_or_name), "known": list(known)}
    if caller.reader.reads_public_only:
        rows = database.rows(_ONE_PUBLIC, asked)
    else:
        rows = database.rows(_ONE_MIXED, asked | database.readership(caller.reader))
    # another's URL name may be this one's id
    row = next((one for one in rows if one.package_id == id_or_name), rows[0] if rows else None)
    if row is None:
        raise Problem(404)
    inside = caller.reads_inside(row.owner_org)
    if row.status == "ditarik" and (inside or row.was_public):
        raise Problem(410)
    if (row.status != "tayang" and not inside) or row.etag is None:
        raise Problem(404)
    return row


def _filters(values: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    asked = {
        FACETS[name][0]: values[name] for name in FACETS if name in values and name not in {"organization", "format"}
    }
    if "format" in values:
        formats = contract.vocabulary("format")
        asked["sd_format"] = [formats.resolve(value) or value.lower() for value in values["format"]]
    return asked


def _clauses(values: Mapping[str, Any]) -> list[str]:
    clauses = []
    if "organization" in values:
        names = values["organization"]
        clauses.append(f"{search.any_of('organization', names)} OR {search.any_of('owner_org', names)}")
    if "periode" in values:
        clauses.append(f"sd_tahun:{values['periode']}")
    clauses += [f"{field}:{values[name]}" for name, field in DATES.items() if name in values]
    if "terlambat" in values:
        late = "sd_jatuh_tempo:[* TO NOW/DAY-1DAY]"
        clauses.append(late if values["terlambat"] else f"*:* -{late}")
    return clauses


def _order(values: Mapping[str, Any]) -> str:
    asked = values.get("sort") or ("relevance" if values.get("q", "").strip() else "-metadata_changed")
    if asked == "relevance":
        return "score desc"
    name = asked.removeprefix("-")
    return f"{SORTS[name]} {'desc' if asked.startswith('-') else 'asc'}"


def _binding(caller: Caller, values: Mapping[str, Any]) -> str:
    """What a cursor belongs to: the search and who may see what, not the size of the page or the fields shown."""
    search_of = {name: value for name, value in values.items() if name not in {"cursor", "limit", "fields", "facets"}}
    reader = (caller.labels, caller.reader.everything)
    return hashlib.sha256(orjson.dumps([search_of, *reader], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _only(body: bytes, fields: Sequence[str]) -> bytes:
    whole = orjson.loads(body)
    return orjson.dumps({name: whole[name] for name in ("id", *fields) if name in whole})


def _facets(names: Sequence[str], counted: Mapping[str, list[tuple[str, int]]]) -> dict[str, list[dict[str, Any]]]:
    language = problems.preferred_language()
    return {
        name: [
            {"value": value, "label": _label(name, value, language), "count": count}
            for value, count in counted[FACETS[name][0]]
        ]
        for name in names
    }


def _label(facet: str, value: str, language: str) -> str:
    vocabulary = FACETS[facet][1]
    if vocabulary:
        return contract.vocabulary(vocabulary).label_of(value, language)
    if facet == "organization":
        return _title(value)
    return LABELS.get(value, {}).get(language, value) if facet == "label" else value


_TITLES = text("""SELECT name, title FROM "group" WHERE is_organization""")
_TITLES_SECONDS = 30
_titles: tuple[float, dict[str, str]] = (0.0, {})


def _title(organization: str) -> str:
    """Title of an OPD, half a minute old at most: a facet's label is worth no statement per request."""
    global _titles  # noqa: PLW0603
    read, known = _titles
    if organization not in known or time.monotonic() - read > _TITLES_SECONDS:
        known = {row.name: row.title or row.name for row in database.rows(_TITLES)}
        _titles = (time.monotonic(), known)
    return known.get(organization, organization)
