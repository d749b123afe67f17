"""Master codes: the regions of Indonesia, with the time each code was in force."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from flask import Response

from ckanext.satudata.api import answering, paging, parameters
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import Parameter, route
from satudata_schemas.reference import LEVELS, Reference, Region, plain_name

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
_DAY = re.compile(r"(?:19|20)\d{2}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?\Z", re.ASCII)
_BINDING = "wilayah"


def _day(sent: str) -> str:
    if not _DAY.match(sent):
        raise ValueError(sent)
    return sent


PARAMETERS = {
    "q": parameters.text(),
    "kode": parameters.region(),
    "induk": parameters.region(),
    "tingkat": parameters.one_of(LEVELS, many=True),
    "berlaku": Parameter(_day, "Isikan tahun atau tanggal, misalnya 2024.", "Send a year or a date such as 2024."),
    "limit": parameters.limit(MAX_LIMIT),
    "cursor": parameters.cursor(),
}


@route("/reference/wilayah", scope="catalog:read", parameters=PARAMETERS)
def wilayah(_caller: Caller, values: dict[str, Any]) -> Response:
    """Region codes of Kemendagri by code, name, parent and level, in force today or on a day."""
    known = Reference.load().wilayah
    binding = f"{_BINDING} {sorted((name, str(value)) for name, value in values.items() if name not in _PAGING)}"
    after = paging.opened(values["cursor"], binding) if "cursor" in values else ""
    fits = _fits(values)
    found = sorted((region for region in known if fits(region)), key=lambda region: region.code)
    limit = values.get("limit", DEFAULT_LIMIT)
    page = [region for region in found if region.code > after][: limit + 1]
    cursor = paging.sealed(page[limit - 1].code, binding) if len(page) > limit else None
    return answering.listing(
        [orjson.dumps(_told(region)).decode() for region in page[:limit]],
        total=len(found),
        cursor=cursor,
        following=paging.following(cursor) if cursor else None,
        meta={"version": known.version},
    )


_PAGING = frozenset({"cursor", "limit"})


def _fits(values: dict[str, Any]) -> Callable[[Region], bool]:
    words = plain_name(values.get("q", "")[:200]).split()
    codes, parents, levels = (set(values.get(name, ())) for name in ("kode", "induk", "tingkat"))
    span = _span(values["berlaku"]) if "berlaku" in values else None

    def fits(region: Region) -> bool:
        if codes and region.code not in codes:
            return False
        if parents and region.code.rpartition(".")[0] not in parents:
            return False
        if levels and region.level not in levels:
            return False
        if span is not None:
            if not region.in_force(*span):
                return False
        elif region.until is not None and not codes:
            return False
        return not words or any(
            all(word in plain_name(name) for word in words) for name in (region.name, *region.other_names)
        )

    return fits


def _span(day: str) -> tuple[str, str]:
    """First and last day of a year, month or day."""
    return f"{day}-01-01"[:10], (f"{day}-12-31" if len(day) == 4 else f"{day}-31")[:10]


def _told(region: Region) -> dict[str, Any]:
    return {
        "kode": region.code,
        "nama": region.name,
        "tingkat": region.level,
        "induk": region.code.rpartition(".")[0] or None,
        "nama_lain": list(region.other_names),
        "berlaku_mulai": region.since,
        "berlaku_sampai": region.until,
        "menjadi": region.successor,
        "dasar": region.legal_basis,
    }
