"""The contract: which fields a dataset has, what they are called, and which values they may take.

Everything is read from `dataset.schema.json` and `vocabularies/`, once per process and only when asked for.

    contract.fields()["kategori"].label_in("id")         -> "Topik"
    contract.vocabulary("kategori").resolve("Pembangunan Daerah")  -> "03"
    contract.field_name("iv_frekuensi_penyelanggara")    -> "iv_frekuensi_penyelenggara"
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

HERE = Path(__file__).parent
SCHEMA_FILE = HERE / "dataset.schema.json"
VOCABULARY_FOLDER = HERE / "vocabularies"

#: The languages everything a user reads is written in, the first being the default.
LANGUAGES = ("id", "en")

#: National fields beyond those listed by name: blocks I to VIII of the BPS activity metadata.
NATIONAL_KEY = re.compile(r"(?:i|ii|iii|iv|v|vi|vii|viii)_[a-z0-9_]{1,80}\Z")


_TEXT_KINDS = frozenset({"text", "markdown", "slug", "url", "email", "code", "select", "date", "period"})
_LIST_KINDS = frozenset({"list", "multi", "years"})


@dataclass(frozen=True)
class Field:
    """One field of a dataset, of a resource or of a column in `kamus_data`.

    `kind` is one of text, markdown, slug, url, email, code, select, date, period, list, multi, years, geojson,
    number, boolean, objects.
    `required_by` names the profiles that ask for it; `required_when` says under which values of other fields;
    `any_of` that
    another field may stand in for it. `jenis_data` is empty where the field makes sense for every kind of data.
    `dcat` is the property of DCAT that says the same, `dcat_shape` how its value is written there where `kind` does
    not tell (`concept`, `authority`, `licence`, `label`, or a `node` with the `part` that holds the value).
    """

    name: str
    kind: str
    label: str
    label_en: str
    help: str
    help_en: str
    step: str | None = None
    vocabulary: str | None = None
    dcat: str | None = None
    dcat_shape: Mapping[str, Any] = field(default_factory=dict)
    facet: bool = False
    legal_basis: str | None = None
    jenis_data: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    required_when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    principle: str = "metadata"
    max_length: int | None = None
    max_items: int | None = None
    is_set: bool = False
    in_form: bool = True
    computed: bool = False
    national: bool = False
    private: bool = False
    aliases: tuple[str, ...] = ()
    example: Any = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    #: Whether the value is one text, or a list of texts; derived from `kind`.
    is_text: bool = field(init=False, default=False)
    is_list: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_text", self.kind in _TEXT_KINDS)
        object.__setattr__(self, "is_list", self.kind in _LIST_KINDS)

    def label_in(self, lang: str) -> str:
        """The label in Indonesian, or in English for `lang="en"`."""
        return self.label_en if lang == "en" else self.label

    def help_in(self, lang: str) -> str:
        """The help text in Indonesian, or in English for `lang="en"`."""
        return self.help_en if lang == "en" else self.help

    def makes_sense_for(self, jenis_data: str | None) -> bool:
        """Whether the field applies to this kind of data; an unknown kind is taken as statistics, the most common."""
        return not self.jenis_data or (jenis_data or "statistik") in self.jenis_data


@dataclass(frozen=True)
class Entry(Mapping[str, Any]):
    """One value of a vocabulary; also readable like a dict: `entry["label_en"]`."""

    code: str
    label: str
    label_en: str
    aliases: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def label_in(self, lang: str) -> str:
        """The label in Indonesian, or in English for `lang="en"`."""
        return self.label_en if lang == "en" else self.label

    def to_dict(self) -> dict[str, Any]:
        """`{"code", "label", "label_en", "since", "until", …}` as the API serves it."""
        fixed = {
            "code": self.code,
            "label": self.label,
            "label_en": self.label_en,
            "since": self.since,
            "until": self.until,
        }
        return fixed | dict(self.more)

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())


class Vocabulary(Mapping[str, Entry]):
    """A code list: code → Entry in its published order.

    `open` ones may be extended by a source without that being wrong.
    """

    def __init__(self, described: Mapping[str, Any], entries: list[Entry]) -> None:
        self.name: str = described["name"]
        self.label: str = described["label"]
        self.label_en: str = described["label_en"]
        self.source: str = described["source"]
        self.version: str = described["version"]
        #: When the list was taken from its source (ISO 8601), and since when it is in force where a law says so.
        self.taken: str = described["taken"]
        self.since: str | None = described.get("since")
        self.note: str | None = described.get("note")
        self.open: bool = described.get("open", False)
        self._entries = {entry.code: entry for entry in entries}
        self._words: dict[str, str] = {}
        for entry in entries:
            for word in (entry.code, entry.label, entry.label_en, *entry.aliases):
                self._words.setdefault(_plain(word), entry.code)

    def __getitem__(self, code: str) -> Entry:
        return self._entries[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def resolve(self, value: object) -> str | None:
        """The code behind a code, a label in either language, or a known other spelling; None when it is none of
        these.
        """
        if not value or not isinstance(value, str):
            return None
        if value in self._entries:
            return value
        return self._words.get(_plain(value)) if len(value) <= 200 else None

    def label_of(self, code: str, lang: str = "id") -> str:
        """The label of a code, or the code itself where the vocabulary does not know it."""
        entry = self._entries.get(code)
        return entry.label_in(lang) if entry else code

    def to_list(self) -> list[dict[str, Any]]:
        """All entries as JSON-able dicts, in order."""
        return [entry.to_dict() for entry in self._entries.values()]


class _Vocabularies(Mapping[str, Vocabulary]):
    """Every vocabulary by name; each is read when it is first asked for."""

    def __getitem__(self, name: str) -> Vocabulary:
        return vocabulary(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_vocabulary_names())

    def __len__(self) -> int:
        return len(_vocabulary_names())


vocabularies: Mapping[str, Vocabulary] = _Vocabularies()


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema 2020-12 document itself; not to be changed by the caller."""
    document: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return document


@cache
def fields() -> Mapping[str, Field]:
    """The fields of a dataset by name, in the order of the contract; `resources` carries its own in `.fields`."""
    return _fields_of(schema())


def resource_fields() -> Mapping[str, Field]:
    """The fields of one entry of `resources`."""
    return fields()["resources"].fields


def column_fields() -> Mapping[str, Field]:
    """The fields of one column in a resource's `kamus_data`."""
    return resource_fields()["kamus_data"].fields


def steps() -> list[dict[str, str]]:
    """The form's steps in the order an OPD thinks: `{"name", "label", "label_en"}`."""
    found: list[dict[str, str]] = schema()["x-satudata"]["steps"]
    return found


def field_name(key: str) -> str | None:
    """The contract's name for a key as a source writes it: other spelling, other case, a known misspelling; None for
    an unknown key.
    """
    known = fields()
    if key in known:
        return key
    plain = _plain_key(key)
    if plain in known:
        return plain
    alias = _aliases().get(plain)
    if alias:
        return alias
    return plain if NATIONAL_KEY.match(plain) else None


def resource_field_name(key: str) -> str | None:
    """As `field_name`, for a key of a resource."""
    return _inner_name(key, "resources")


def column_field_name(key: str) -> str | None:
    """As `field_name`, for a key of a column in `kamus_data`."""
    return _inner_name(key, "kamus_data")


def field_at(pointer: str) -> Field | None:
    """The field an issue's pointer (RFC 6901) is about: `/resources/0/url` → the resource field `url`."""
    here: Mapping[str, Field] = fields()
    found: Field | None = None
    for part in pointer.split("/")[1:]:
        if part.isdigit():
            continue
        inner = here.get(part)
        if inner is None:
            break
        found, here = inner, inner.fields
    return found


