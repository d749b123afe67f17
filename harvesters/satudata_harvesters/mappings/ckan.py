"""CKAN packages in contract fields, with the national catalogue's extras and the habits of other portals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timezone
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings import Draft, Ready
from satudata_harvesters.mappings.fields import Ways, claim, claim_record, contract_name, resources, way

#: Change with every reading or harvest of the portal itself, and say nothing about the data.
VOLATILE = frozenset(
    [
        "metadata_modified",
        "revision_id",
        "revision_timestamp",
        "tracking_summary",
        "harvest_object_id",
        "total_res_downloads",
        "pageviews_last_14_days",
        "resources/*/tracking_summary",
        "resources/*/revision_id",
        "resources/*/metadata_modified",
    ]
)
#: Keys of a package that mean something else than the contract field of that name.
OWN_MEANING = frozenset(
    {"id", "url", "type", "state", "private", "version", "publisher", "status", "tags", "guid", "identifier"}
)
#: HDX counts days between updates.
DAYS = {
    "1": "harian",
    "7": "mingguan",
    "30": "bulanan",
    "90": "triwulanan",
    "120": "empat_bulanan",
    "180": "semesteran",
    "365": "tahunan",
    "730": "dua_tahunan",
}


_OFFICE = re.compile(
    r"\b(dinas|badan|kantor|bagian|biro|bidang|sekretariat|kecamatan|kelurahan|desa|rsud|puskesmas|diskominfo|bappeda|bps"
    r"|kementerian|inspektorat|satpol|unit|upt|office|department|council|ministry|team|tim)\b",
    re.IGNORECASE,
)


def _way(key: str) -> tuple[str, Callable[[Any], Any] | None, values.Remembered | None] | None:
    name = None if key in OWN_MEANING else contract_name(key)
    return None if name is None else way(name, values.reader(name))


_WAYS = Ways(_way)


def read(raw: Mapping[str, Any], portal: str = "") -> Draft:
    """A package as `package_search` or `package_show` gives it."""
    dataset: dict[str, Any] = {}
    rest = claim(_WAYS, raw.items(), dataset, languages=True)
    extras = claim_record(_WAYS, _extras(raw.get("extras")), dataset, languages=True)
    draft = Draft(values.text(raw.get("id")), dataset, rest)
    rest.pop("id", None)
    _fallbacks(dataset, raw, extras)
    _tags(draft, raw)
    dataset["resources"], others = resources(raw.get("resources"))
    rest.pop("resources", None)
    if any(others):
        rest["resources"] = others
    _dates(draft, raw)
    rest.pop("extras", None)
    if "harvest_object_id" in extras:
        rest["harvest_object_id"] = extras.pop("harvest_object_id")
    if extras:
        rest["extras"] = extras
    if portal and "landing_page" not in dataset and (name := values.text(raw.get("name"))):
        dataset["landing_page"] = f"{portal.rstrip('/')}/dataset/{name}"
    return draft


def _extras(raw: Any) -> dict[str, Any]:
    """Extras by key; a list of `{key, value}` as CKAN gives it, or a plain object as old versions did."""
    if type(raw) is not list and isinstance(raw, Mapping):
        return {str(key): value for key, value in raw.items() if value is not None}
    try:
        # As every CKAN writes them: this takes a third of the time of looking at each.
        found = {item["key"]: item["value"] for item in raw}
        "".join(found)
        if len(found) == len(raw) and None not in found.values():
            return found
    except (TypeError, KeyError):
        pass
    found = {}
    for item in raw if isinstance(raw, list) else []:
        if type(item) is not dict and not isinstance(item, Mapping):
            continue
        key, value = item.get("key"), item.get("value")
        if key is not None and value is not None:
            name = key if type(key) is str else str(key)
            while name in found:
                name += " (2)"
            found[name] = value
    return found


def _fallbacks(dataset: dict[str, Any], raw: Mapping[str, Any], extras: Mapping[str, Any]) -> None:
    """Where CKAN or a well-known portal keeps what the contract asks for, when it stands nowhere under its own name."""
    for name, read, candidates in _CANDIDATES:
        if name in dataset:
            continue
        for candidate in candidates:
            value = candidate(raw, extras)
            found = None if value is None or values.is_missing(value) else read(value)
            if found is not None:
                dataset[name] = found
                break


_Candidate = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def _of(key: str) -> _Candidate:
    return lambda raw, _: raw.get(key)


def _of_organization(key: str) -> _Candidate:
    def find(raw: Mapping[str, Any], _: Mapping[str, Any]) -> Any:
        organization = raw.get("organization")
        return organization.get(key) if isinstance(organization, dict) else None

    return find


def _of_contact(key: str, *names: str) -> _Candidate:
    """A contact's own extras, else the first of its `contact_points`."""

    def find(raw: Mapping[str, Any], extras: Mapping[str, Any]) -> Any:
        for name in names:
            if told := extras.get(name):
                return told
        contacts = raw.get("contact_points")
        first = contacts[0] if isinstance(contacts, list) and contacts else None
        return first.get(key) if isinstance(first, dict) else None

    return find


