"""Rules on region codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from satudata_schemas import contract
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import excerpt
from satudata_schemas.reference import Reference, Region
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
        yield from _by_bps(code, dataset.text("nama_wilayah"), codes)
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
        other = codes.bps.get(code)
        if other is not None and wilayah.bears(other, name):
            yield found("/kode_wilayah", code="W-REF-003", kode=excerpt(code))
            return
        yield _another_place(excerpt(code) if "." not in code else region.code, region, name, codes)
    if region is not None and region.code != code:
        yield found("/kode_wilayah", code="I-REF-005", kode=excerpt(code), baku=region.code)


def _by_bps(code: str, name: str, codes: Reference) -> Iterator[Found]:
    """A code of BPS: its form, and, where a list of both systems is at hand, that it exists and is the name's."""
    if not re.fullmatch(r"\d{2}(?:\d{2}(?:\d{3}(?:\d{3})?)?)?", code):
        yield found("/kode_wilayah", kode=excerpt(code), versi="BPS")
    elif code in codes.bps:
        region = codes.wilayah.get(codes.bps[code])
        if name and region is not None and not codes.wilayah.bears(region.code, name):
            yield _another_place(code, region, name, codes)
    elif any(len(known) == len(code) for known in codes.bps):
        yield found("/kode_wilayah", kode=excerpt(code), versi="BPS")


def _another_place(code: str, region: Region, name: str, codes: Reference) -> Found:
    hint = codes.wilayah.find(name)
    told = {"kode": code, "nama": region.name, "tertulis": excerpt(name)}
    return found("/kode_wilayah", code="W-REF-004", **told, usulan=hint[0].code if hint else "–")


def _looks_like_bps(code: str) -> bool:
    """Seven digits are a BPS district; BPS writes no dots and its codes have ten digits for villages."""
    return re.fullmatch(r"[1-9]\d(?:\d{5}|\d{8})", code) is not None
