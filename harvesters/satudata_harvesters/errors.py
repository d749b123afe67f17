"""What can go wrong while reading an application, in classes named by what their catcher should do.

Every error carries an issue code and parameters, never text: `message` and `remedy` are rendered in the reader's
language from the messages of `satudata_schemas`. Nothing secret and nothing from a record's body may become a
parameter; URLs are redacted on entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from satudata_schemas.issue import Issue

Lang = Literal["id", "en"]

#: Longest parameter that is shown; whatever a source sends in its place is cut here.
PARAM_LENGTH = 300
HIDDEN = "***"
#: Labels of hosts that offices have are shorter; keys are not.
LONGEST_LABEL = 40

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SECRET_NAME = re.compile(
    r"key|token|secret|pass|pwd|sign?(ature)?$|auth|credential|kunci|sandi|session|^code$|^sas$", re.IGNORECASE
)
#: BPS and some gateways carry the key as a segment of the path: `/key/<the key>/`.
_KEY_SEGMENT = re.compile(r"(?<=/)(key|token|apikey|api_key)/[^/]+", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s'\"<>]+", re.IGNORECASE)
#: What a query may show: places in a list. Other values, and long numbers in a path, may be a person's: a source
#: chooses them when it redirects or names the next page.
_PLACE = re.compile(r"\d{1,8}")
#: Parameters whose values are words of an API's own language, as long as they are short and plain.
_PLAIN_NAMES = frozenset({"sort", "order", "format", "page", "per_page", "rows", "start", "limit", "offset"})
_PLAIN_WORDS = re.compile(r"[a-z_]{1,20}(?:(?:%20|\+|%3A|:)(?:asc|desc))?")
_LONG_NUMBER = re.compile(r"\d(?:[-. ]?\d){8,}")


def redact(url: str) -> str:
    """The URL without userinfo, fragment and the values of query keys or path segments that may be secret."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN
    query = "&".join(f"{quote(name)}={HIDDEN if _SECRET_NAME.search(name) else quote(value)}" for name, value in pairs)
    return urlunsplit((parts.scheme, host, _KEY_SEGMENT.sub(rf"\1/{HIDDEN}", parts.path), query, ""))


def clean(value: Any) -> Any:
    """A parameter that is safe to show on one line: no control characters, no secrets or people in URLs, no endless
    text.
    """
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = _CONTROL.sub(" ", str(value)).encode("utf-8", "replace").decode()
    return _URL.sub(lambda found: _impersonal(redact(found[0])), text)[:PARAM_LENGTH]


def _impersonal(url: str) -> str:
    """A redacted URL without what a source may have put into it about a person."""
    address, asked, query = url.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    shown = (f"{name}={value if _harmless(name, value) else HIDDEN}" for name, _, value in pairs)
    scheme, divider, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    hidden = _LONG_NUMBER.sub(HIDDEN, path)
    return f"{scheme}{divider}{host}{slash}{hidden}{asked}{_LONG_NUMBER.sub(HIDDEN, '&'.join(shown)) if asked else ''}"


def shown_host(host: str) -> str:
    """A host as an error may name it: its owner may have put a person's number or a key into a label."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        labels = (
            HIDDEN if len(label) > LONGEST_LABEL else _LONG_NUMBER.sub(HIDDEN, label) for label in host.split(".")
        )
        return ".".join(labels)
    return host


def _harmless(name: str, value: str) -> bool:
    return bool(_PLACE.fullmatch(value) or (name in _PLAIN_NAMES and _PLAIN_WORDS.fullmatch(value)))


class ReadingError(Exception):
    """A problem of reading a source: an issue `code`, its `params`, and where it is (`line` of a file, `pointer`)."""

    def __init__(self, code: str, *, line: int | None = None, pointer: str = "", **params: Any) -> None:
        self.code = code
        self.line = line
        self.pointer = pointer
        self.params: dict[str, Any] = {name: clean(value) for name, value in params.items()}
        super().__init__(code)

    def message(self, lang: Lang = "id") -> str:
        """The cause in one sentence, with the line of the file where there is one."""
        text = render(self.code, self.params, lang)[0]
        return text if self.line is None else f"{'Baris' if lang == 'id' else 'Line'} {self.line}: {text}"

    def remedy(self, lang: Lang = "id") -> str:
        """What the reader can do about it, in one sentence."""
        return render(self.code, self.params, lang)[1]

    def to_dict(self, lang: Lang = "id") -> dict[str, Any]:
        """The JSON shape of contracts.md's issues: `{code, severity, pointer, line, message, remedy, params}`."""
        return {
            "code": self.code,
            "severity": "error",
            "pointer": self.pointer,
            "line": self.line,
            "message": self.message(lang),
            "remedy": self.remedy(lang),
            "params": self.params,
        }

    def __str__(self) -> str:
        return f"{self.code}: {self.message()} {self.remedy()}"


class SourceError(ReadingError):
    """The source cannot be read now. The run stops as incomplete; what was published stays; try again later.

    `status` is the HTTP status where there was an answer, `retry_after` the seconds the source asked us to wait.
    """

    def __init__(
        self, code: str, *, status: int | None = None, retry_after: float | None = None, **params: Any
    ) -> None:
        told: dict[str, Any] = params if status is None else {**params, "status": status}
        super().__init__(code, **told)
        self.status = status
        self.retry_after = retry_after


class ConfigError(ReadingError):
    """The source file or a setting is wrong; trying again helps only after somebody mends it.

    `others` are the further mistakes found in the same file, so that all can be mended at once.
    """

    def __init__(self, code: str, *, others: tuple[ConfigError, ...] = (), **params: Any) -> None:
        super().__init__(code, **params)
        self.others = others

    def all(self) -> tuple[ConfigError, ...]:
        """This mistake and the others, in the order of the file."""
        return tuple(sorted((self, *self.others), key=lambda error: error.line or 0))


class RecordError(ReadingError):
    """One record cannot be read; the run goes on. One with an `identifier` is still there and must not be withdrawn."""

    def __init__(self, code: str, *, identifier: str | None = None, **params: Any) -> None:
        super().__init__(code, **params)
        self.identifier = identifier


def render(code: str, params: Mapping[str, Any], lang: Lang = "id") -> tuple[str, str]:
    """(message, remedy) of a code with its parameters, in a language."""
    issue = Issue(code, "error", "", None, {name: clean(value) for name, value in params.items()})
    return issue.message(lang), issue.remedy(lang)
