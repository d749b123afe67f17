"""DCAT datasets (from RDF or `data.json`) in contract fields, with the national catalogue's own terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings import Draft, Ready
from satudata_harvesters.mappings.ckan import unit_name
from satudata_harvesters.mappings.fields import contract_name
from satudata_schemas import contract

#: Read by hand below, or of another meaning than the contract field of that name.
_HANDLED = frozenset(
    [
        "@id",
        "@type",
        "identifier",
        "title",
        "description",
        "keyword",
        "theme",
        "modified",
        "issued",
        "publisher",
        "creator",
        "contactPoint",
        "license",
        "language",
        "landingPage",
        "spatial",
        "temporal",
        "accessLevel",
        "accessRights",
        "accrualPeriodicity",
        "distribution",
        "status",
    ]
)
_RESOURCE = {
    "identifier": "id", "title": "name", "description": "description", "format": "format", "mediaType": "mimetype",
    "byteSize": "size", "issued": "created", "modified": "last_modified",
}  # fmt: skip
_ACCESS = {"public": "terbuka", "restricted public": "terbatas", "non-public": "tertutup"}


def read(raw: Mapping[str, Any], _: str = "") -> Draft:
    """A dataset as `connectors/dcat.py` yields it."""
    draft = Draft(_identifier(raw), {}, {key: value for key, value in raw.items() if value is not None})
    take = _Taker(draft, raw)
    take("title", raw.get("title"), "title")
    take("notes", raw.get("description"), "description")
    take("tags", raw.get("keyword"), "keyword")
    take("tanggal_terbit", raw.get("issued"), "issued")
    take("tanggal_mutakhir", _day(raw.get("modified")), "modified")
    # `modified: R/P1W` says how often, not when (Project Open Data allows it).
    take(
        "jadwal_pemutakhiran",
        _first_named(raw.get("accrualPeriodicity")) or _repeating(raw.get("modified")),
        "accrualPeriodicity",
    )
    take("produsen_data_name", _label(raw.get("creator")) or _label(raw.get("publisher")))
    take("license_id", _first_named(raw.get("license")) or _license_of_files(raw), "license")
    take("bahasa", _last_part(_first(raw.get("language"))), "language")
    take("landing_page", _address(raw.get("landingPage")), "landingPage")
    take("hak_akses", _access(raw), "accessRights")
    _contact(take, raw.get("contactPoint"))
    _period(take, raw.get("temporal"))
    _place(take, raw.get("spatial"))
    _topic(take, raw.get("theme"))
    _resources(draft, raw)
    for key, value in raw.items():
        name = contract_name(key)
        if key not in _HANDLED and name is not None and name not in draft.dataset:
            take(name, value, key)
    if draft.identifier is not None:
        draft.rest.pop("identifier", None)
    return draft


class _Taker:
    """Puts a value into the contract field it belongs to, and uses up its key where nothing of it is lost."""

    def __init__(self, draft: Draft, raw: Mapping[str, Any]) -> None:
        self._draft, self._raw = draft, raw

    def __call__(self, name: str, value: Any, key: str | None = None) -> None:
        if values.is_missing(value):
            return
        found = values.reader(name)(value)
        if found is None:
            return
        self._draft.dataset[name] = found
        if key is not None and not isinstance(self._raw.get(key), Mapping):
            self._draft.rest.pop(key, None)


def _identifier(raw: Mapping[str, Any]) -> str | None:
    """The identifier the catalogue gives, else the dataset's own address, else its page or first link."""
    links = [_link(item) for item in _many(raw.get("distribution"))]
    candidates = (raw.get("identifier"), raw.get("@id"), _address(raw.get("landingPage")), *links[:1])
    return next((found for value in candidates if (found := values.text(_first(value)))), None)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> Any:
    return next((item for item in value if not values.is_missing(item)), None) if isinstance(value, list) else value


def _address(value: Any) -> str | None:
    value = _first(value)
    if isinstance(value, Mapping):
        value = value.get("@id")
    found = values.url(value)
    return found if found and found.startswith(("http://", "https://")) else None


def _label(value: Any) -> str | None:
    """What a publisher, licence or place is called; None where only its address is known."""
    value = _first(value)
    if isinstance(value, Mapping):
        named = (
            value.get(key) for key in ("name", "title", "prefLabel", "skos_prefLabel", "rdfs_label", "label", "fn")
        )
        return next((found for name in named if (found := values.text(name))), None)
    found = values.text(value)
    return None if found and found.startswith(("http://", "https://")) else found


def _first_named(value: Any) -> str | None:
    value = _first(value)
    return values.text(value.get("@id")) or _label(value) if isinstance(value, Mapping) else values.text(value)


