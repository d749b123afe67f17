"""Pages of the docs: every field, vocabulary and point; every issue code with cause and remedy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from satudata_schemas import checks, contract, score
from satudata_schemas.contract import Field
from satudata_schemas.generators import NOTICE
from satudata_schemas.issue import messages
from satudata_schemas.profile import Profile
from satudata_schemas.rule import RULES

PRINCIPLE_NAMES = {
    "standar_data": "Standar Data",
    "metadata": "Metadata",
    "interoperabilitas": "Interoperabilitas Data",
    "kode_referensi": "Kode Referensi dan Data Induk",
}


def contract_page() -> str:
    """`docs/contract.md`: every field, every vocabulary, every point."""
    lines = [
        "# The contract of a dataset",
        "",
        f"<!-- {NOTICE} -->",
        "",
        *_paragraph(
            "What a dataset may say, from `dataset.schema.json` (JSON Schema 2020-12). Nothing here is refused by"
            " a form or by the API for being empty: a profile decides what is asked for and what blocks. ✓ marks "
            "what `sdi-2019` asks for; *if* names the condition. *facet* marks what the portal counts and filters"
            " by; *statistik* or *geospasial* that a field makes sense for that kind of data only. Unknown keys "
            "are kept beside the dataset and never make it fail."
        ),
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
        *_paragraph(
            "Accepted, kept and exported as they are; the form does not ask for them. Other keys that begin with "
            "`i_` to `viii_` are taken likewise. Fields marked † hold a person's contact and never leave through "
            "the public API."
        ),
        *_field_table(national),
        "",
    ]
    return "\n".join([*lines, *_vocabulary_section(), *_score_section(), *_profile_section()]).rstrip() + "\n"


def _paragraph(text: str) -> list[str]:
    return [*textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False), ""]


def _field_table(fields: Iterable[Field]) -> list[str]:
    rows = ["| field | label | help | kind | DCAT | legal basis | asked |", "|---|---|---|---|---|---|---|"]
    for field in fields:
        kind = f"{field.kind}: [{field.vocabulary}](#{field.vocabulary})" if field.vocabulary else field.kind
        kind = ", ".join([kind, *(["*facet*"] if field.facet else []), *(f"*{one}*" for one in field.jenis_data)])
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
            (
                f"{words.label} / *{words.label_en}*. {kind} Source: {words.source}. Version {words.version}, taken "
                f"{words.taken}{f', in force since {words.since}' if words.since else ''}."
            ),
        ]
        lines += [words.note] if words.note else []
        lines += ["", ", ".join(f"`{entry.code}` {entry.label} / *{entry.label_en}*" for entry in words.values()), ""]
    return lines


def _score_section() -> list[str]:
    lines = [
        "## Points",
        "",
        *_paragraph(
            "Four principles of 25 points. There is no official formula; the weights are this product's choice. "
            "What does not apply to a dataset, or is not known of its files, is left out and its weight shared "
            "among the rest."
        ),
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
        *_paragraph(
            "A region's own profile is a YAML file: `nama`, `turunan_dari` (the profile it starts from), `isian` "
            "(field → `error`, `warning`, `info`, `mati`, or `{tingkat, wajib_sejak}`), `aturan` (the same by "
            "issue code). It may tighten and loosen everything but identity and personal data; "
            "[checking.md](checking.md) has an example."
        ),
    ]


def issue_page() -> str:
    """`docs/issue-codes.md`: every code with cause and remedy in both languages, and where its rule comes from."""
    lines = [
        "# Issue codes",
        "",
        f"<!-- {NOTICE} -->",
        "",
        *_paragraph(
            "The letter is the usual severity: E error, W warning, I information; the profile decides the one "
            "that counts. ⟨…⟩ stands for a value."
        ),
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
