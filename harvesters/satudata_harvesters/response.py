"""What a source answered, and what kind of answer it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from satudata_harvesters import strict_json
from satudata_harvesters.errors import SourceError


@dataclass(frozen=True)
class Response:
    """An answer with a good status. `headers` have lower-case names; `url` is where it came from after redirects.

    `asked` is the address that errors name: a redirect's target is the source's own words, in which a person may stand.
    `unchanged` is true after 304, or when the body's bytes are the ones the given validators were made of.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    unchanged: bool = False
    validators: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", self.asked or self.url)

    @property
    def type(self) -> str:
        """The media type without parameters, lower case; empty where the source sent none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def looks_like_html(self) -> bool:
        """Whether this is a page for people (also when it says otherwise)."""
        start = self.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return start.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")) or (
            self.type in {"text/html", "application/xhtml+xml"} and start.startswith(b"<")
        )

    def json(self) -> Any:
        """The JSON value of the body; else `SourceError` E-TRK-001 (no JSON), -014 (broken), -020 (firewall)."""
        start = self.body[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
        if start.startswith(b"<") or not start:
            code = "E-TRK-020" if is_firewall(self.body) else "E-TRK-001"
            raise SourceError(code, status=self.status, url=self.asked, type=self.type or "-") from None
        try:
            return strict_json.loads(self.body)
        except strict_json.InvalidJson as error:
            raise SourceError("E-TRK-014", status=self.status, url=self.asked, reason=str(error)) from None


def is_firewall(body: bytes) -> bool:
    """Whether a firewall speaks here rather than the application behind it."""
    start = body[:4096].lower()
    if start.lstrip()[:1] in {b"{", b"["}:
        return False  # the application itself: CKAN, too, says "Access denied" to a wrong key
    return any(
        word in start
        for word in (
            b"waf block",
            b"web application firewall",
            b"cloudflare",
            b"incapsula",
            b"access denied",
            b"request rejected",
        )
    )
