"""From a source's record to the contract: by a ready-made mapping, by the source's own rules, by what is inherited.

A source's `mapping` is the name of a ready-made one, or

    use: ckan                       # what to start from; `otomatis` finds fields by their names
    identifier: slug                # JMESPath
    fields:
      title: judul                                             # pick
      notes: {pick: deskripsi, as: html}                       # how to read it
      hak_akses: {pick: sifat, codes: {publik: terbuka}}       # code list
      konsep: {value: Penduduk}                                # constant
      landing_page: {template: "https://contoh.go.id/d/{slug}"}
      resources: {each: berkas, fields: {name: nama, url: tautan}}
    volatile: [total_views]         # changes without meaning anything

All expressions are parsed when the source is saved; nothing is evaluated but JMESPath.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jmespath
from jmespath.exceptions import JMESPathError

from satudata_harvesters import values
from satudata_harvesters.errors import ConfigError
from satudata_harvesters.mappings import NAMES, Ready, ready_made
from satudata_harvesters.mappings.fields import NOT_FROM_SOURCES
from satudata_schemas import contract
from satudata_schemas.issue import Issue, pointer

if TYPE_CHECKING:
    from satudata_harvesters.source import Source

_PLACE = re.compile(r"\{([A-Za-z_][\w.]*)\}")
_RULE_KEYS = frozenset({"pick", "value", "template", "each", "fields", "as", "codes"})


@dataclass(frozen=True)
class Mapped:
    """A record in the contract's words; no `identifier`: it cannot be told apart. `rest`: the source's other keys."""

    identifier: str | None
    dataset: dict[str, Any]
    rest: dict[str, Any]
    issues: list[Issue] = field(default_factory=list)


@dataclass(frozen=True)
class _Rule:
    """How one field is filled: `find` gets the raw value, `read` makes it the contract's."""

    name: str
    find: Callable[[Any], Any]
    read: Callable[[Any], Any]
    label: str
    #: The key of the record that this rule uses up; None for an expression that looks deeper.
    key: str | None = None
    #: What `codes` lists, in small letters; None for a rule without.
    codes: frozenset[str] | None = None


