"""Which facets the search page offers, in the order in which people narrow down, and how their values read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.plugins import toolkit

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.portal import wording
from satudata_schemas import contract
from satudata_schemas.reference import Reference

#: Solr field -> vocabulary that spells its codes.
_VOCABULARIES = {
    "sd_kategori": "kategori",
    "sd_hak_akses": "hak_akses",
    "sd_jadwal": "jadwal_pemutakhiran",
    "sd_format": "format",
}


def dataset_facets(_facets: dict[str, Any], _package_type: str) -> dict[str, Any]:
    """Solr field -> label of each facet on the dataset search page."""
    _ = toolkit._
    return OrderedDict(
        [
            ("organization", _("Produsen Data")),
            ("sd_kategori", _("Topik")),
            ("sd_tahun", _("Tahun data")),
            ("sd_format", _("Format")),
            ("sd_hak_akses", _("Klasifikasi akses")),
            ("sd_jadwal", _("Jadwal pemutakhiran")),
            ("sd_kode_wilayah", _("Wilayah")),
            ("sd_source", _("Aplikasi sumber")),
            ("sd_label", _("Label Satu Data")),
        ]
    )


def labels(field: str, values: Sequence[str]) -> dict[str, str]:
    """How the values of a facet read; a value without an entry is shown as CKAN names it."""
    if field in _VOCABULARIES:
        words = contract.vocabulary(_VOCABULARIES[field])
        return {value: words.label_of(value, wording.language()) for value in values}
    if field == "sd_label":
        return {"memenuhi": label_text(conforms=True), "proses": label_text(conforms=False)}
    if field == "sd_kode_wilayah":
        return {value: region(value) for value in values}
    if field == "sd_source":
        rows = model.Session.execute(sa.select(t.source.c.name, t.source.c.title).where(t.source.c.name.in_(values)))
        return {row.name: row.title for row in rows}
    return {}


def label_text(*, conforms: bool) -> str:
    """The label the public sees of a dataset, in the national portal's words."""
    if conforms:
        return str(toolkit._("Sesuai Prinsip SDI"))
    return str(toolkit._("Masih dalam proses pemenuhan Prinsip SDI"))


def region(code: str) -> str:
    """The name of a region of the Kemendagri list; the code itself where the list does not know it."""
    return Reference.load().wilayah.name(code) or code
