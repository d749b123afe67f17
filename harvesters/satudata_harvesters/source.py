"""A source file: one application or catalogue, where it is, how it is read, and what holds for all its datasets.

Everything that can be wrong with it is found here, when it is saved: with the line, and with what to do about it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance
from referencing import Registry as Schemas

from satudata_harvesters.aggregate import AggregateRules
from satudata_harvesters.connector import Connector, registry
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import ConfigError
from satudata_harvesters.http import Http, Limits, check_url
from satudata_harvesters.mapping import Mapping as DatasetMapping
from satudata_harvesters.networks import not_permitted, parse_networks
from satudata_schemas.issue import pointer

#: A source file is some twenty lines; what is larger is something else.
LARGEST = 500_000
#: Values in one file, aliases unfolded: stops a file that multiplies itself.
MOST_NODES = 20_000
STRUCK_OUT = "***"
#: Under these, a number keeps the way it was written: 32.10 is a region code and not 32.1.
_AS_WRITTEN = re.compile(r"/defaults/|/aggregate/dataset/|/mapping/fields/.*/value$")

_TYPES = {
    "string": "teks",
    "integer": "bilangan bulat",
    "number": "bilangan",
    "boolean": "true atau false",
    "object": "kelompok isian",
    "array": "daftar",
    "null": "kosong",
}


@dataclass(frozen=True)
class Source:
    """One source as its file says it; fields are those of `source.schema.json`.

    `organization` names the OPD that owns what is read; `application` the application it comes from. `penayangan` and
    `identitas` are explained in the contract of the harvest engine.
    """

    name: str
    connector: str
    url: str = ""
    title: str = ""
    organization: str = ""
    application: str = ""
    template: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    mapping: str | Mapping[str, Any] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    aggregate: Mapping[str, Any] | None = None
    penayangan: str = "diperiksa"
    identitas: str = "baru"
    profile: str = "transisi"
    schedule: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    allow_networks: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Source:
        """A source from plain values, checked as a file is; raises `ConfigError` (see its `all()`) without lines."""
        return _checked(dict(raw), {})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values without what is empty, as `from_dict` takes them; with secrets (see `masked`)."""
        plain = {name: value for name, value in asdict(self).items() if value not in (None, "", {}, (), [])}
        copied: dict[str, Any] = json.loads(json.dumps(plain, ensure_ascii=False))
        return copied

    def masked(self) -> dict[str, Any]:
        """As `to_dict`, fit to be shown: secrets that are no `env:` references are struck out."""
        shown = self.to_dict()
        for place in secret_pointers(self):
            *path, last = place.split("/")[1:]
            holder: Any = shown
            for part in path:
                holder = holder[int(part)] if isinstance(holder, list) else holder[part]
            if not str(holder[last]).startswith("env:"):
                holder[last] = STRUCK_OUT
        return shown

    def to_yaml(self) -> str:
        """The source as a file, in the order people read it."""
        order = [found.name for found in fields(self)]
        plain = dict(sorted(self.to_dict().items(), key=lambda item: order.index(item[0])))
        return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=100)

    @cached_property
    def mapper(self) -> DatasetMapping:
        """The mapping, parsed; falls back to the connector's ready-made one."""
        kind = registry().connectors.get(self.connector)
        return DatasetMapping(self.mapping, fallback=(kind.mapping if kind else None) or "otomatis")

    @cached_property
    def aggregation(self) -> AggregateRules | None:
        """The rules of aggregation, parsed; None where the source lists datasets rather than rows."""
        return None if self.aggregate is None else AggregateRules.from_dict(self.aggregate)

    def open(self, http: Http) -> Connector:
        """The connector of this source, ready for `pages`; raises `ConfigError` E-CFG-005 for an unknown kind."""
        return _connector(self.connector)({**self.config, "url": self.url}, http)


def http_for(
    source: Source, *, permitted: Sequence[str] = (), environ: Mapping[str, str] | None = None, proxy: str | None = None
) -> Http:
    """A client with this source's limits, credentials and networks.

    `permitted` is the administrator's list: raises `ConfigError` E-CFG-011 for an entry of the source that it does not
    name, and E-CFG-006 for an `env:` reference that leads nowhere.
    """
    refused = not_permitted(source.allow_networks, permitted)
    if refused:
        raise ConfigError("E-CFG-011", entry=refused[0], pointer="/allow_networks")
    names = {found.name for found in fields(Limits)}
    limits = replace(Limits(), **{name: value for name, value in source.limits.items() if name in names})
    auth = credentials(source.config.get("auth"), environ)
    home = source.url if source.url.startswith(("http://", "https://")) else None
    return Http(limits, source.allow_networks, auth, origin=home, proxy=proxy, ca=source.config.get("ca"))


