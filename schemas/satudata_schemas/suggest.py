"""Suggestions: what can be inferred is offered with its reason and confidence, never passed off as given.

Only fields that are empty get one. "high" means: taken from words that leave hardly another reading.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from satudata_schemas import cell, contract, suggest_period, suggest_place
from satudata_schemas.dataset import Dataset, plain_text
from satudata_schemas.reference import Reference, readable_year

Confidence = Literal["high", "medium", "low"]

WORDS_FILE = Path(__file__).parent / "suggest_words.json"
_PREFIX = re.compile(
    r"^(?:\[[^\]]{1,40}\]\s*"
    r"|(?:data(?:set)?|rekap(?:itulasi)?|tabel|laporan|statistik|informasi|daftar data)\s+(?:data\s+)?)+",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]{1,40}?)\s*[)\]]")
_PER_MANY = re.compile(r"\bper\s+(?:(?P<many>100\.?000|seratus ribu)|1\.?000|seribu)(?![\d.])", re.IGNORECASE)
_IN_UNITS = re.compile(r"\bdalam\s+((?:ribu |juta |miliar |milyar )?[a-z%]{2,12})\b", re.IGNORECASE)
_SCHEDULES = {
    "harian": "harian",
    "mingguan": "mingguan",
    "bulanan": "bulanan",
    "triwulanan": "triwulanan",
    "semesteran": "semesteran",
    "tahunan": "tahunan",
    "per triwulan": "triwulanan",
    "per semester": "semesteran",
    "setiap bulan": "bulanan",
    "setiap tahun": "tahunan",
}


@dataclass(frozen=True)
class Suggestion:
    """A value a field could take: `reason` is a code of the messages, `params` the values its sentence needs."""

    field: str
    value: Any
    confidence: Confidence
    reason: str
    params: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "field": self.field,
            "value": self.value,
            "confidence": self.confidence,
            "reason": self.reason,
            "params": self.params,
        }


def suggest(dataset: Dataset, reference: Reference) -> Iterator[Suggestion]:
    """What the dataset's own words say of fields it leaves empty: region, period, measure, unit, schedule, topic,
    affair.
    """
    title = re.sub(r"\s+", " ", dataset.text("title")[:500])
    if not dataset.filled("kode_wilayah"):
        yield from _region(dataset, title, reference)
    if not dataset.filled("periode_awal") and not dataset.filled("periode_akhir"):
        yield from _period(dataset, title)
    bare = _PREFIX.sub("", title)
    measure = dataset.text("ukuran") or next((one.value for one in _measure(bare)), "")
    if not dataset.filled("ukuran"):
        yield from _measure(bare)
    if not dataset.filled("satuan"):
        yield from _unit(dataset, bare, measure)
    if not dataset.filled("jadwal_pemutakhiran"):
        yield from _schedule(dataset, title)
    if not dataset.filled("kode_urusan") or not dataset.filled("kategori"):
        yield from _affair(dataset, title)


# --- region
# -------------------------------------------------------------------------------------------------------------


def _region(dataset: Dataset, title: str, reference: Reference) -> Iterator[Suggestion]:
    named = dataset.text("nama_wilayah")
    tries: list[tuple[str, Confidence]] = [
        (named, "high"),
        (title, "high"),
        (dataset.text("produsen_data_name"), "high"),
    ]
    tries += [(dataset.text(name).replace("-", " "), "medium") for name in ("owner_org", "kontak_nama_unit")]
    for text, confidence in tries:
        found = suggest_place.place(text[:500], reference, whole=text == named)
        if found:
            words, region = found
            yield Suggestion(
                "kode_wilayah", region.code, confidence, "I-USUL-003", {"kata": words, "nama": region.name}
            )
            return


# --- period
# -------------------------------------------------------------------------------------------------------------


def _period(dataset: Dataset, title: str) -> Iterator[Suggestion]:
    span = suggest_period.span(title)
    if span:
        yield from _both_ends(span[0], span[1], "high", "I-USUL-001", {"kata": span[2]})
        return
    years = sorted(
        {year for resource in dataset.resources for year in [readable_year(resource.get("tahun_data"))] if year}
    )
    if years:
        yield from _both_ends(years[0], years[-1], "high", "I-USUL-004", {"kata": ", ".join(years[:5])})
        return
    names = " ".join(plain_text(resource.get("name"))[:200] for resource in dataset.resources[:50])
    written = suggest_period.years(names)
    if written:
        yield from _both_ends(written[0], written[-1], "medium", "I-USUL-004", {"kata": ", ".join(written[:5])})


def _both_ends(
    first: str, last: str, confidence: Confidence, reason: str, params: dict[str, Any]
) -> Iterator[Suggestion]:
    yield Suggestion("periode_awal", first, confidence, reason, params)
    yield Suggestion("periode_akhir", last, confidence, reason, params)


# --- measure and unit
# ---------------------------------------------------------------------------------------------------


def _measure(title: str) -> Iterator[Suggestion]:
    measures = contract.vocabulary("ukuran")
    words = title.split()
    for count in (2, 1):
        word = " ".join(words[:count]).rstrip(",:;")
        code = measures.resolve(word)
        if code:
            yield Suggestion("ukuran", code, "high", "I-USUL-002", {"kata": word})
            return
    lower = title.casefold()
    for concept, code in _words()["measure_of_concept"].items():
        if lower.startswith(concept):
            # "Curah hujan dan hari hujan" are two things with a measure each.
            sure = concept != "realisasi" and not lower[len(concept) :].startswith(" dan ")
            yield Suggestion("ukuran", code, "high" if sure else "medium", "I-USUL-005", {"kata": concept})
            return


def _unit(dataset: Dataset, title: str, measure: str) -> Iterator[Suggestion]:
    units = contract.vocabulary("satuan")
    told = {plain_text(column.get("satuan")) for resource in dataset.resources for column in _columns(resource)} - {""}
    if len(told) == 1:
        (said,) = told
        yield Suggestion("satuan", units.resolve(said) or said, "high", "I-USUL-006", {"kata": said})
        return
    if many := _PER_MANY.search(title):
        code = "per_100000" if many["many"] else "per_1000"
        yield Suggestion("satuan", code, "high", "I-USUL-007", {"kata": many[0]})
        return
    for match in (*_BRACKETS.finditer(title), *_IN_UNITS.finditer(title)):
        unit = units.resolve(match[1])
        if unit and not cell.is_year(match[1]):
            yield Suggestion("satuan", unit, "high", "I-USUL-007", {"kata": match[1]})
            return
    yield from _unit_by_words(title, measure)


def _unit_by_words(title: str, measure: str) -> Iterator[Suggestion]:
    lower = title.casefold()
    for words, code in _words()["unit_of_measure"].items():
        if lower.startswith(words):
            yield Suggestion("satuan", code, "high", "I-USUL-005", {"kata": words})
            return
    if measure not in {"jumlah", "populasi", "daftar", ""} or not lower.startswith(
        ("jumlah", "banyaknya", "total", "populasi", "cacah")
    ):
        return
    # What is counted stands right behind the measure: "Jumlah Siswa Sekolah Dasar" are people, not schools.
    rest = " ".join(lower.split()[1:8])
    placed = [
        (at, -len(word), code)
        for code, words in _words()["units"].items()
        for word in words
        if (at := _at(rest, word)) is not None
    ]
    if placed:
        at, length, code = min(placed)
        yield Suggestion(
            "satuan", code, "high" if at == 0 else "medium", "I-USUL-005", {"kata": rest[at : at - length]}
        )


def _at(text: str, word: str) -> int | None:
    if word not in text:  # nearly always; and a pattern of its own for each of the many words is dear
        return None
    match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    return match.start() if match else None


def _columns(resource: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    kamus = resource.get("kamus_data")
    return [column for column in kamus if isinstance(column, Mapping)] if isinstance(kamus, list | tuple) else []


# --- schedule
# -----------------------------------------------------------------------------------------------------------


def _schedule(dataset: Dataset, title: str) -> Iterator[Suggestion]:
    lower = title.casefold()
    for words, code in _SCHEDULES.items():
        if _at(lower, words) is not None:
            yield Suggestion("jadwal_pemutakhiran", code, "medium", "I-USUL-008", {"kata": words})
            return
    years = [year for resource in dataset.resources for year in [readable_year(resource.get("tahun_data"))] if year]
    counts = Counter(years)
    if len(counts) >= 3 and max(counts.values()) == 1 and int(max(counts)) - int(min(counts)) == len(counts) - 1:
        yield Suggestion(
            "jadwal_pemutakhiran", "tahunan", "high", "I-USUL-009", {"kata": f"{min(counts)}–{max(counts)}"}
        )


# --- topic and affair
# ---------------------------------------------------------------------------------------------------


def _affair(dataset: Dataset, title: str) -> Iterator[Suggestion]:
    tags = " ".join(tag[:100] for tag in dataset.texts("tags")[:20])
    text = f" {title} {tags} ".casefold()
    hits: dict[str, list[str]] = {}
    for match in _affair_words().finditer(text):
        for code in _affairs_of()[match[1]]:
            hits.setdefault(code, []).append(match[1])
    if not hits:
        return
    ranked = sorted(hits.items(), key=lambda hit: (-len(set(hit[1])), -max(map(len, hit[1]))))
    code, words = ranked[0]
    alone = len(ranked) == 1
    confidence: Confidence = (
        "high" if alone and len(set(words)) > 1 else "medium" if alone or len(set(words)) > 1 else "low"
    )
    params = {"kata": ", ".join(dict.fromkeys(words))}
    if not dataset.filled("kode_urusan"):
        yield Suggestion("kode_urusan", [code], confidence, "I-USUL-010", params)
    if not dataset.filled("kategori"):
        yield Suggestion("kategori", _words()["urusan"][code]["topic"], confidence, "I-USUL-010", params)


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return found


@cache
def _affairs_of() -> dict[str, list[str]]:
    """Word → the affairs it tells."""
    told: dict[str, list[str]] = {}
    for code, entry in _words()["urusan"].items():
        for word in entry["words"]:
            told.setdefault(word, []).append(code)
    return told


@cache
def _affair_words() -> re.Pattern[str]:
    """All of them as one pattern, longer ones first, so that "penduduk miskin" is not taken for "penduduk"."""
    ordered = sorted(_affairs_of(), key=len, reverse=True)
    return re.compile(r"(?<!\w)(" + "|".join(map(re.escape, ordered)) + r")(?!\w)")
