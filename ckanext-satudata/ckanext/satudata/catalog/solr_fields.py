"""Our own fields in Solr, as they are declared in its schema.

Read by the set-up without importing the platform: this module imports nothing. An undeclared field would fall to CKAN's
`* string`, which loses what is to be stored and refuses a value over 32 kB together with the whole request.
"""

from __future__ import annotations

from typing import Any


def _words(name: str, *, many: bool = False) -> dict[str, Any]:
    return {"name": name, "type": "string", "indexed": True, "stored": False, "multiValued": many, "docValues": True}


def _number(name: str, *, many: bool = False) -> dict[str, Any]:
    return {"name": name, "type": "pint", "indexed": True, "stored": False, "multiValued": many, "docValues": True}


def _moment(name: str) -> dict[str, Any]:
    return {"name": name, "type": "pdate", "indexed": True, "stored": False, "multiValued": False, "docValues": True}


def _answer(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "indexed": False, "stored": True, "multiValued": False, "docValues": False}


SOLR_FIELDS: list[dict[str, Any]] = [
    _words("sd_hasil"),
    _words("sd_status"),
    _words("sd_label"),  # memenuhi | proses
    _words("sd_kategori"),
    _words("sd_kode_urusan", many=True),
    _words("sd_kode_wilayah", many=True),  # the region and those above it
    _number("sd_tahun", many=True),  # every year the data speaks of
    _words("sd_jadwal"),
    _words("sd_hak_akses"),
    _words("sd_format", many=True),
    _number("sd_prioritas_tahun", many=True),
    _words("sd_source"),  # name of the source
    _words("sd_aplikasi"),  # title of the source's application
    _words("sd_labels", many=True),  # who reads it whole
    _number("sd_skor"),
    _number("sd_version"),  # of the record, to tell a document that lags behind
    _moment("sd_source_modified"),
    _moment("sd_data_changed"),
    _moment("sd_metadata_changed"),
    _moment("sd_jatuh_tempo"),
    _answer("sd_answer_public"),
    _answer("sd_answer_full"),
]

#: fields that only an OPD's people and the Walidata may search by or see
INTERNAL_FIELDS = ("sd_hasil", "sd_status", "sd_skor", "sd_labels", "sd_answer_public", "sd_answer_full")
