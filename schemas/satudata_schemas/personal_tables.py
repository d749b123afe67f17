"""What the columns of a table together say: a table of persons, of their health, or of offices and their contacts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from satudata_schemas.personal_headers import names_a_facility, names_a_person

_NAMES = frozenset({"name", "bare_name", "other_name"})
_PRIVATE = frozenset({"birth", "home", "bare_address", "address"})
_TELLING = _NAMES | _PRIVATE | {"health", "sex", "village"}


class Described(Protocol):
    """A column as far as the table's kind depends on it."""

    title: str
    kind: str | None

    @property
    def varies(self) -> bool:
        """Whether its values differ from row to row."""

    @property
    def words(self) -> bool:
        """Whether most of it is words."""


class TableKind(NamedTuple):
    """`name` is "person" or "health"; `told_by` the titles of the columns that say so."""

    name: str
    told_by: str


def table_kind(columns: Sequence[Described], found: Collection[str]) -> TableKind | None:
    """A table of persons: named with birth date, address, phone or aid, or told apart by combined data (UU 27/2022
    Pasal 4); None for any other. `found` are the kinds found in its columns.
    """
    name = _kind(columns, set(found))
    return TableKind(name, ", ".join([one.title for one in columns if one.kind in _TELLING][:5])) if name else None


def _kind(columns: Sequence[Described], found: set[str]) -> str | None:
    kinds = {str(one.kind) for one in columns if one.kind}
    private = {
        str(one.kind) for one in columns if one.kind in {"birth", "home", "bare_address", "address"} and one.varies
    }
    private |= found & {"phone", "account"}
    identified = bool(found & {"nik", "kk"})
    named = {
        str(one.kind) for one in columns if one.kind in {"name", "bare_name", "other_name"} and one.varies and one.words
    }
    if _is_of_persons(columns, kinds, named, private):
        return "health" if "health" in kinds else "person"
    if "health" in kinds and (named - {"other_name"} or "birth" in private or identified):
        return "health"
    return "person" if "birth" in private and "sex" in kinds and "village" in kinds else None


def _is_of_persons(columns: Sequence[Described], kinds: set[str], named: set[str], private: set[str]) -> bool:
    """Whether people stand in it with what is theirs."""
    about_facilities = any(names_a_facility(one.title) for one in columns)
    if "name" in named:
        return bool(private or kinds & {"neighbourhood", "aid"})
    if "bare_name" in named:
        if kinds & {"aid"} and kinds & {"nik", "kk", "village", "neighbourhood"}:
            return True
        return bool(private) and not (about_facilities and private <= {"bare_address", "address", "phone"})
    return "other_name" in named and bool(private & {"birth", "home", "account"}) and not about_facilities


def tells_of_offices(columns: Sequence[Described]) -> set[str | None]:
    """The titles of columns whose telephone numbers and e-mail addresses are those of offices and facilities."""
    kinds = {one.kind for one in columns}
    facility = "facility" in kinds
    about = any(names_a_facility(one.title) for one in columns)
    if not facility or kinds & {"name", "nik", "kk", "birth"} or ("bare_name" in kinds and not about):
        return set()
    return {one.title or None for one in columns if not names_a_person(one.title)}
