"""The dataset's form as ckanext-scheming reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from satudata_schemas import contract
from satudata_schemas.contract import Field
from satudata_schemas.generators import NOTICE


def scheming() -> str:
    """The dataset's form as ckanext-scheming reads it, in the contract's steps.

    It never requires and never rejects: what binds is decided by assessment, and a form that rejects would lock every
    incomplete dataset, even
    against being hidden.
    """
    document = {
        "scheming_version": 2,
        "dataset_type": "dataset",
        "about": "Satu Data Indonesia",
        "dataset_fields": _dataset_fields(),
        "resource_fields": [_resource_field(field) for field in contract.resource_fields().values() if field.in_form],
    }
    return f"# {NOTICE}\n" + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _dataset_fields() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for step in contract.steps():
        fields = [_dataset_field(field) for field in contract.fields().values() if _on_form(field, step["name"])]
        if step["name"] == "utama":
            fields.insert(1, {**_dataset_field(contract.fields()["name"]), "preset": "dataset_slug"})
        if fields:
            fields[0] = {"start_form_page": {"title": _both(step["label"], step["label_en"])}, **fields[0]}
            listed.extend(fields)
    return listed


def _on_form(field: Field, step: str) -> bool:
    return field.step == step and field.kind != "objects" and (field.in_form or field.name == "owner_org")


#: Fields that CKAN itself knows and whose own widgets are kept.
_CKAN = {
    "title": {"field_name": "title", "preset": "title"},
    "tags": {"field_name": "tag_string", "preset": "tag_string_autocomplete"},
    "owner_org": {"field_name": "owner_org", "preset": "dataset_organization"},
    "url": {"field_name": "url", "preset": "resource_url_upload"},
}


#: Fields that CKAN keeps in columns of its own, empty or not, and its own validators of them.
_CKAN_COLUMNS: Mapping[str, Mapping[str, str]] = {
    **{name: {} for name in ("name", "notes", "url", "description")},
    "license_id": {"validators": "ignore_missing unicode_safe"},
    "format": {"validators": "if_empty_guess_format ignore_missing clean_format unicode_safe"},
}


def _dataset_field(field: Field) -> dict[str, Any]:
    told = {**_CKAN.get(field.name, {"field_name": field.name}), **_words(field), **_widget(field)}
    if field.name in _CKAN_COLUMNS:
        told |= _CKAN_COLUMNS[field.name]
    elif field.name not in _CKAN:
        told.setdefault("validators", "satudata_text")
    return told


def _resource_field(field: Field) -> dict[str, Any]:
    if field.name == "kamus_data":
        return _columns(field)
    told = _dataset_field(field)
    if told.get("validators") == "satudata_text":
        told["validators"] = "satudata_given"
    return told


def _columns(field: Field) -> dict[str, Any]:
    columns = [
        _resource_field(column) | (_KEPT if column.is_list else {}) for column in contract.column_fields().values()
    ]
    return {"field_name": field.name, **_words(field), "repeating_subfields": columns}


def _widget(field: Field) -> dict[str, Any]:
    if field.name in _CKAN:
        return {}
    told: dict[str, Any] = {}
    if field.kind == "markdown":
        told = {"form_snippet": "markdown.html", "display_snippet": "markdown.html"}
    elif field.kind == "geojson":
        told = {"form_snippet": "textarea.html"}
    elif field.kind == "boolean":
        told = _choices({"True": ("Ya", "Yes"), "False": ("Tidak", "No")}, _SELECT)
        told["validators"] = "satudata_given satudata_truth"
    elif field.kind == "select" and field.vocabulary and field.name != "format":
        told = _choices(_vocabulary_choices(field.vocabulary), _SELECT)
    elif field.kind == "multi" and field.vocabulary:
        told = _choices(_vocabulary_choices(field.vocabulary), _CHECKBOXES) | _AS_LIST
        told["display_snippet"] = "multiple_choice.html"
    elif field.is_list:
        told = {"form_snippet": "multiple_text.html", "display_snippet": "multiple_text.html", **_AS_LIST}
    elif field.name == "format":
        told = {"form_attrs": {"data-module": "autocomplete", "data-module-source": _FORMATS}}
    elif field.kind == "email":
        told = {"form_attrs": {"inputmode": "email", "class": "form-control"}}
    return told


_FORMATS = "/api/2/util/resource/format_autocomplete?incomplete=?"
#: Widgets that keep a value which is not among the choices.
_SELECT = "satudata/form/select.html"
_CHECKBOXES = "satudata/form/checkboxes.html"
#: A list inside a repeated group goes through the form as it is, out of sight.
_KEPT = {"form_snippet": "satudata/form/kept.html", "validators": "satudata_given satudata_json"}
#: Keeps a list of texts as JSON; takes a single text too and rejects neither.
_AS_LIST = {"validators": "satudata_list", "output_validators": "scheming_load_json"}


def _choices(choices: Mapping[str, tuple[str, str]], snippet: str) -> dict[str, Any]:
    return {
        "form_snippet": snippet,
        "display_snippet": "select.html",
        # Spelt out, because the preset's own validators reject a value that is not among the choices.
        "validators": "satudata_text",
        "choices": [{"value": value, "label": _both(*labels)} for value, labels in choices.items()],
    }


def _vocabulary_choices(name: str) -> dict[str, tuple[str, str]]:
    return {entry.code: (entry.label, entry.label_en) for entry in contract.vocabulary(name).values()}


def _words(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"label": _both(field.label, field.label_en), "help_text": _both(field.help, field.help_en)}
    if isinstance(field.example, str):
        told["form_placeholder"] = field.example
    return told


def _both(label: str, label_en: str) -> dict[str, str]:
    return {"id": label, "en": label_en}