class Mapping:
    """The mapping of one source, parsed once. `volatile` names what a fingerprint leaves out."""

    def __init__(self, spec: str | AbstractMapping[str, Any] | None = None, *, fallback: str = "otomatis") -> None:
        """Parse a source's `mapping`; raises `ConfigError`, of which `all()` gives every mistake with its `pointer`."""
        self.spec: AbstractMapping[str, Any] = {"use": spec} if isinstance(spec, str) else dict(spec or {})
        mistakes: list[ConfigError] = []
        name = str(self.spec.get("use", fallback))
        if name not in NAMES:
            mistakes.append(
                ConfigError("E-CFG-004", field="mapping.use", expected=", ".join(NAMES), pointer="/mapping/use")
            )
            name = "otomatis"
        self.ready: Ready = ready_made(name)
        self._name = name
        self._rules = list(_parse_fields(self.spec.get("fields") or {}, "/mapping/fields", "dataset", mistakes))
        self._identifier = None
        if self.spec.get("identifier"):
            self._identifier = _expression(str(self.spec["identifier"]), "/mapping/identifier", mistakes)
        if mistakes:
            first, *others = mistakes
            first.others = tuple(others)
            raise first

    @property
    def volatile(self) -> frozenset[str]:
        """Keys, of the dataset and of `rest`, that change without meaning anything (as `fingerprint` takes them)."""
        return self.ready.volatile | frozenset(map(str, self.spec.get("volatile") or ()))

    @cached_property
    def version(self) -> str:
        """Another version means that stored records must be mapped and assessed again."""
        told = json.dumps([self._name, self.ready.version, self.spec], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Mapping({self.version})"

    def apply(self, raw: Any, source: Source | None = None) -> Mapped:
        """Read one record. Never raises: what cannot be read becomes an issue and stays in `rest`."""
        if type(raw) is not dict and not isinstance(raw, AbstractMapping):
            return Mapped(None, {}, {}, [Issue("W-MAP-003", "warning", "")])
        draft = self.ready.read(raw, source.url if source else "")
        dataset, rest, issues = draft.dataset, draft.rest, []
        identifier = draft.identifier
        if self._identifier is not None:
            identifier = values.text(self._identifier(raw))
        for rule in self._rules:
            found = rule.find(raw)
            if values.is_missing(found):
                continue
            value = rule.read(found)
            if value is None:
                issues.append(_unread(rule))
                continue
            issues += _unlisted(rule, found)
            dataset[rule.name] = value
            if rule.key is not None:
                rest.pop(rule.key, None)
        if source is not None:
            _inherit(dataset, source)
        if identifier is not None:
            dataset["identifier"] = identifier
        if not dataset.get("resources"):
            dataset["resources"] = []
        return Mapped(identifier, dataset, rest, issues)


def _unread(rule: _Rule) -> Issue:
    known = contract.fields().get(rule.name)
    params = {"source_field": rule.label, "expected": known.kind if known else "text"}
    return Issue("W-MAP-001", "warning", pointer(rule.name), None, params)


def _unlisted(rule: _Rule, found: Any) -> list[Issue]:
    """What is said of a value that the rule does not list, unless the field's own vocabulary has it."""
    codes = rule.codes
    if codes is None:
        return []
    known = contract.fields().get(rule.name)
    own = contract.vocabulary(known.vocabulary) if known and known.vocabulary else {}
    each = found if isinstance(found, list) else [found]
    if all(_code(one) in codes or str(rule.read(one)) in own for one in each):
        return []
    return [Issue("W-MAP-002", "warning", pointer(rule.name), None, {"source_field": rule.label})]


def _code(value: Any) -> str:
    return str(values.text(value) or "").casefold()


def _inherit(dataset: dict[str, Any], source: Source) -> None:
    """What the office or the source says once holds for every dataset that does not say otherwise."""
    for name, value in source.defaults.items():
        if values.is_missing(dataset.get(name)):
            dataset[name] = values.reader(name)(value) if name != "resources" else value
    if source.application and "sumber_aplikasi" not in dataset:
        dataset["sumber_aplikasi"] = source.application


def _expression(text: str, where: str, mistakes: list[ConfigError]) -> Callable[[Any], Any]:
    try:
        compiled = jmespath.compile(text)
    except JMESPathError:
        mistakes.append(ConfigError("E-CFG-008", expression=text, field=_shown(where), pointer=where))
        return lambda _: None

    def search(raw: Any) -> Any:
        try:
            return compiled.search(raw)
        except JMESPathError:
            # A function that does not fit this record's types: the same as finding nothing.
            return None

    return search


def _plain_key(text: str) -> str | None:
    try:
        parsed = jmespath.compile(text).parsed
    except JMESPathError:
        return None
    return str(parsed["value"]) if parsed["type"] == "field" else None


def _parse_fields(raw: Any, where: str, of: str, mistakes: list[ConfigError]) -> Iterator[_Rule]:
    known = values.fields_of(of)
    if not isinstance(raw, AbstractMapping):
        mistakes.append(ConfigError("E-CFG-004", field=_shown(where), expected="isian: aturan", pointer=where))
        return
    for name, rule in raw.items():
        here = where + pointer(str(name))
        forbidden = of == "dataset" and name in NOT_FROM_SOURCES - {"resources", "sumber_aplikasi"}
        if (name not in known and not (of == "dataset" and contract.NATIONAL_KEY.match(str(name)))) or forbidden:
            shown = ", ".join(sorted(set(known) - NOT_FROM_SOURCES)[:60])
            mistakes.append(ConfigError("E-CFG-002", field=_shown(here), known=shown, pointer=here))
            continue
        yield _parse_rule(str(name), rule, here, of, mistakes)


def _parse_rule(name: str, raw: Any, where: str, of: str, mistakes: list[ConfigError]) -> _Rule:
    nested = name in {"resources", "kamus_data"}
    reader = _objects if nested else values.reader(name, of)
    if isinstance(raw, str):
        return _Rule(name, _expression(raw, where, mistakes), reader, raw, _plain_key(raw))
    if isinstance(raw, list) and nested:
        return _Rule(name, _several(name, raw, where, mistakes), _objects, name)
    if isinstance(raw, AbstractMapping) and not set(raw) - _RULE_KEYS and len(set(raw) & set(_WAYS)) == 1:
        [way] = set(raw) & set(_WAYS)
        rule = _WAYS[way](name, raw, where, _declared_reader(raw, reader, where, mistakes), mistakes)
        codes = raw.get("codes")
        return replace(rule, codes=_listed(codes)) if isinstance(codes, AbstractMapping) else rule
    mistakes.append(ConfigError("E-CFG-004", field=_shown(where), expected=", ".join(_WAYS), pointer=where))
    return _Rule(name, lambda _: None, reader, name)


def _shown(where: str) -> str:
    return where.strip("/").replace("/", ".")


def _declared_reader(
    raw: AbstractMapping[str, Any], reader: Callable[[Any], Any], where: str, mistakes: list[ConfigError]
) -> Callable[[Any], Any]:
    named = raw.get("as")
    if isinstance(named, str) and named in values.READERS:
        reader = values.READERS[named]
    elif named is not None:
        here = where + "/as"
        mistakes.append(ConfigError("E-CFG-004", field=_shown(here), expected=", ".join(values.READERS), pointer=here))
    return _coded(raw["codes"], reader) if "codes" in raw else reader


def _constant(
    name: str, raw: AbstractMapping[str, Any], _: str, reader: Callable[[Any], Any], __: list[ConfigError]
) -> _Rule:
    return _Rule(name, lambda _: raw["value"], reader, name)


def _filled_in(
    name: str, raw: AbstractMapping[str, Any], _: str, reader: Callable[[Any], Any], __: list[ConfigError]
) -> _Rule:
    return _Rule(name, _template(str(raw["template"])), reader, name)


def _for_each(
    name: str, raw: AbstractMapping[str, Any], where: str, _: Callable[[Any], Any], mistakes: list[ConfigError]
) -> _Rule:
    find = _expression(str(raw["each"]), where + "/each", mistakes)
    inner = "resource" if name == "resources" else "column"
    rules = list(_parse_fields(raw.get("fields") or {}, where + "/fields", inner, mistakes))
    return _Rule(name, find, lambda found: _each(found, rules), str(raw["each"]))


def _picked(
    name: str, raw: AbstractMapping[str, Any], where: str, reader: Callable[[Any], Any], mistakes: list[ConfigError]
) -> _Rule:
    picks = [str(item) for item in (raw["pick"] if isinstance(raw["pick"], list) else [raw["pick"]])]
    finders = [_expression(pick, where + "/pick", mistakes) for pick in picks]
    key = _plain_key(picks[0]) if len(picks) == 1 else None
    return _Rule(name, lambda record: _first(finders, record), reader, ", ".join(picks), key)


_WAYS: dict[str, Callable[..., _Rule]] = {
    "pick": _picked,
    "value": _constant,
    "template": _filled_in,
    "each": _for_each,
}


def _first(finders: list[Callable[[Any], Any]], record: Any) -> Any:
    return next((found for find in finders if not values.is_missing(found := find(record))), None)


def _listed(codes: AbstractMapping[str, Any]) -> frozenset[str]:
    """What a source may write: the codes, and what they stand for."""
    return frozenset(str(one).strip().casefold() for pair in codes.items() for one in pair)


def _coded(codes: Any, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    table = (
        {str(key).strip().casefold(): code for key, code in dict(codes).items()}
        if isinstance(codes, AbstractMapping)
        else {}
    )

    def one(value: Any) -> Any:
        return table.get(_code(value), otherwise(value))

    return lambda value: [one(item) for item in value] if isinstance(value, list) else one(value)


def _template(text: str) -> Callable[[Any], Any]:
    """Words with `{key}` or `{key.inner}`; nothing when one of the keys holds nothing."""

    def fill(record: Any) -> str | None:
        missing = False

        def put(match: re.Match[str]) -> str:
            nonlocal missing
            found: Any = record
            for part in match[1].split("."):
                found = found.get(part) if isinstance(found, AbstractMapping) else None
            written = values.text(found)
            missing = missing or written is None
            return written or ""

        filled = _PLACE.sub(put, text)
        return None if missing else filled

    return fill


def _objects(value: Any) -> list[dict[str, Any]] | None:
    found = [
        dict(item) for item in (value if isinstance(value, list) else [value]) if isinstance(item, AbstractMapping)
    ]
    return found or None


def _each(found: Any, rules: list[_Rule]) -> list[dict[str, Any]] | None:
    items = found if isinstance(found, list) else [found]
    return [_filled(item, rules) for item in items if not values.is_missing(item)] or None


def _filled(item: Any, rules: list[_Rule]) -> dict[str, Any]:
    filled = {rule.name: rule.read(found) for rule in rules if not values.is_missing(found := rule.find(item))}
    return {name: value for name, value in filled.items() if value is not None}


def _several(name: str, raw: list[Any], where: str, mistakes: list[ConfigError]) -> Callable[[Any], Any]:
    """A list of resources (or columns) of which each is filled from the record itself."""
    inner = "resource" if name == "resources" else "column"
    parsed = [list(_parse_fields(item, where + pointer(place), inner, mistakes)) for place, item in enumerate(raw)]
    return lambda record: [filled for rules in parsed if (filled := _filled(record, rules))]
