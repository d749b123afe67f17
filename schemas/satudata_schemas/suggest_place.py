"""The regency, city or province that the words of a title name."""

from __future__ import annotations

import re
from functools import cache

from satudata_schemas.reference import Reference, Region, Wilayah, plain_name

_PLACE = re.compile(r"\b(kabupaten|kab\.?|kota|provinsi|propinsi|prov\.?)\s+((?:[a-z'’.\-]+ ?){1,5})", re.IGNORECASE)
_BARE_PLACE = re.compile(r"\b(?:di|se-?|pada|wilayah|daerah)\s?-?((?:[A-Z][\w'’\-]+ ?){1,4})")
_REGENCIES = re.compile(r"\b(?:kabupaten|kab\.?)\s?(?:/|dan)\s?kota\b", re.IGNORECASE)


def place(text: str, reference: Reference, *, whole: bool = False) -> tuple[str, Region] | None:
    """The one regency, city or province a text names, and the words it does it with."""
    if not text:
        return None
    if whole and (region := _only(text, reference)):
        return text, region
    for match in _PLACE.finditer(text):
        words = match[0].split()
        for count in range(min(len(words), 6), 1, -1):
            name = " ".join(words[:count]).rstrip(".,")
            region = _only(name, reference, province=words[0].casefold().startswith("pro"))
            if region:
                return name, region
    # What has regencies is a province, also where a city bears its name: "per Kabupaten/Kota di Jambi".
    above = _REGENCIES.search(text) is not None
    for match in _BARE_PLACE.finditer(text):
        words = match[1].split()
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count])
            region = _only(name, reference, province=above)
            if region:
                return name, region
    provinces = {match[0].casefold() for match in _provinces(reference.wilayah).finditer(text)}
    if len(provinces) == 1:
        (name,) = provinces
        region = _only(name, reference)
        return (name.title(), region) if region else None
    return None


@cache
def _provinces(wilayah: Wilayah) -> re.Pattern[str]:
    """The names of all provinces, longer ones first: "Papua Barat" is not "Papua"."""
    regions = [region for region in wilayah if region.level == "provinsi" and region.until is None]
    names = sorted(
        {name for region in regions for name in (region.name, *region.other_names) if len(name) > 3}, key=len
    )
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, reversed(names))) + r")(?!\w)", re.IGNORECASE)


def _only(name: str, reference: Reference, *, province: bool = False) -> Region | None:
    """The one province, regency or city of a name; with `province`, the province among several."""
    levels = {"provinsi", "kabkota"}
    found = [region for region in reference.wilayah.find(name) if region.level in levels]
    if not found:
        found = _joined_names(reference.wilayah).get(plain_name(name).replace(" ", ""), [])
    if len(found) > 1 and province:
        found = [region for region in found if region.level == "provinsi"]
    return found[0] if len(found) == 1 else None


@cache
def _joined_names(wilayah: Wilayah) -> dict[str, list[Region]]:
    """Regencies and cities by their names without spaces: "Palangka Raya" and "Palangkaraya" are one."""
    told: dict[str, list[Region]] = {}
    for region in wilayah:
        if region.level == "kabkota" and region.until is None:
            for name in {plain_name(one).replace(" ", "") for one in (region.name, *region.other_names)}:
                told.setdefault(name, []).append(region)
    return told
