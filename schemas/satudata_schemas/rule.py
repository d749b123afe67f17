"""The registry of rules: what a rule is, and how it puts itself on the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from satudata_schemas.dataset import Dataset

PRINCIPLES = ("standar_data", "metadata", "interoperabilitas", "kode_referensi")


class Found(NamedTuple):
    """What a rule yields: the place, the values for its sentences, and which of the rule's codes where it has
    several.
    """

    pointer: str
    params: dict[str, Any]
    code: str | None = None
    principle: str | None = None


@dataclass(frozen=True)
class Rule:
    """A registered rule; `codes[0]` is the one it means unless it says otherwise."""

    codes: tuple[str, ...]
    principle: str | None
    source: str
    reads: Literal["codes", "files"]
    check: Callable[..., Iterable[Found]]


RULES: list[Rule] = []


def rule(
    *codes: str, principle: str | None, source: str, reads: Literal["codes", "files"] = "codes"
) -> Callable[[Callable[..., Iterable[Found]]], Callable[..., Iterable[Found]]]:
    """Registers a rule under its codes.

    `principle` is one of the four, or None for what stands beside them; `source` its legal basis.
    """

    def register(check: Callable[..., Iterable[Found]]) -> Callable[..., Iterable[Found]]:
        RULES.append(Rule(codes, principle, source, reads, check))
        return check

    return register


def found(at: str, *, code: str | None = None, principle: str | None = None, **params: Any) -> Found:
    """One finding at a pointer with the values its sentences need."""
    return Found(at, params, code, principle)


def sources() -> dict[str, str]:
    """The legal basis or standard behind every code a rule can give."""
    return {code: rule.source for rule in RULES for code in rule.codes}


def numbered(dataset: Dataset) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each resource that is an object with its place in the list as it was given."""
    given = dataset.get("resources")
    if isinstance(given, list | tuple):
        for at, resource in enumerate(given):
            if isinstance(resource, Mapping):
                yield at, resource


def kind_of(value: Any) -> str:
    """The JSON kind of a value, as the messages name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
