"""Rules on region codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from satudata_schemas import contract
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import excerpt
from satudata_schemas.reference import Reference
from satudata_schemas.rule import Found, found, rule

_WHOLE_COUNTRY = {"0", "00", "0000", "00.00", "id", "indonesia", "nasional"}


@rule(
    "E-REF-002",
    "W-REF-003",
    "W-REF-004",
    "I-REF-005",
    "W-REF-006",
    principle="kode_referensi",
    source="Perpres 39/2019 Pasal 3 huruf d",
)
def region_is_right(dataset: Dataset, codes: Reference) -> Iterator[Found]:
    """The region code exists, did so in the period the data is about, and is that of the name beside it.

    A table of 2013 may rightly carry a code that has been split since; a code that exists may still be another
    place's, because BPS numbers differently.
    """
    code = dataset.text("kode_wilayah")
    if not code or code.casefold() in _WHOLE_COUNTRY:
        return
    system = contract.vocabulary("sistem_kode_wilayah").resolve(dataset.text("sistem_kode_wilayah"))
    if system == "bps":
        if not re.fullmatch(r"\d{2}(?:\d{2}(?:\d{3}(?:\d{3})?)?)?", code):
            yield found("/kode_wilayah", kode=excerpt(code), versi="BPS")
        return
    wilayah = codes.wilayah
    when = dataset.text("periode_akhir") or dataset.text("periode_awal") or None
    region = wilayah.get(code)
    if not wilayah.valid(code) and not wilayah.valid(code, on=when):
        if region is not None and region.until is not None:
            yield found(
                "/kode_wilayah",
                code="W-REF-006",
                kode=region.code,
                nama=region.name,
                sampai=region.until,
                pengganti=region.successor or "–",
            )
        elif _looks_like_bps(code):
            yield found("/kode_wilayah", code="W-REF-003", kode=excerpt(code))
        else:
            yield found("/kode_wilayah", kode=excerpt(code), versi=wilayah.version)
        return
    if when and region is not None and not wilayah.valid(code, on=when):
        yield found(
            "/kode_wilayah",
            code="W-REF-006",
            kode=region.code,
            nama=region.name,
            sampai=region.since or region.until or "–",
            pengganti=region.successor or "–",
        )
    name = dataset.text("nama_wilayah")
    if name and region is not None and not wilayah.bears(code, name):
        hint = wilayah.find(name)
        yield found(
            "/kode_wilayah",
            code="W-REF-004",
            kode=region.code,
            nama=region.name,
            tertulis=excerpt(name),
            usulan=hint[0].code if hint else "–",
        )
    if region is not None and region.code != code:
        yield found("/kode_wilayah", code="I-REF-005", kode=excerpt(code), baku=region.code)


def _looks_like_bps(code: str) -> bool:
    """Seven digits are a BPS district; BPS writes no dots and its codes have ten digits for villages."""
    return re.fullmatch(r"[1-9]\d(?:\d{5}|\d{8})", code) is not None