def _license_of_files(raw: Mapping[str, Any]) -> str | None:
    """DCAT-AP puts the licence on each file; where all agree, or only one says it, it is the dataset's."""
    listed = [item.get("license") for item in _many(raw.get("distribution")) if isinstance(item, Mapping)]
    found = {written for value in listed if (written := _first_named(value))}
    return found.pop() if len(found) == 1 else None


def _last_part(value: Any) -> str | None:
    found = values.text(value)
    return re.split(r"[/#]", found.rstrip("/"))[-1].lower() if found else None


def _day(value: Any) -> Any:
    value = _first(value)
    return None if isinstance(value, str) and value.startswith("R/") else value


def _repeating(value: Any) -> str | None:
    value = _first(value)
    return value if isinstance(value, str) and value.startswith("R/") else None


def _access(raw: Mapping[str, Any]) -> str | None:
    level = values.text(_first(raw.get("accessLevel")))
    if level:
        return _ACCESS.get(level.lower())
    return _first_named(raw.get("accessRights"))


def _contact(take: _Taker, value: Any) -> None:
    contact = _first(value)
    if not isinstance(contact, Mapping):
        return
    take("kontak_nama_unit", unit_name(_label(contact)))
    mail = contact.get("hasEmail")
    written = values.text(mail.get("@id") if isinstance(mail, Mapping) else _first(mail))
    # RDF makes an address out of a mailbox that lacks its `mailto:`.
    if written and (found := re.search(r"[^\s/:]+@[^\s/]+$", written)):
        take("kontak_surel", found[0])


def _period(take: _Taker, value: Any) -> None:
    value = _first(value)
    if isinstance(value, Mapping):
        keys = (("startDate", "schema_startDate", "hasBeginning"), ("endDate", "schema_endDate", "hasEnd"))
        begin, end = (next((value[key] for key in names if isinstance(value.get(key), str)), None) for names in keys)
    elif isinstance(value, str) and "/" in value and not value.startswith("http"):
        begin, end = value.split("/", 1)
    else:
        begin = end = value if isinstance(value, str) and not value.startswith("http") else None
    for name, written in (("periode_awal", begin), ("periode_akhir", end)):
        if written and (found := values.period(written, end=name == "periode_akhir")):
            take(name, found)


def _place(take: _Taker, value: Any) -> None:
    for item in _many(value):
        written = item.get("geometry") or item.get("bbox") if isinstance(item, Mapping) else item
        for candidate in _many(written):
            shape = values.geometry(candidate)
            if shape is not None:
                take("spatial", shape)
                return
        name = _label(item)
        if name and len(name) <= 200:
            take("nama_wilayah", name)
            return


def _topic(take: _Taker, value: Any) -> None:
    known = contract.vocabulary("kategori")
    for item in _many(value):
        code = known.resolve(_label(item))
        if code:
            take("kategori", code)
            return


def _link(distribution: Any) -> str | None:
    """Where a distribution is: the file itself before the page that leads to it."""
    if isinstance(distribution, str):
        return _address(distribution)
    if not isinstance(distribution, Mapping):
        return None
    return _address(distribution.get("downloadURL")) or _address(distribution.get("accessURL"))


def _resources(draft: Draft, raw: Mapping[str, Any]) -> None:
    made: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for item in _many(raw.get("distribution")):
        distribution = item if isinstance(item, Mapping) else {"accessURL": item}
        resource, used = _resource(distribution)
        made.append(resource)
        others.append({key: value for key, value in distribution.items() if key not in used})
    draft.dataset["resources"] = made
    draft.rest.pop("distribution", None)
    if any(others):
        draft.rest["resources"] = others


def _resource(distribution: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    resource: dict[str, Any] = {}
    used: set[str] = set()
    url = _link(distribution)
    if url:
        resource["url"] = url
        used |= {key for key in ("downloadURL", "accessURL") if _address(distribution.get(key)) == url}
    for key, name in _RESOURCE.items():
        value = _plain(distribution.get(key), name)
        if not values.is_missing(value) and (found := values.reader(name, "resource")(value)) is not None:
            resource[name] = found
            used |= {key} if not isinstance(distribution[key], Mapping) else set()
    if "format" not in resource and resource.get("mimetype"):
        resource["format"] = values.code("format", resource["mimetype"])
    resource.setdefault("id", next(iter(_ids(distribution)), None))
    return {name: value for name, value in resource.items() if value is not None}, used | {"@type"}


def _plain(value: Any, name: str) -> Any:
    """A format is often an authority's address or a labelled node."""
    if name in {"format", "mimetype"}:
        named = _label(value) if isinstance(value, Mapping) else values.text(_first(value))
        if name == "mimetype" and named and "media-types/" in named:
            return named.rpartition("media-types/")[2]
        return _last_part(named) if named and named.startswith("http") else named
    return value


def _ids(distribution: Mapping[str, Any]) -> Iterable[str]:
    address = distribution.get("@id")
    if isinstance(address, str):
        yield address


READY = Ready(read)
