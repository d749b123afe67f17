"""Rules on Standar Data: concept, definition, classification, measure, unit (Perpres 39/2019 Pasal 4; naming after
Peraturan BPS 4/2020).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from satudata_schemas import contract
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import excerpt
from satudata_schemas.reference import Reference
from satudata_schemas.rule import Found, found, rule

_REGION_WORD = re.compile(r"\b(?:kabupaten|kota|provinsi|kab|prov)\.?\s+(?P<name>[a-z][a-z'’ \-]{2,40})", re.IGNORECASE)
_TIME_WORD = re.compile(
    r"(?<!\d)(?:19|20)\d{2}(?!\d)|\b(?:tahun|triwulan|semester|bulan)\s+(?:[ivx]+|\d+)\b", re.IGNORECASE
)


@rule("W-STD-001", "W-STD-002", "W-STD-003", principle="standar_data", source="Peraturan BPS 4/2020")
def concept_is_named_as_a_concept(dataset: Dataset, codes: Reference) -> Iterator[Found]:
    """A concept says what the data is about: not how it is measured, not when, not where."""
    concept = dataset.text("konsep")
    if not concept:
        return
    measure = first_measure(concept)
    if measure:
        rest = concept[len(measure) :].strip()
        yield found("/konsep", kata=measure, usulan=excerpt(rest) or "–")
    time = re.search(
        r"(?<!\d)(?:19|20)\d{2}(?!\d)|\b(?:tahun|triwulan|semester|bulan)\s+(?:[ivx]+|\d+)\b", concept, re.IGNORECASE
    )
    if time:
        yield found("/konsep", code="W-STD-002", kata=time[0])
    place = named_region(concept, codes)
    if place:
        yield found("/konsep", code="W-STD-003", kata=place)


@rule("W-STD-004", principle="standar_data", source="Perpres 39/2019 Pasal 4")
def definition_delimits(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """A definition says more than the concept or the title it defines."""
    definition = dataset.text("definisi").casefold().rstrip(".")
    if definition and definition in {dataset.text("konsep").casefold(), dataset.text("title").casefold()}:
        yield found("/definisi")


#: Measures whose unit is settled by what they are.
_UNITS_OF = {"persentase": {"persen"}}
_NO_COUNT = {"persen", "permil"}


@rule("W-STD-005", "W-STD-006", principle="standar_data", source="Peraturan BPS 4/2020")
def measure_and_unit_agree(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The measure is that of the title's first word, and the unit one that can count it."""
    measures, units = contract.vocabulary("ukuran"), contract.vocabulary("satuan")
    measure = measures.resolve(dataset.text("ukuran"))
    if measure is None:
        return
    word = first_measure(dataset.text("title"))
    said = measures.resolve(word) if word else None
    if said and said != measure and {said, measure} not in _CLOSE:
        yield found("/ukuran", ukuran=measures.label_of(measure), kata=word)
    unit = units.resolve(dataset.text("satuan"))
    if unit is None:
        return
    expected = _UNITS_OF.get(measure)
    if (expected and unit not in expected) or (measure == "jumlah" and unit in _NO_COUNT):
        yield found("/satuan", code="W-STD-006", ukuran=measures.label_of(measure), satuan=units.label_of(unit))


#: Pairs that name nearly the same measure: the title may use either.
_CLOSE = [
    set(pair)
    for one, others in {
        "jumlah": "populasi angka produksi nilai volume realisasi daftar target",
        "persentase": "tingkat angka cakupan prevalensi pertumbuhan rasio",
        "angka": "rasio tingkat indeks",
        "nilai": "indeks skor realisasi",
        "skor": "indeks",
    }.items()
    for pair in ((one, other) for other in others.split())
]


def first_measure(text: str) -> str | None:
    """The word of the vocabulary `ukuran` a text begins with ("Rata-rata lama sekolah" → "Rata-rata"); None when it
    begins otherwise.
    """
    words = text[:120].split()
    for count in (2, 1):
        if len(words) > count or (len(words) == count and count == 1):
            start = " ".join(words[:count])
            if contract.vocabulary("ukuran").resolve(start.rstrip(",:")):
                return start
    return None


def named_region(text: str, codes: Reference) -> str | None:
    """A regency, city or province that a text names with its kind before it; None when it names none."""
    for match in _REGION_WORD.finditer(text[:500]):
        words = match[0].split()
        for count in range(min(len(words), 6), 1, -1):
            name = " ".join(words[:count])
            if any(region.level in {"provinsi", "kabkota"} for region in codes.wilayah.find(name)):
                return name
    return None
