"""Our own part of a Solr document: what is counted, filtered and sorted by, and the rendered answers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import labels, tables
from ckanext.satudata.catalog.answer import label
from ckanext.satudata.catalog.storable import TERM_BYTES
from satudata_schemas import contract
from satudata_schemas.dataset import Dataset
from satudata_schemas.reference import Reference


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue knows of one package."""

    record: Mapping[str, Any]
    source: Mapping[str, Any]
    answers: Mapping[str, str]


_READ = (
    "id", "version", "package_id", "source_id", "owner_org", "dataset", "hasil", "status", "score", "principles",
    "hak_akses", "jatuh_tempo", "source_modified", "data_changed", "metadata_changed",
)  # fmt: skip


def facts(session: Session, ids: Sequence[str]) -> dict[str, Facts]:
    """Read it, in two statements."""
    record, source, answer = tables.record.c, tables.source.c, tables.answer.c
    answers: dict[str, dict[str, str]] = {}
    for row in session.execute(
        select(answer.package_id, answer.audience, answer.body).where(answer.package_id.in_(ids))
    ):
        answers.setdefault(row.package_id, {})[row.audience] = row.body
    rows = session.execute(
        select(*(record[name] for name in _READ), source.name.label("source_name"), source.title.label("source_title"))
        .outerjoin(tables.source, source.id == record.source_id)
        .where(record.package_id.in_(ids))
    ).mappings()
    return {
        row["package_id"]: Facts(
            dict(row), {"name": row["source_name"], "title": row["source_title"]}, answers.get(row["package_id"], {})
        )
        for row in rows
    }


def with_fields(document: dict[str, Any], known: Facts | None) -> dict[str, Any]:
    """The document with our fields, and without what its access class keeps from the public.

    Terms too long for Lucene are left out of the fields that only repeat an extra; they stay searchable as text.
    """
    dataset = Dataset(known.record["dataset"] or {}) if known else Dataset()
    access = known.record["hak_akses"] if known else labels.access_of_document(document)
    if access != "terbuka":
        document = labels.for_public(document, access)
    elif labels.has_unpublished(document):
        document = labels.without_unpublished(document)
    for key in [key for key, value in document.items() if _too_long(key, value)]:
        del document[key]
    if known:
        document.update(_ours(dataset, known, access))
    return document


#: fields of CKAN's schema that hold long text; every other undeclared one is a single term
_LONG = frozenset({"data_dict", "validated_data_dict", "title", "notes", "text", "sd_answer_public", "sd_answer_full"})


def _too_long(key: str, value: Any) -> bool:
    if not isinstance(value, str) or len(value) * 4 <= TERM_BYTES or key in _LONG or key.startswith("extras_"):
        return False
    return len(value.encode("utf-8", "replace")) > TERM_BYTES


def _ours(dataset: Dataset, known: Facts, access: str) -> dict[str, Any]:
    record, source = known.record, known.source
    ours: dict[str, Any] = {
        "sd_hasil": record["hasil"],
        "sd_status": record["status"],
        "sd_skor": record["score"],
        "sd_version": record["version"],
        "sd_hak_akses": access,
        "sd_labels": labels.full_readers(record["owner_org"]),
        "sd_metadata_changed": _moment(record["metadata_changed"]),
        "sd_answer_public": known.answers.get("public"),
        "sd_answer_full": known.answers.get("full"),
    }
    if access != "tertutup":  # what is not to be read is not to be found by either
        ours |= {
            "sd_label": label(record["principles"] or {}),
            "sd_source": source["name"],
            "sd_aplikasi": source["title"],
            "sd_source_modified": _moment(record["source_modified"]),
            "sd_data_changed": _moment(record["data_changed"]),
            "sd_jatuh_tempo": _day(record["jatuh_tempo"]),
            "sd_kategori": _code("kategori", dataset.text("kategori")),
            "sd_kode_urusan": _codes("urusan", dataset.texts("kode_urusan")),
            "sd_kode_wilayah": regions(dataset),
            "sd_tahun": years(dataset),
            "sd_jadwal": _code("jadwal_pemutakhiran", dataset.text("jadwal_pemutakhiran")),
            "sd_prioritas_tahun": _years_in(dataset.texts("prioritas_tahun")),
            "sd_format": sorted({_format(str(item.get("format") or "")) for item in dataset.resources} - {""}),
        }
    return {key: value for key, value in ours.items() if value not in (None, "", [])}


def _code(vocabulary: str, value: str) -> str:
    return (contract.vocabulary(vocabulary).resolve(value) or value)[:200] if value else ""


def _codes(vocabulary: str, values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_code(vocabulary, value) for value in values))[:100]


def _format(value: str) -> str:
    return (contract.vocabulary("format").resolve(value) or value.strip().lower())[:100]


def regions(dataset: Dataset) -> list[str]:
    """The region's code in Kemendagri's dotted form, and those of the regions above it."""
    code = dataset.text("kode_wilayah")
    return list(_region_and_above(code)) if code else []


@cache
def _wilayah() -> Any:
    return Reference.load().wilayah


@cache
def _region_and_above(code: str) -> tuple[str, ...]:
    read = _wilayah().read(code)
    if not read:
        return ()
    return (*(region.code for region in _wilayah().parents(read)), read)


_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


def _years_in(texts: Iterable[str]) -> list[int]:
    return sorted({int(year) for text in texts for year in _YEAR.findall(text)})


def years(dataset: Dataset) -> list[int]:
    """Every year the data speaks of: from beginning to end of its period, else those its files name."""
    ends = _years_in((dataset.text("periode_awal"), dataset.text("periode_akhir")))
    if ends:
        return list(range(ends[0], ends[-1] + 1))
    return _years_in(str(item.get("tahun_data") or "") for item in dataset.resources)


def _moment(value: dt.datetime | None) -> str | None:
    return value.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value else None


def _day(value: dt.date | None) -> str | None:
    return f"{value.isoformat()}T00:00:00Z" if value else None