def load_source(where: str | Path) -> Source:
    """Read a source file by its path, or from its text (which has line breaks).

    Raises `ConfigError` for the first mistake, with its line; `error.all()` are all of them.
    """
    if isinstance(where, Path) or "\n" not in where:
        path = Path(where)
        try:
            if path.stat().st_size > LARGEST:
                raise ConfigError("E-CFG-001", line=1)
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError):
            raise ConfigError("E-CFG-012", path=str(where)) from None
    else:
        text = where
    values, lines = _read(text)
    return _checked(values, lines)


def template(name: str) -> dict[str, Any]:
    """The values of a ready-made application (`applications/NAME.yaml`); else `ConfigError` E-CFG-004."""
    if name not in templates():
        raise ConfigError("E-CFG-004", field="template", expected=", ".join(templates()), pointer="/template")
    return _read(_applications().joinpath(f"{name}.yaml").read_text(encoding="utf-8"))[0]


def templates() -> list[str]:
    """The names of the ready-made applications."""
    return sorted(
        entry.name.removesuffix(".yaml") for entry in _applications().iterdir() if entry.name.endswith(".yaml")
    )


def secret_pointers(source: Source) -> list[str]:
    """Where this source holds secrets (RFC 6901), by the marks in its connector's schema."""
    kind = registry().connectors.get(source.connector)
    return [] if kind is None else list(_secrets(kind.config_schema, dict(source.config), "/config"))


def _applications() -> Any:
    return resources.files("satudata_harvesters").joinpath("applications")