@cache
def vocabulary(name: str) -> Vocabulary:
    """One vocabulary; KeyError for a name the contract does not know."""
    if name not in _vocabulary_names():
        raise KeyError(name)
    described = json.loads((VOCABULARY_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    if "entries_from" in described:
        return Vocabulary(described, _entries_from_csv(HERE / described["entries_from"]))
    return Vocabulary(described, [_entry(raw) for raw in described["entries"]])


@cache
def digest() -> str:
    """A hash over the schema and every vocabulary: another digest means that stored assessments are out of date."""
    state = hashlib.sha256(SCHEMA_FILE.read_bytes())
    for path in sorted(VOCABULARY_FOLDER.glob("*.json")):
        state.update(path.read_bytes())
    return state.hexdigest()


def __getattr__(name: str) -> Any:
    if name == "version":
        return f"{schema()['x-satudata']['version']}+{digest()[:12]}"
    raise AttributeError(name)


@cache
def _vocabulary_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in VOCABULARY_FOLDER.glob("*.json")))


@cache
def _aliases() -> dict[str, str]:
    return {_plain_key(alias): field.name for field in fields().values() for alias in field.aliases}


@cache
def _inner_aliases(of: str) -> dict[str, str]:
    inner = resource_fields() if of == "resources" else column_fields()
    return {_plain_key(alias): field.name for field in inner.values() for alias in field.aliases}


def _inner_name(key: str, of: str) -> str | None:
    inner = resource_fields() if of == "resources" else column_fields()
    plain = _plain_key(key)
    return plain if plain in inner else _inner_aliases(of).get(plain)


def _fields_of(node: Mapping[str, Any]) -> Mapping[str, Field]:
    return MappingProxyType({name: _field(name, inner) for name, inner in node["properties"].items()})


def _field(name: str, node: Mapping[str, Any]) -> Field:
    told = node["x-satudata"]
    items = node.get("items", {})
    return Field(
        name=name,
        kind=told["kind"],
        label=node["title"],
        label_en=told["label_en"],
        help=node["description"],
        help_en=told["help_en"],
        step=told.get("step"),
        vocabulary=told.get("vocabulary"),
        dcat=told.get("dcat"),
        dcat_shape=MappingProxyType(told.get("dcat_shape", {})),
        facet=told.get("facet", False),
        legal_basis=told.get("legal_basis"),
        jenis_data=tuple(told.get("jenis_data", ())),
        required_by=tuple(told.get("required_by", ())),
        required_when={key: tuple(values) for key, values in told.get("required_when", {}).items()},
        any_of=tuple(told.get("any_of", ())),
        principle=told["principle"],
        max_length=node.get("maxLength") or items.get("maxLength"),
        max_items=node.get("maxItems"),
        is_set=node.get("uniqueItems", False),
        in_form=told.get("form", True),
        computed=told.get("computed", False),
        national=told.get("national", False),
        private=told.get("private", False),
        aliases=tuple(told.get("aliases", ())),
        example=(node.get("examples") or [None])[0],
        fields=_fields_of(items) if items.get("type") == "object" else {},
    )


def _entry(raw: Mapping[str, Any]) -> Entry:
    fixed = {"code", "label", "label_en", "aliases", "since", "until"}
    return Entry(
        raw["code"],
        raw["label"],
        raw["label_en"],
        tuple(raw.get("aliases", ())),
        raw.get("since"),
        raw.get("until"),
        {key: value for key, value in raw.items() if key not in fixed},
    )


def _entries_from_csv(path: Path) -> list[Entry]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Entry(row["kode"], row["nama"], row["nama_en"], _spellings(row), more={"jenis": row["jenis"]})
            for row in csv.DictReader(lines)
        ]


def _spellings(row: Mapping[str, str]) -> tuple[str, ...]:
    """Names an affair goes by, its code without the dot's leading zero, and "1.01 Pendidikan" as one text."""
    others = tuple(word for word in row["nama_lain"].split(";") if word)
    return (*others, f"{row['kode']} {row['nama']}", f"urusan {row['nama']}", f"bidang {row['nama']}")


def _plain(word: str) -> str:
    return re.sub(r"[\s_\-]+", " ", word).strip().casefold()


def _plain_key(key: str) -> str:
    return re.sub(r"[\s\-]+", "_", key.strip()).casefold() if len(key) <= 200 else key
