"""The API's answer for one dataset, rendered once when it is written and read many times.

What a reader may see is decided here and nowhere later: `public` holds what everyone may read of the dataset's access
class, `full` what its OPD, the Walidata and clients granted its `terbatas` datasets read. Personal contacts of the
national metadata (fields marked `private` in the contract) stand in neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson
from satudata_schemas.dataset import Dataset

Audience = Literal["public", "full"]

#: What the public reads of a `tertutup` dataset (UU 14/2008 Pasal 17: the decision to withhold is itself public).
CLOSED_FIELDS = ("hak_akses", "dasar_pengecualian")
#: Keys of a resource that lead to its content.
LINK_KEYS = frozenset({"url", "hash"})
#: Set by the platform from the record's row, never taken from what a source or a client sent.
SERVER_FIELDS = frozenset(
    {"title", "name", "owner_org", "hasil", "status", "skor_sdi", "identifier", "resources", "extras"}
)


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
    principles, jatuh_tempo, tidak_ditemukan_sejak` and the three times of change), `organization` has
    `id, name, title` of the owning OPD, `source` has `name, title` of the application.
    """
    fields = _fields(dataset)
    full = {
        **_identity(fields, record, organization),
        **_described(fields),
        "source": {key: source.get(key) for key in ("name", "title")},
        "identifier": record.get("identifier"),
        **_standing(record),
        "resources": [_ordered(resource, _schema().resource) for resource in fields.get("resources") or ()],
    }
    public = _public(full, fields.get("hak_akses") or "terbuka")
    answers: dict[Audience, Answer] = {"full": _answer(full)}
    answers["public"] = answers["full"] if public is full else _answer(public)
    return answers


def etag(body: bytes) -> str:
    """Entity tag of a body. Weak, because the same dataset is also sent compressed and with its time of last check."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _answer(document: Mapping[str, Any]) -> Answer:
    body = orjson.dumps({name: value for name, value in document.items() if value is not None}, default=str)
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


def _identity(
    fields: Mapping[str, Any], record: Mapping[str, Any], organization: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": record.get("package_id") or record.get("id"),
        "name": record.get("name"),
        "title": fields.get("title"),
        "organization": {key: organization.get(key) for key in ("id", "name", "title")},
    }


def _described(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's fields in the contract's order; what the platform sets and personal contacts are left out."""
    described = _ordered(fields, _schema().dataset)
    return {
        name: value
        for name, value in described.items()
        if name not in SERVER_FIELDS and name not in _schema().private and not name.startswith("ii_pj_")
    }


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
    met = bool(principles) and all(_met(value) for value in principles.values())
    return "memenuhi" if met else "proses"


def _met(principle: Any) -> bool:
    if isinstance(principle, Mapping):
        return bool(principle.get("met", principle.get("terpenuhi")))
    return principle is True


def _iso(moment: Any) -> str | None:
    """ISO 8601 in UTC, or a date as it is."""
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(moment, date):
        return moment.isoformat()
    return moment or None


def _fields(dataset: Dataset) -> Mapping[str, Any]:
    return dataset.fields


def _ordered(values: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
    known = {name: values[name] for name in order if name in values}
    return known | {name: values[name] for name in sorted(values) if name not in known}


@dataclass(frozen=True, slots=True)
class _Order:
    dataset: tuple[str, ...]
    resource: tuple[str, ...]
    private: frozenset[str]


@cache
def _schema() -> _Order:
    schema = json.loads(files("satudata_schemas").joinpath("dataset.schema.json").read_text(encoding="utf-8"))
    properties = schema["properties"]
    private = (name for name, field in properties.items() if field.get("x-satudata", {}).get("private"))
    return _Order(tuple(properties), tuple(properties["resources"]["items"]["properties"]), frozenset(private))