_CANDIDATES: tuple[tuple[str, Callable[[Any], Any], tuple[_Candidate, ...]], ...] = tuple(
    (name, values.reader(name), candidates)
    for name, candidates in (
        ("title", (_of("title_translated"), _of("display_name"))),
        ("notes", (_of("notes_translated"), _of("description"))),
        ("produsen_data_name", (_of_organization("title"), _of_organization("name"))),
        ("license_id", (_of("license_title"), _of("license_url"))),
        ("jadwal_pemutakhiran", (lambda raw, _: DAYS.get(str(raw.get("data_update_frequency"))),)),
        (
            "kontak_nama_unit",
            (
                _of_contact("name", "contact_name"),
                lambda raw, _: unit_name(raw.get("maintainer")),
                lambda raw, _: unit_name(raw.get("author")),
            ),
        ),
        (
            "kontak_surel",
            (_of_contact("email", "contact_email", "contact-email"), _of("maintainer_email"), _of("author_email")),
        ),
        ("tanggal_mutakhir", (lambda raw, extras: raw.get("modified") or extras.get("modified"),)),
        ("tanggal_terbit", (_of("metadata_created"),)),
    )
)


def unit_name(name: Any) -> str | None:
    """The name if it is an office's: many portals keep an official's own there, which is no contact to publish."""
    return _unit(name) if name else None


def _office(name: Any) -> str | None:
    found = values.text(name)
    return found if found and _OFFICE.search(found) else None


_unit = values.Remembered(_office)


def _tags(draft: Draft, raw: Mapping[str, Any]) -> None:
    listed = raw.get("tags")
    found = _words(listed) if isinstance(listed, list) else values.texts(listed)
    found = found or values.texts(raw.get("keywords"))
    if found:
        draft.dataset["tags"] = found
    elif draft.dataset.get("tags") == []:
        del draft.dataset["tags"]
    if isinstance(listed, list) and (
        {dict}.issuperset(map(type, listed)) or all(isinstance(tag, str | Mapping) for tag in listed)
    ):
        draft.rest.pop("tags", None)


def _words(listed: list[Any]) -> list[str] | None:
    """The tags' names, each once; straight for tags as every CKAN writes them."""
    names: dict[str, None] = {}
    for tag in listed:
        name = (tag.get("display_name") or tag.get("name")) if type(tag) is dict else None
        word = name.strip() if type(name) is str and name.isprintable() else ""
        if not word:
            return values.texts([tag for tag in listed if tag])
        names[word] = None
    return list(names) or None


def _dates(draft: Draft, raw: Mapping[str, Any]) -> None:
    """When the data changed: what the portal says, else its newest file; CKAN writes UTC without saying so."""
    if "tanggal_mutakhir" in draft.dataset:
        return
    listed = raw.get("resources")
    newest, before = "", None
    for resource in listed if isinstance(listed, list) else ():
        if type(resource) is not dict and not isinstance(resource, Mapping):
            continue
        times = resource.get("last_modified"), resource.get("created")
        if times != before:
            before = times
            newest = max(newest, values.day(times[0], timezone.utc) or values.day(times[1], timezone.utc) or "")
    if newest:
        draft.dataset["tanggal_mutakhir"] = newest


READY = Ready(read, VOLATILE)
