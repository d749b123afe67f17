"""How applications cut their lists into pages, as small values that say what to ask for next.

A position is a string: the page number, the offset, the cursor or the address of the next page. It is also the
checkpoint a run resumes from, so it never holds a credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import jmespath
from jmespath.exceptions import JMESPathError

from satudata_harvesters.errors import ConfigError, SourceError
from satudata_harvesters.http import Limits
from satudata_harvesters.response import Response

STYLES = ("none", "page", "offset", "next_url", "cursor", "link")

PAGING_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Cara berpindah halaman",
    "required": ["style"],
    "additionalProperties": False,
    "properties": {
        "style": {"enum": list(STYLES)},
        "page": {"type": "string", "title": "Parameter nomor halaman"},
        "first": {"type": "integer", "minimum": 0, "title": "Nomor halaman pertama"},
        "size": {"type": "string", "title": "Parameter ukuran halaman"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 10000, "title": "Ukuran halaman"},
        "offset": {"type": "string", "title": "Parameter awal (offset, skip)"},
        "cursor": {"type": "string", "title": "Parameter kursor"},
        "last_page": {"type": "string", "title": "Letak nomor halaman terakhir pada jawaban"},
        "total": {"type": "string", "title": "Letak jumlah seluruh data pada jawaban"},
        "next": {"type": "string", "title": "Letak alamat atau kursor halaman berikut pada jawaban"},
        "text_numbers": {"type": "boolean", "title": "Angka dikirim sebagai teks"},
    },
}


def pick(expression: str, value: Any) -> Any:
    """What a JMESPath expression finds in a value; an empty expression is the value itself."""
    return compiled(expression).search(value) if expression else value


@cache
def compiled(expression: str) -> Any:
    """The parsed expression; raises `ConfigError` E-CFG-008 where it cannot be parsed."""
    try:
        return jmespath.compile(expression)
    except JMESPathError:
        raise ConfigError("E-CFG-008", expression=expression, field="config") from None


def number(value: Any) -> int | None:
    """A count as applications write it: 12, "12", "1.204"; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value)
    text = re.sub(r"[.,\s]", "", str(value or ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def address(url: str, params: Mapping[str, Any]) -> str:
    """The URL with these query parameters, in place of any of the same name; `{name}` in its path is filled in."""
    rest = dict(params)
    for name in params:
        if "{" + name + "}" in url:
            url = url.replace("{" + name + "}", str(rest.pop(name)))
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in rest]
    return urlunsplit(parts._replace(query=urlencode([*kept, *((name, str(value)) for name, value in rest.items())])))


@dataclass(frozen=True)
class Answer:
    """What a style of paging looks at: the parsed answer, how many records it held, how many came before it."""

    value: Any
    response: Response
    count: int
    read: int


class Paging(Protocol):
    """One style: where to begin, what to ask for, where to go on (None: this was the last page)."""

    @property
    def first(self) -> str:
        """The position of the first page."""
        ...

    def ask(self, position: str, /) -> tuple[str | None, dict[str, Any]]:
        """(another address or None, parameters) of the request for a position."""
        ...

    def following(self, position: str, answer: Answer, /) -> str | None:
        """The position behind this answer."""
        ...


@dataclass(frozen=True)
class Single:
    """Everything in one answer."""

    first: str = ""

    def ask(self, _: str, /) -> tuple[str | None, dict[str, Any]]:
        """Nothing but the address itself."""
        return None, {}

    def following(self, _: str, __: Answer, /) -> str | None:
        """There is no second page."""
        return None


def _total(path: str, answer: Answer) -> int | None:
    return number(pick(path, answer.value)) if path else None


@dataclass(frozen=True)
class Numbered:
    """`?page=N` until the last page the answer names, else until the total is read, else until an empty page."""

    page: str = "page"
    begin: int = 1
    size: tuple[str, int] | None = None
    last_page: str = ""
    total: str = ""
    text_numbers: bool = False

    @property
    def first(self) -> str:
        """The number of the first page."""
        return str(self.begin)

    def ask(self, position: str, /) -> tuple[str | None, dict[str, Any]]:
        """The page number, and the size where one is set."""
        params: dict[str, Any] = {self.page: int(position)}
        if self.size:
            params[self.size[0]] = self.size[1]
        return None, _as_text(params) if self.text_numbers else params

    def following(self, position: str, answer: Answer, /) -> str | None:
        """The next number."""
        last = _total(self.last_page, answer)
        if last is not None:
            # Pages counted from 0 still name their number: 3 pages are 0, 1, 2.
            done = int(position) - self.begin + 1 >= last
        else:
            total = _total(self.total, answer)
            done = answer.count == 0 if total is None else answer.read + answer.count >= total
            if total is not None and answer.count == 0 and not done:
                raise SourceError("E-TRK-019", url=answer.response.asked, read=answer.read, total=total)
        return None if done else str(int(position) + 1)


@dataclass(frozen=True)
class Offset:
    """`?limit=N&offset=M`, also called skip or start, until the total is read or an empty page comes."""

    offset: str = "offset"
    size: tuple[str, int] = ("limit", 200)
    total: str = ""
    text_numbers: bool = False
    first: str = "0"

    def ask(self, position: str, /) -> tuple[str | None, dict[str, Any]]:
        """Where to begin and how many."""
        params: dict[str, Any] = {self.size[0]: self.size[1], self.offset: int(position)}
        return None, _as_text(params) if self.text_numbers else params

    def following(self, position: str, answer: Answer, /) -> str | None:
        """Behind what came: a source may give fewer than it was asked for."""
        behind = int(position) + answer.count
        total = _total(self.total, answer)
        if total is not None and answer.count == 0 and behind < total:
            raise SourceError("E-TRK-019", url=answer.response.asked, read=behind, total=total)
        done = answer.count == 0 if total is None else behind >= total
        return None if done else str(behind)


@dataclass(frozen=True)
class Linked:
    """The answer names the next address, in its body (`next_page_url`) or in a Link header (RFC 8288)."""

    next: str = "next_page_url"
    header: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    secret_names: frozenset[str] = frozenset()
    first: str = ""

    def ask(self, position: str, /) -> tuple[str | None, dict[str, Any]]:
        """The address the last answer named."""
        return (position, {}) if position else (None, dict(self.params))

    def following(self, _: str, answer: Answer, /) -> str | None:
        """The next address, on the origin we came from where only the scheme differs, without credentials."""
        found = _link(answer.response.headers.get("link", "")) if self.header else pick(self.next, answer.value)
        if not isinstance(found, str) or not found.strip():
            return None
        here, there = urlsplit(answer.response.url), urlsplit(urljoin(answer.response.url, found.strip()))
        if there.hostname == here.hostname:
            # Laravel behind a proxy believes itself on http and names such addresses.
            there = there._replace(scheme=here.scheme, netloc=here.netloc)
        pairs = parse_qsl(there.query, keep_blank_values=True)
        pairs = [(name, value) for name, value in pairs if name not in self.secret_names]
        return urlunsplit(there._replace(query=urlencode(pairs), netloc=there.netloc.rpartition("@")[2]))


@dataclass(frozen=True)
class Cursor:
    """The answer gives a word to come back with."""

    next: str
    cursor: str = "cursor"
    size: tuple[str, int] | None = None
    first: str = ""

    def ask(self, position: str, /) -> tuple[str | None, dict[str, Any]]:
        """The word, and the size where one is set."""
        params: dict[str, Any] = {self.cursor: position} if position else {}
        return None, params | ({self.size[0]: self.size[1]} if self.size else {})

    def following(self, _: str, answer: Answer, /) -> str | None:
        """The next word; none, or an empty page, is the end."""
        found = pick(self.next, answer.value)
        return str(found) if found not in (None, "", False) and answer.count else None


def _as_text(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in params.items()}


def _link(header: str) -> str | None:
    for part in re.findall(r"<([^>]*)>([^<]*)", header[:20_000]):
        if re.search(r';\s*rel\s*=\s*"?[^";]*\bnext\b', part[1], re.IGNORECASE):
            return str(part[0])
    return None


def paging(config: Mapping[str, Any], secret_names: frozenset[str] = frozenset()) -> Paging:
    """The style a source file's `paging` describes (see `PAGING_SCHEMA`); without one, a single answer."""
    style = config.get("style", "none")
    size = (config["size"], int(config.get("page_size", 200))) if "size" in config else None
    text = bool(config.get("text_numbers"))
    for path in ("last_page", "total", "next"):
        if config.get(path):
            compiled(config[path])
    match style:
        case "page":
            return Numbered(
                config.get("page", "page"), int(config.get("first", 1)), size,
                config.get("last_page", ""), config.get("total", ""), text,
            )  # fmt: skip
        case "offset":
            bounds = (config.get("size", "limit"), int(config.get("page_size", 200)))
            return Offset(config.get("offset", "offset"), bounds, config.get("total", ""), text)
        case "next_url":
            return Linked(
                config.get("next", "next_page_url"), params=dict([size]) if size else {}, secret_names=secret_names
            )
        case "link":
            return Linked(header=True, params=dict([size]) if size else {}, secret_names=secret_names)
        case "cursor":
            return Cursor(config.get("next", "meta.cursor"), config.get("cursor", "cursor"), size)
        case _:
            return Single()


class Bounds:
    """Ends a run that would never end: a page that comes again, a cursor that loops, more than the limits allow."""

    def __init__(self, limits: Limits, url: str) -> None:
        self._limits, self._url = limits, url
        self._positions: set[str] = set()
        self._hashes: set[str] = set()
        self._previous: list[Any] | None = None
        self.pages = 0
        self.records = 0

    def enter(self, position: str) -> None:
        """About to read this position; raises `SourceError` E-TRK-017 when it was read before, -018 above the limit."""
        if position in self._positions:
            raise SourceError("E-TRK-017", url=self._url)
        self._positions.add(position)
        self.pages += 1
        if self.pages > self._limits.max_pages:
            raise SourceError("E-TRK-018", url=self._url, limit=self._limits.max_pages, what="halaman")

    def read(self, records: list[Any], body_hash: str = "") -> None:
        """These records came; raises `SourceError` E-TRK-017 when the same came before, -018 above the limit."""
        if records and (records == self._previous or (body_hash and body_hash in self._hashes)):
            raise SourceError("E-TRK-017", url=self._url)
        if body_hash:
            self._hashes.add(body_hash)
        self._previous = records
        self.count(len(records))

    def count(self, records: int) -> None:
        """So many more records came; raises `SourceError` E-TRK-018 above the limit."""
        self.records += records
        if self.records > self._limits.max_records:
            raise SourceError("E-TRK-018", url=self._url, limit=self._limits.max_records, what="data")
