"""CKAN packages in contract fields, with the national catalogue's extras and the habits of other portals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timezone
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings import Draft, Ready
from satudata_harvesters.mappings.fields import contract_name, resources

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


def read(raw: Mapping[str, Any], portal: str = "") -> Draft:
    """A package as `package_search` or `package_show` gives it."""
    extras = _extras(raw.get("extras"))
    draft = Draft(values.text(raw.get("id")), {}, {key: value for key, value in raw.items() if value is not None})
    draft.rest.pop("id", None)
    for holder, items in ((draft.rest, raw), (extras, dict(extras))):
        for key, value in items.items():
            _take(draft, holder, key, value)
    _fallbacks(draft, raw, extras)
    _tags(draft, raw)
    draft.dataset["resources"], others = resources(raw.get("resources"))
    draft.rest.pop("resources", None)
    if any(others):
        draft.rest["resources"] = others
    _dates(draft, raw)
    draft.rest.pop("extras", None)
    if "harvest_object_id" in extras:
        draft.rest["harvest_object_id"] = extras.pop("harvest_object_id")
    if extras:
        draft.rest["extras"] = extras
    name = values.text(raw.get("name"))
    if portal and name and "landing_page" not in draft.dataset:
        draft.dataset["landing_page"] = f"{portal.rstrip('/')}/dataset/{name}"
    return draft


def _extras(raw: Any) -> dict[str, Any]:
    """Extras by key; a list of `{key, value}` as CKAN gives it, or a plain object as old versions did."""
    if isinstance(raw, Mapping):
        return {str(key): value for key, value in raw.items() if value is not None}
    found: dict[str, Any] = {}
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, Mapping) and item.get("key") is not None and item.get("value") is not None:
            key = str(item["key"])
            while key in found:
                key += " (2)"
            found[key] = item["value"]
    return found


def _take(draft: Draft, holder: dict[str, Any], key: str, value: Any) -> None:
    name = None if value is None or key in OWN_MEANING else contract_name(key)
    if name is None or name in draft.dataset or values.is_missing(value):
        return
    found = values.reader(name)(value)
    if found is None:
        return
    draft.dataset[name] = found
    # A text in several languages is one text in the contract; its other languages stay with the source's keys.
    if not isinstance(value, Mapping) or name == "spatial":
        holder.pop(key, None)


def _fallbacks(draft: Draft, raw: Mapping[str, Any], extras: dict[str, Any]) -> None:
    """Where CKAN or a well-known portal keeps what the contract asks for, when it stands nowhere under its own name."""
    organization = raw.get("organization")
    organization = organization if isinstance(organization, Mapping) else {}
    contacts = raw.get("contact_points")
    contact = contacts[0] if isinstance(contacts, list) and contacts and isinstance(contacts[0], Mapping) else {}
    candidates: Iterator[tuple[str, Any]] = iter(
        (
            ("title", raw.get("title_translated")),
            ("title", raw.get("display_name")),
            ("notes", raw.get("notes_translated")),
            ("notes", raw.get("description")),
            ("produsen_data_name", organization.get("title")),
            ("produsen_data_name", organization.get("name")),
            ("license_id", raw.get("license_title")),
            ("license_id", raw.get("license_url")),
            ("jadwal_pemutakhiran", DAYS.get(str(raw.get("data_update_frequency")))),
            ("kontak_nama_unit", extras.get("contact_name") or contact.get("name")),
            ("kontak_nama_unit", unit_name(raw.get("maintainer"))),
            ("kontak_nama_unit", unit_name(raw.get("author"))),
            ("kontak_surel", extras.get("contact_email") or extras.get("contact-email") or contact.get("email")),
            ("kontak_surel", raw.get("maintainer_email")),
            ("kontak_surel", raw.get("author_email")),
            ("tanggal_mutakhir", raw.get("modified") or extras.get("modified")),
            ("tanggal_terbit", raw.get("metadata_created")),
        )
    )
    for name, value in candidates:
        if name not in draft.dataset and not values.is_missing(value):
            found = values.reader(name)(value)
            if found is not None:
                draft.dataset[name] = found


def unit_name(name: Any) -> str | None:
    """The name if it is an office's: many portals keep an official's own there, which is no contact to publish."""
    found = values.text(name)
    return found if found and _OFFICE.search(found) else None


def _tags(draft: Draft, raw: Mapping[str, Any]) -> None:
    listed = raw.get("tags")
    found = values.texts([tag for tag in listed if tag]) if isinstance(listed, list) else values.texts(listed)
    found = found or values.texts(raw.get("keywords"))
    if found:
        draft.dataset["tags"] = found
    elif draft.dataset.get("tags") == []:
        del draft.dataset["tags"]
    if isinstance(listed, list) and all(isinstance(tag, str | Mapping) for tag in listed):
        draft.rest.pop("tags", None)


def _dates(draft: Draft, raw: Mapping[str, Any]) -> None:
    """When the data changed: what the portal says, else its newest file; CKAN writes UTC without saying so."""
    if "tanggal_mutakhir" in draft.dataset:
        return
    moments = []
    listed = raw.get("resources")
    for resource in listed if isinstance(listed, list) else ():
        if isinstance(resource, Mapping):
            read_at = [values.day(resource.get(key), timezone.utc) for key in ("last_modified", "created")]
            moments += [found for found in read_at[:1] if found] or [found for found in read_at[1:] if found]
    if moments:
        draft.dataset["tanggal_mutakhir"] = max(moments)


READY = Ready(read, VOLATILE)
