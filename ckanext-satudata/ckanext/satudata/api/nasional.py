"""Our datasets as a plain CKAN shows them, for the national portal's stock harvester: it carries core keys and extras.

Organisation is the Walidata, as on the national portal; the OPD is in `produsen_data_name`. Works on public answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from satudata_schemas import contract

#: Columns and relations of CKAN's package, and what our answers say for the platform itself.
_CORE = frozenset({
    "id", "name", "title", "notes", "tags", "license_id", "organization", "source", "resources", "status", "label",
    "version", "jatuh_tempo", "tidak_ditemukan_sejak", "source_modified", "data_changed", "metadata_changed",
})  # fmt: skip
_PUBLISHING_STATUS = {
    "draf": "draft", "menunggu": "in_review", "dikembalikan": "rejected", "disetujui": "approved", "tayang": "approved",
}  # fmt: skip


def package(answer: Mapping[str, Any], walidata: Mapping[str, Any]) -> dict[str, Any]:
    """The package dict of an answer, every field of the contract as an extra, national names beside our own."""
    resources = [_resource(number, one, answer) for number, one in enumerate(answer["resources"])]
    changed = _naive(answer.get("metadata_changed"))
    return {
        "id": answer["id"],
        "name": answer["name"],
        "title": answer["title"],
        "notes": answer.get("notes") or "",
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": bool(_license(answer, "open")),
        "license_id": answer.get("license_id") or "",
        "license_title": _license_title(answer),
        "license_url": _license(answer, "url"),
        "author": None,
        "author_email": None,
        "maintainer": None,
        "maintainer_email": None,
        "url": None,
        "version": None,
        "creator_user_id": None,
        "metadata_created": _naive(answer.get("tanggal_terbit")) or changed,
        "metadata_modified": changed,
        "owner_org": walidata["id"],
        "organization": organization(walidata),
        "groups": [],
        "relationships_as_object": [],
        "relationships_as_subject": [],
        "tags": [_tag(name) for name in answer.get("tags") or ()],
        "num_tags": len(answer.get("tags") or ()),
        "resources": resources,
        "num_resources": len(resources),
        "extras": [{"key": key, "value": value} for key, value in sorted(_extras(answer).items())],
    }


def organization(group: Mapping[str, Any]) -> dict[str, Any]:
    """An organisation as CKAN shows it."""
    return {
        "id": group["id"],
        "name": group["name"],
        "title": group["title"] or group["name"],
        "display_name": group["title"] or group["name"],
        "description": group["description"] or "",
        "type": "organization",
        "is_organization": True,
        "state": "active",
        "approval_status": "approved",
        "image_url": "",
    }


def _extras(answer: Mapping[str, Any]) -> dict[str, str]:
    own = {name: _text(value) for name, value in answer.items() if name not in _CORE}
    province, _, city = (answer.get("kode_wilayah") or "").partition(".")
    frequency = _more("jadwal_pemutakhiran", answer, "eu")
    national = {
        "accessRights": _more("hak_akses", answer, "authority"),
        "accrualPeriodicity": _label("jadwal_pemutakhiran", answer),
        "update-frequency": _label("jadwal_pemutakhiran", answer),
        "frequency": frequency,
        "kodereferensi": _text(answer["kode_referensi"]) if answer.get("kode_referensi") else None,
        "produsen_data_name": answer["organization"]["title"],
        "produsen_data_province_code": province or None,
        "produsen_data_city_code": city[:2] or None,
        "publishing_status": _PUBLISHING_STATUS.get(answer["status"]),
        "jenis": answer.get("jenis_data"),
        "dcat_issued": answer.get("tanggal_terbit"),
        "dcat_modified": answer.get("tanggal_mutakhir"),
        "dcat_publisher_name": answer["organization"]["title"],
        "guid": answer["id"],
        "label_sdi": answer.get("label"),
    }
    return own | {key: value for key, value in national.items() if value}


def _text(value: Any) -> str:
    """An extra's value: text, a list of texts as the national portal writes it, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _more(field: str, answer: Mapping[str, Any], key: str) -> str | None:
    entry = contract.vocabulary(field).get(answer.get(field, ""))
    return entry.more.get(key) if entry else None


def _label(field: str, answer: Mapping[str, Any]) -> str | None:
    return contract.vocabulary(field).label_of(answer[field]) if answer.get(field) else None


def _license(answer: Mapping[str, Any], key: str) -> Any:
    entry = contract.vocabulary("lisensi").get(answer.get("license_id", ""))
    return entry.more.get(key) if entry else None


def _license_title(answer: Mapping[str, Any]) -> str | None:
    return contract.vocabulary("lisensi").label_of(answer["license_id"]) if answer.get("license_id") else None


def _tag(name: str) -> dict[str, Any]:
    return {"name": name, "display_name": name, "id": name, "state": "active", "vocabulary_id": None}


def _resource(position: int, resource: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    described = {key: value if isinstance(value, str | int) else _text(value) for key, value in resource.items()}
    core = {"url": "", "name": "", "description": "", "format": "", "state": "active", "position": position}
    return {**core, **described, "package_id": answer["id"]}


def _naive(moment: str | None) -> str | None:
    """A time as CKAN writes it: UTC without a zone."""
    return moment.removesuffix("Z") if moment else None
