"""Writes what is derived from the contract: the form of ckanext-scheming, the page of fields, the page of issue codes.

Run in a checkout: `python -m satudata_schemas.generate` (part of `make generated`); with `--check` it only says
whether they are current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from satudata_schemas import checks, contract, score
from satudata_schemas.contract import Field
from satudata_schemas.issue import messages
from satudata_schemas.profile import Profile
from satudata_schemas.rule import RULES

NOTICE = "Generated from schemas/satudata_schemas by `make generated`. Do not edit."
PRINCIPLE_NAMES = {
    "standar_data": "Standar Data",
    "metadata": "Metadata",
    "interoperabilitas": "Interoperabilitas Data",
    "kode_referensi": "Kode Referensi dan Data Induk",
}


# --- the form of ckanext-scheming
# ---------------------------------------------------------------------------------------


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


# --- pages of the docs
# --------------------------------------------------------------------------------------------------


def contract_page() -> str:
    """`docs/contract.md`: every field, every vocabulary, every point."""
    lines = [
        "# The contract of a dataset",
        "",
        f"<!-- {NOTICE} -->",
        "",
        "What a dataset may say, from `dataset.schema.json` (JSON Schema 2020-12). Nothing here is refused by a",
        "form or by",
        "the API for being empty: a profile decides what is asked for and what blocks. ✓ marks what `sdi-2019`",
        "asks for; *if*",
        "names the condition. Unknown keys are kept beside the dataset and never make it fail.",
        "",
    ]
    for step in contract.steps():
        fields = [
            field for field in contract.fields().values() if field.step == step["name"] and field.kind != "objects"
        ]
        if fields:
            lines += [f"## {step['label']} / {step['label_en']}", "", *_field_table(fields), ""]
    own = [field for field in contract.fields().values() if field.step is None and not field.national]
    lines += ["## Set by the platform", "", *_field_table(own), ""]
    lines += ["## Berkas / Resources (`resources[]`)", "", *_field_table(contract.resource_fields().values()), ""]
    lines += [
        "## Kamus data / Data dictionary (`resources[].kamus_data[]`)",
        "",
        *_field_table(contract.column_fields().values()),
        "",
    ]
    national = [field for field in contract.fields().values() if field.national]
    lines += [
        "## National metadata fields",
        "",
        "Accepted, kept and exported as they are; the form does not ask for them. Other keys that begin with `i_`",
        "to `viii_`",
        "are taken likewise. Fields marked † hold a person's contact and never leave through the public API.",
        "",
        *_field_table(national),
        "",
    ]
    return "\n".join([*lines, *_vocabulary_section(), *_score_section(), *_profile_section()]).rstrip() + "\n"


def _field_table(fields: Iterable[Field]) -> list[str]:
    rows = ["| field | label | help | kind | DCAT | legal basis | asked |", "|---|---|---|---|---|---|---|"]
    for field in fields:
        kind = f"{field.kind}: [{field.vocabulary}](#{field.vocabulary})" if field.vocabulary else field.kind
        name = f"`{field.name}`" + ("†" if field.private else "")
        label, told = f"{field.label}<br>*{field.label_en}*", f"{field.help}<br>*{field.help_en}*"
        cells = [
            name,
            label,
            told,
            kind,
            f"`{field.dcat}`" if field.dcat else "",
            field.legal_basis or "",
            _asked(field),
        ]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows


def _asked(field: Field) -> str:
    if not field.required_by:
        return ""
    conditions = [f"{name} = {' or '.join(values)}" for name, values in field.required_when.items()]
    if field.jenis_data:
        conditions.append(f"jenis_data = {' or '.join(field.jenis_data)}")
    others = [name for name in field.any_of if name != field.name]
    if others:
        conditions.append(f"no {', '.join(others)}")
    return "✓" + (f" *if* {' and '.join(conditions)}" if conditions else "")


def _vocabulary_section() -> list[str]:
    lines = ["## Vocabularies", ""]
    for name in contract.vocabularies:
        words = contract.vocabulary(name)
        kind = "Open: other values are kept, with a hint." if words.open else "Closed."
        lines += [
            f"### {name}",
            "",
            f"{words.label} / *{words.label_en}*. {kind} Source: {words.source}. Version {words.version}.",
        ]
        lines += [words.note] if words.note else []
        lines += ["", ", ".join(f"`{entry.code}` {entry.label} / *{entry.label_en}*" for entry in words.values()), ""]
    return lines


def _score_section() -> list[str]:
    lines = [
        "## Points",
        "",
        "Four principles of 25 points. There is no official formula; the weights are this product's choice. What",
        "does not",
        "apply to a dataset, or is not known of its files, is left out and its weight shared among the rest.",
        "",
        "| principle | counts (weight) |",
        "|---|---|",
    ]
    for name, parts in score.weights().items():
        told = ", ".join(f"`{part}` ({weight:g})" for part, weight in parts.items())
        lines.append(f"| {PRINCIPLE_NAMES[name]} | {told} |")
    return [*lines, ""]


def _profile_section() -> list[str]:
    lines = ["## Profiles", "", "| profile | | fields that are empty | blocking codes |", "|---|---|---|---|"]
    for name in Profile.names():
        profile = Profile.load(name)
        severities = sorted({str(weight.severity) for weight in profile.required.values()})
        codes = sorted(code for code in checks.sources() if profile.weight(code).severity == "error")
        lines.append(f"| `{name}` | {profile.label}: {profile.note} | {', '.join(severities)} | {', '.join(codes)} |")
    return [
        *lines,
        "",
        "A region's own profile is a YAML file: `nama`, `turunan_dari` (the profile it starts from), `isian` (field →",
        "`error`, `warning`, `info`, `mati`, or `{tingkat, wajib_sejak}`), `aturan` (the same by issue code). It",
        "may tighten",
        "and loosen everything but identity and personal data.",
        "",
    ]


def issue_page() -> str:
    """`docs/issue-codes.md`: every code with cause and remedy in both languages, and where its rule comes from."""
    lines = [
        "# Issue codes",
        "",
        f"<!-- {NOTICE} -->",
        "",
        "The letter is the usual severity: E error, W warning, I information; the profile decides the one that",
        "counts. ⟨…⟩",
        "stands for a value.",
        "",
    ]
    sources = checks.sources()
    principles = {code: rule.principle for rule in RULES for code in rule.codes}
    area = ""
    for code in sorted(messages(), key=lambda code: (code.split("-")[1], code.split("-")[2], code)):
        if code.split("-")[1] != area:
            area = code.split("-")[1]
            lines += [f"## {area}", ""]
        told = messages()[code]
        lines += [f"### {code}", ""]
        lines += [f"- {_placed(told[lang]['cause'])} {_placed(told[lang]['remedy'])}" for lang in contract.LANGUAGES]
        principle = principles.get(code)
        basis = [PRINCIPLE_NAMES[principle]] if principle else []
        basis += [sources[code]] if code in sources else []
        lines += [f"- {'; '.join(basis)}"] if basis else []
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _placed(text: str) -> str:
    return text.replace("{", "⟨").replace("}", "⟩").replace("|", "\\|").replace("<", "&lt;")


# --- writing
# ------------------------------------------------------------------------------------------------------------

#: Path below the repository → what makes its content.
FILES: Mapping[str, Callable[[], str]] = {
    "ckanext-satudata/ckanext/satudata/dataset_schema.yaml": scheming,
    "docs/contract.md": contract_page,
    "docs/issue-codes.md": issue_page,
}


def write(root: Path, *, check: bool = False) -> list[str]:
    """Writes every generated file below `root` and names those that were not current; with `check` only names them."""
    stale = []
    for name, made in FILES.items():
        path = root / name
        content = made()
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
    return stale


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 when all is current or was written, 1 when `--check` found something stale."""
    parser = argparse.ArgumentParser(description="Write what is derived from the contract.")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository (default: here)")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not current")
    options = parser.parse_args(arguments)
    stale = write(options.root, check=options.check)
    for name in stale:
        sys.stdout.write(f"{'not current' if options.check else 'written'}: {name}\n")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