def _secrets(schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    if schema.get("secret") and isinstance(value, str):
        yield where
        return
    found: set[str] = set()
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= set(_secrets(inner, value, where)) if _fits_type(inner, value) else set()
    if isinstance(value, Mapping):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                found |= set(_secrets(inner, value[name], where + pointer(name)))
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found |= set(_secrets(schema["items"], item, where + pointer(place)))
    yield from sorted(found)


def _fits_type(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a branch of a schema is meant for this value: the constants of its `type` tell."""
    constant = schema.get("properties", {}).get("type", {}).get("const")
    return constant is None or (isinstance(value, Mapping) and value.get("type") == constant)


def _connector(kind: str) -> type[Connector]:
    known = registry()
    if kind not in known:
        raise ConfigError("E-CFG-005", connector=kind, known=", ".join(known), pointer="/connector")
    return known[kind]


def _read(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each by pointer) of a YAML text."""
    if len(text) > LARGEST:
        raise ConfigError("E-CFG-001", line=1)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[str, int] = {}
        mistakes: list[ConfigError] = []
        value = None if node is None else _value(loader, node, "", lines, mistakes)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError("E-CFG-001", line=1 if mark is None else mark.line + 1) from None
    finally:
        loader.dispose()
    if not isinstance(value, dict):
        mistakes = [ConfigError("E-CFG-004", field="(berkas)", expected=_TYPES["object"], line=1)]
        value = {}
    _raise(mistakes)
    return value, lines


def _value(
    loader: yaml.SafeLoader, node: yaml.Node, where: str, lines: dict[str, int], mistakes: list[ConfigError]
) -> Any:
    if len(lines) > MOST_NODES:
        raise ValueError
    lines.setdefault(where, node.start_mark.line + 1)
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        raise yaml.constructor.ConstructorError(problem="tag", problem_mark=node.start_mark)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, inner in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            here = where + pointer(key)
            if key in found:
                mistakes.append(ConfigError("E-CFG-013", field=key, line=key_node.start_mark.line + 1, pointer=here))
            lines[here] = key_node.start_mark.line + 1
            found[key] = _value(loader, inner, here, lines, mistakes)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(loader, inner, where + pointer(place), lines, mistakes) for place, inner in enumerate(node.value)
        ]
    value = loader.construct_object(node)
    if isinstance(value, date) or (
        isinstance(value, int | float) and not isinstance(value, bool) and _AS_WRITTEN.search(where)
    ):
        return node.value
    return value


def _checked(raw: dict[str, Any], lines: Mapping[str, int]) -> Source:
    mistakes: list[ConfigError] = []
    if isinstance(raw.get("template"), str):
        try:
            raw = _merged(template(raw["template"]), raw)
        except ConfigError as error:
            mistakes.append(error)
    mistakes += _against(_schema(), raw, "")
    if not mistakes:
        mistakes += _deeper(raw)
    for mistake in mistakes:
        if mistake.line is None:
            mistake.line = _line(lines, mistake.pointer)
    _raise(mistakes)
    known = {found.name for found in fields(Source)}
    values = {name: value for name, value in raw.items() if name in known}
    return Source(**{**values, "allow_networks": tuple(raw.get("allow_networks", ()))})


def _deeper(raw: Mapping[str, Any]) -> list[ConfigError]:
    """What the schema of the file cannot say: the connector's own settings, expressions, networks, addresses."""
    mistakes: list[ConfigError] = []
    try:
        kind = _connector(raw["connector"])
    except ConfigError as error:
        return [error]
    settings = {**raw.get("config", {}), **({"url": raw["url"]} if "url" in raw else {})}
    for mistake in _against(kind.config_schema, settings, "/config"):
        if mistake.pointer == "/config/url" or mistake.params.get("field") == "config.url":
            mistake.pointer, mistake.params["field"] = "/url", "url"
        mistakes.append(mistake)
    checks = (
        lambda: kind.check(settings),
        lambda: check_url(raw["url"]) if "url" in raw and kind.speaks_http else None,
        lambda: DatasetMapping(raw.get("mapping"), fallback=kind.mapping or "otomatis"),
        lambda: AggregateRules.from_dict(raw["aggregate"]) if "aggregate" in raw else None,
        lambda: parse_networks(raw.get("allow_networks", ())),
    )
    for check in checks if not mistakes else ():
        try:
            check()
        except ConfigError as error:  # noqa: PERF203 - five checks, each of which may find something
            error.pointer = error.pointer or ("/url" if error.code in {"E-CFG-009", "E-CFG-007"} else "")
            mistakes += error.all()
    return mistakes


def _merged(below: Any, above: Any) -> Any:
    """A template with what the source's own file says over it."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {
            name: _merged(below.get(name), above[name]) if name in above else below[name] for name in {**below, **above}
        }
    return above


def _against(schema: Mapping[str, Any], value: Any, where: str) -> list[ConfigError]:
    validator = Draft202012Validator(schema, registry=Schemas())
    told = (mistake for error in validator.iter_errors(value) for mistake in _told(error, where))
    return list({(mistake.code, mistake.pointer): mistake for mistake in told}.values())


def _told(error: ValidationError, where: str) -> list[ConfigError]:
    """One mistake in words; the value itself is never shown, it may be a secret."""
    place = where + "".join(pointer(part) for part in error.absolute_path)
    schema: Any = error.schema
    wanted: Any = error.validator_value
    instance: Any = error.instance
    name = place.strip("/").replace("/", ".")
    if error.validator in {"anyOf", "oneOf"} and error.context:
        likely = _likely(error)
        if likely is not None:
            return _told(likely, where)
    if error.validator == "additionalProperties":
        known = sorted(schema.get("properties", {}))
        unknown = [key for key in instance if key not in known]
        prefix = f"{name}." if name else ""
        return [
            ConfigError("E-CFG-002", field=f"{prefix}{key}", known=", ".join(known), pointer=place + pointer(key))
            for key in unknown
        ]
    if error.validator == "required":
        missing = [key for key in wanted if key not in instance]
        return [
            ConfigError("E-CFG-003", field=f"{name}.{key}" if name else key, pointer=place + pointer(key))
            for key in missing
        ]
    return [ConfigError("E-CFG-004", field=name, expected=_expected(error), pointer=place)]


def _likely(error: ValidationError) -> ValidationError | None:
    """Of several ways a value may be written, the mistake in the way that was meant: where its `type` is right."""
    meant = [inner for inner in error.context or () if inner.validator != "const" and inner.relative_path != ["type"]]
    branches = {inner.schema_path[0] for inner in error.context or () if inner.validator == "const"}
    fitting = [inner for inner in meant if inner.schema_path[0] not in branches]
    told = [inner for inner in fitting or meant if inner.validator != "type"]
    # The mistake that lies deepest: there the way of writing was followed furthest.
    return max(told or fitting or meant, key=lambda inner: (len(inner.absolute_path), relevance(inner)), default=None)


def _expected(error: ValidationError) -> str:
    """What would fit, in a few words."""
    wanted: Any = error.validator_value
    schema: Any = error.schema
    rule = str(error.validator)
    names = {
        "minimum": f"≥ {wanted}",
        "exclusiveMinimum": f"> {wanted}",
        "maximum": f"≤ {wanted}",
        "const": f"{wanted}",
    }
    if rule == "enum":
        return ", ".join(map(str, wanted))
    if rule == "type":
        return " / ".join(_TYPES.get(name, name) for name in ([wanted] if isinstance(wanted, str) else wanted))
    if rule == "pattern":
        return str(schema.get("description") or wanted)
    return names.get(rule) or (f"{rule} {wanted}" if isinstance(wanted, int | str) else rule)


def _line(lines: Mapping[str, int], place: str) -> int | None:
    while place and place not in lines:
        place = place.rpartition("/")[0]
    return lines.get(place)


def _raise(mistakes: Sequence[ConfigError]) -> None:
    if mistakes:
        first, *others = sorted(mistakes, key=lambda error: error.line or 0)
        first.others = tuple(others)
        raise first


@cache
def _schema() -> Mapping[str, Any]:
    text = resources.files("satudata_harvesters").joinpath("source.schema.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema
