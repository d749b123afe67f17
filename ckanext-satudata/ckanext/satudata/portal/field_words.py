"""Fields and their values in words: as pages show what differs between versions and what people hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckan.plugins import toolkit

from ckanext.satudata.catalog.held import PRIVATE
from ckanext.satudata.portal import wording
from satudata_schemas import contract
from satudata_schemas.dataset import plain_texts

_LENGTH = 400


def label(field: str, *, of_file: bool = False) -> str:
    """A field's label in the reader's language; `resources.url` is a file's, a key nobody knows is shown as it is."""
    if field == PRIVATE:
        return str(toolkit._("Penayangan"))
    inner = of_file or field.startswith("resources.")
    known = contract.resource_fields() if inner else contract.fields()
    found = known.get(field.removeprefix("resources."))
    name = found.label_in(wording.language()) if found else field.removeprefix("resources.")
    return f"{toolkit._('Berkas')}: {name}" if field.startswith("resources.") else name


def value(content: Any, field: str = "") -> str:
    """A value on one line, cut where it is long; empty where there is none. Codes of the field's list are spelled
    out.
    """
    found = contract.fields().get(field)
    if found and found.vocabulary and content:
        words = contract.vocabulary(found.vocabulary)
        codes = content if isinstance(content, list | tuple) else [content]
        return ", ".join(words.label_of(str(code), wording.language()) for code in codes)
    if content is None or content in ("", []):
        return ""
    if isinstance(content, bool):
        return str(toolkit._("ya") if content else toolkit._("tidak"))
    if isinstance(content, Mapping):
        return wording.clean(str(content.get("name") or content.get("url") or ", ".join(map(str, content))), _LENGTH)
    if isinstance(content, list | tuple):
        return wording.clean(", ".join(value(item) for item in content) or ", ".join(plain_texts(content)), _LENGTH)
    return wording.clean(content, _LENGTH)


def cause(name: str | None) -> str:
    """Why there is a version."""
    _ = toolkit._
    return str({
        "harvest": _("penarikan data"),
        "edit": _("disunting pada portal"),
        "put": _("dikirim aplikasi"),
        "review": _("keputusan pemeriksaan"),
        "undo": _("penarikan diurungkan"),
        "assess": _("dinilai ulang"),
        "remap": _("dipetakan ulang"),
        "opd": _("perubahan OPD"),
        "erase": _("dihapus permanen"),
    }.get(name or "", _("tidak tercatat")))  # fmt: skip


def kind(name: str) -> str:
    """What happened to a dataset."""
    _ = toolkit._
    return str({
        "created": _("baru"), "changed": _("berubah"), "removed": _("ditarik"), "restored": _("kembali"),
    }.get(name, name))  # fmt: skip
