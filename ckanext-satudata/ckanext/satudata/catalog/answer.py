"""The API's answer for one dataset, rendered once when it is written and read many times.

What a reader may see is decided here and nowhere later: `public` holds what everyone may read of the dataset's access
class, `full` what its OPD, the Walidata and clients granted its `terbatas` datasets read. Personal contacts of the
national metadata (fields marked `private` in the contract) stand in neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cache
from typing import Any, Literal

import orjson

from ckanext.satudata.catalog.openness import tells_score
from ckanext.satudata.catalog.package import resource_ids
from satudata_schemas import contract
from satudata_schemas.dataset import Dataset

Audience = Literal["public", "full"]

#: What the public reads of a `tertutup` dataset (UU 14/2008 Pasal 17: the decision to withhold is itself public).
CLOSED_FIELDS = ("hak_akses", "dasar_pengecualian")
#: Keys of a resource that lead to its content or show some of it (`value_domain` of a column).
LINK_KEYS = frozenset({"url", "hash", "kamus_data"})
#: Set by the platform from the record's row, never taken from what a source or a client sent.
SERVER_FIELDS = frozenset({"title", "name", "owner_org", "hasil", "status", "skor_sdi", "identifier", "resources"})
#: Block II of the BPS activity metadata names the person responsible (UU 27/2022 Pasal 4).
PERSONAL_PREFIX = "ii_pj_"


@dataclass(frozen=True, slots=True)
class Answer:
    """A rendered answer: `etag` as it stands in the header, and the JSON `body`."""

    etag: str
    body: str


def render(
    dataset: Dataset,
    *,
    record: Mapping[str, Any],
    organization: Mapping[str, Any],
    source: Mapping[str, Any],
) -> dict[Audience, Answer]:
    """The answers for both audiences; equal input gives equal bytes.

    `record` is the row of `satudata_record` as written (read are `id, package_id, name, identifier, status, version,
    hak_akses, hasil, score, principles, jatuh_tempo, tidak_ditemukan_sejak` and the three times of change),
    `organization` has `id, name, title` of the owning OPD, `source` has `name, title, identitas` of the application.
    """
    full = {
        **_identity(dataset, record, organization),
        **_described(dataset),
        "source": {key: source.get(key) for key in ("name", "title")},
        "identifier": record.get("identifier"),
        **_standing(record),
        "skor_sdi": record.get("score") if tells_score(record) else None,
        "resources": _resources(dataset, record, keep=source.get("identitas") == "pertahankan"),
    }
    public = _public(full, str(record.get("hak_akses") or dataset.text("hak_akses") or "terbuka"))
    answers: dict[Audience, Answer] = {"full": _answer(full)}
    answers["public"] = answers["full"] if public is full else _answer(public)
    return answers


def audiences(record: Mapping[str, Any]) -> tuple[Audience, ...]:
    """Whose answers are kept of a record: one that everyone reads whole is kept once, for the public."""
    if record["status"] == "ditarik":
        return ()
    if record["status"] != "tayang":
        return ("full",)
    return ("public",) if record["hak_akses"] == "terbuka" else ("full", "public")


def etag(body: bytes) -> str:
    """Entity tag of a body. Weak, because the same dataset is also sent compressed and with its time of last check."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _answer(document: Mapping[str, Any]) -> Answer:
    kept = {name: value for name, value in document.items() if value is not None}
    try:
        body = orjson.dumps(kept)
    except TypeError:  # lone surrogates, integers beyond 64 bits: what JSON text can carry and JSON bytes cannot
        body = orjson.dumps(_storable(kept))
    return Answer(etag(body), body.decode())


def _public(full: dict[str, Any], access: str) -> dict[str, Any]:
    if access == "tertutup":
        kept = ("id", "name", "title", "organization", *CLOSED_FIELDS, "status", "version")
        return {name: full[name] for name in kept if name in full} | {"resources": []}
    if access == "terbatas":
        resources = [
            {key: value for key, value in resource.items() if key not in LINK_KEYS} for resource in full["resources"]
        ]
        return {**full, "resources": resources}
    return full


def _identity(dataset: Dataset, record: Mapping[str, Any], organization: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": record.get("package_id") or record.get("id"),
        "name": record.get("name"),
        "title": dataset.text("title"),
        "organization": {key: organization.get(key) for key in ("id", "name", "title")},
    }


def _described(dataset: Dataset) -> dict[str, Any]:
    """The contract's fields in its order and types, without what the platform sets and without personal contacts."""
    known = {
        name: _typed(field, dataset)
        for name, field in _served_fields().items()
        if dataset.get(name) not in (None, "", [])
    }
    national = {
        name: dataset.text(name)
        for name in sorted(dataset)
        if name not in contract.fields() and contract.NATIONAL_KEY.match(name) and not name.startswith(PERSONAL_PREFIX)
    }
    return known | national


def _typed(field: contract.Field, dataset: Dataset) -> Any:
    if field.is_text:
        return dataset.text(field.name)
    return dataset.texts(field.name) if field.is_list else dataset[field.name]


@cache
def _served_fields() -> dict[str, contract.Field]:
    return {
        name: field
        for name, field in contract.fields().items()
        if not (name in SERVER_FIELDS or field.computed or field.private or name.startswith(PERSONAL_PREFIX))
    }


def _resources(dataset: Dataset, record: Mapping[str, Any], *, keep: bool) -> list[dict[str, Any]]:
    ids = resource_ids(str(record.get("package_id") or record.get("id")), dataset.resources, keep=keep)
    known = [name for name in contract.resource_fields() if name != "id"]
    return [
        {"id": id_} | {name: resource[name] for name in known if resource.get(name) not in (None, "", [])}
        for id_, resource in zip(ids, dataset.resources, strict=True)
    ]


def _standing(record: Mapping[str, Any]) -> dict[str, Any]:
    """Where the dataset stands and what is known of its times: changed at the source, in its data, in its metadata."""
    return {
        "status": record.get("status"),
        "label": label(record.get("principles") or {}),
        "version": record.get("version"),
        "jatuh_tempo": _iso(record.get("jatuh_tempo")),
        "tidak_ditemukan_sejak": _iso(record.get("tidak_ditemukan_sejak")),
        "source_modified": _iso(record.get("source_modified")),
        "data_changed": _iso(record.get("data_changed")),
        "metadata_changed": _iso(record.get("metadata_changed")),
    }


def label(principles: Mapping[str, Any]) -> str:
    """`memenuhi` when all four principles are met, else `proses` ("Masih dalam proses pemenuhan Prinsip SDI")."""
    met = bool(principles) and all(principle.get("met") for principle in principles.values())
    return "memenuhi" if met else "proses"


def _iso(moment: Any) -> str | None:
    """ISO 8601 in UTC, or a date as it is."""
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(moment, date):
        return moment.isoformat()
    return moment or None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        return str(value)
    return value
