"""Reading the parameters of the query: text in, value out, `ValueError` for anything that is not one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

from ckanext.satudata.api.routing import Parameter
from satudata_schemas import contract

#: Characters of a search text; beyond that it is none.
LONGEST_TEXT = 20_000
_REGION = re.compile(r"\d{2}(?:\.\d{2}(?:\.\d{2}(?:\.\d{4})?)?)?\Z")
_NAME = re.compile(r"[\w.:/ ()-]{1,200}\Z")
_YEAR = re.compile(r"(?:19|20)\d{2}\Z")
_DAY = re.compile(r"(?:19|20)\d{2}-\d{2}-\d{2}\Z", re.ASCII)


def limit(maximum: int) -> Parameter:
    """How many items a page has, from 1 to `maximum`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > maximum:
            raise ValueError(text)
        return int(text)

    return Parameter(
        read, f"Isikan bilangan bulat dari 1 sampai {maximum}.", f"Send a whole number from 1 to {maximum}."
    )


def text() -> Parameter:
    """Free text."""

    def read(sent: str) -> str:
        if len(sent) > LONGEST_TEXT:
            raise ValueError(sent)
        return "".join(character if character.isprintable() else " " for character in sent)

    told = f"Isikan paling banyak {LONGEST_TEXT} huruf.", f"Send at most {LONGEST_TEXT} characters."
    return Parameter(read, *told)


def cursor() -> Parameter:
    """A cursor as an earlier answer gave it."""
    return Parameter(_filled, "Gunakan nilai dari meta.cursor.", "Use the value of meta.cursor.")


def code(vocabulary: str) -> Parameter:
    """Codes of a vocabulary; a label or another known spelling is taken for its code."""

    def read(sent: str) -> str:
        found = contract.vocabulary(vocabulary).resolve(sent)
        if found is None:
            raise ValueError(sent)
        return found

    told = f"Lihat nilai yang sah pada /vocabularies/{vocabulary}.", f"See /vocabularies/{vocabulary}."
    return Parameter(read, *told, many=True)


def one_of(values: Sequence[str], *, many: bool = False) -> Parameter:
    """One of a fixed list of values."""

    def read(sent: str) -> str:
        if sent not in values:
            raise ValueError(sent)
        return sent

    listed = ", ".join(values)
    return Parameter(read, f"Pilih salah satu: {listed}.", f"Choose one of: {listed}.", many)


def some_of(values: Callable[[], Sequence[str]]) -> Parameter:
    """Several of a list of values, separated by commas."""

    def read(sent: str) -> tuple[str, ...]:
        asked = tuple(dict.fromkeys(part.strip() for part in sent.split(",") if part.strip()))
        if not asked or not set(asked) <= set(values()):
            raise ValueError(sent)
        return asked

    listed = ", ".join(values())
    return Parameter(read, f"Pilih dari, dipisah koma: {listed}.", f"Choose from, by commas: {listed}.")


def names() -> Parameter:
    """Names or ids of things."""
    return Parameter(_matching(_NAME), "Isikan nama atau pengenalnya.", "Send a name or an id.", many=True)


def region() -> Parameter:
    """Kemendagri codes with dots; a province stands for all its regencies."""
    told = "Isikan kode wilayah Kemendagri, misalnya 32.04.", "Send a Kemendagri region code such as 32.04."
    return Parameter(_matching(_REGION), *told, many=True)


def year() -> Parameter:
    """Years of four digits."""
    return Parameter(_matching(_YEAR), "Isikan tahun empat angka.", "Send a year of four digits.", many=True)


def years() -> Parameter:
    """The first and the last year of a period, "2020/2024", either side of which may be open; a range of Solr's."""
    told = 'Isikan tahun pertama dan terakhir, misalnya "2020/2024".', 'Send the first and last year, "2020/2024".'
    return Parameter(lambda sent: _range(sent, _YEAR, str), *told)


def days() -> Parameter:
    """The first and the last day (UTC), "2026-01-01/2026-01-31", either of which may be open; a range of Solr's."""
    told = 'Isikan tanggal awal dan akhir, misalnya "2026-01-01/".', 'Send the first and last day, "2026-01-01/".'
    return Parameter(lambda sent: _range(sent, _DAY, _moment), *told)


def flag() -> Parameter:
    """`true` or `false`."""
    told = 'Isikan "true" atau "false".', 'Send "true" or "false".'
    return Parameter(lambda sent: {"true": True, "false": False}[_known_flag(sent)], *told)


@cache
def dataset_fields() -> tuple[str, ...]:
    """Names that `fields` may ask for: what an answer can hold."""
    own = ("id", "name", "organization", "source", "status", "label", "version", "jatuh_tempo")
    times = ("tidak_ditemukan_sejak", "source_modified", "data_changed", "metadata_changed")
    return (*own, *times, *(name for name, field in contract.fields().items() if not field.private))


def _range(sent: str, pattern: re.Pattern[str], written: Callable[[str], str]) -> str:
    first, slash, last = sent.partition("/")
    if not slash or not (first or last) or not all(not side or pattern.match(side) for side in (first, last)):
        raise ValueError(sent)
    if first and last and first > last:
        raise ValueError(sent)
    return f"[{written(first) if first else '*'} TO {written(last) + _UNTIL[written] if last else '*'}]"


def _moment(day: str) -> str:
    return f"{date.fromisoformat(day).isoformat()}T00:00:00Z"


#: What makes a day's beginning its end; a year is whole by itself.
_UNTIL: dict[Callable[[str], str], str] = {_moment: "+1DAY-1MILLISECOND", str: ""}


def _known_flag(sent: str) -> str:
    if sent not in {"true", "false"}:
        raise ValueError(sent)
    return sent


def _filled(sent: str) -> str:
    if not sent:
        raise ValueError(sent)
    return sent


def _matching(pattern: re.Pattern[str]) -> Callable[[str], Any]:
    def read(sent: str) -> str:
        if not pattern.match(sent):
            raise ValueError(sent)
        return sent

    return read
