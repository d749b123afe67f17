"""Any application that answers lists in JSON, by description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from satudata_harvesters import failure, strict_json
from satudata_harvesters.connector import Connector, Page, Validators
from satudata_harvesters.credentials import AUTH_SCHEMA, credentials
from satudata_harvesters.errors import RecordError, SourceError
from satudata_harvesters.paging import PAGING_SCHEMA, Answer, Bounds, Paging, address, compiled, number, paging, pick
from satudata_harvesters.response import Response

_PATH = {"type": "string", "maxLength": 500}
_PARAMS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}


class Rest(Connector):
    """A JSON API the source file describes: where its records are, how it pages, how it says that something failed."""

    kind = "rest"
    title: ClassVar[Mapping[str, str]] = {"id": "API JSON (REST)", "en": "JSON API (REST)"}
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "title": "Alamat API"},
            "method": {"enum": ["GET", "POST"], "default": "GET", "title": "Metode"},
            "params": {**_PARAMS, "title": "Parameter"},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}, "title": "Header"},
            "body": {"type": "object", "title": "Isi permintaan (POST)"},
            "records": {**_PATH, "default": "", "title": "Letak daftar data pada jawaban"},
            "where": {**_PATH, "title": "Syarat (JMESPath) bagi data yang diambil"},
            "success": {
                "type": "object",
                "required": ["path", "equals"],
                "additionalProperties": False,
                "properties": {"path": _PATH, "equals": {"type": ["string", "number", "boolean"]}},
                "title": "Tanda berhasil pada jawaban",
            },
            "paging": PAGING_SCHEMA,
            "since": {
                "type": "object",
                "required": ["param"],
                "additionalProperties": False,
                "properties": {"param": {"type": "string"}},
                "title": "Parameter perubahan sejak",
            },
            "detail": {
                "type": "object",
                "required": ["url"],
                "additionalProperties": False,
                "properties": {"url": {"type": "string"}, "record": _PATH, "into": {"type": "string"}},
                "title": "Permintaan rincian untuk setiap data",
            },
            "auth": AUTH_SCHEMA,
            "ca": {"type": "string", "title": "Sertifikat CA (PEM)"},
        },
    }

    @classmethod
    def check(cls, config: Mapping[str, Any]) -> None:
        """Every path into the answer can be parsed."""
        paging(config.get("paging", {}))
        paths = [
            config.get("records"),
            config.get("where"),
            config.get("success", {}).get("path"),
            config.get("detail", {}).get("record"),
        ]
        for path in filter(None, paths):
            compiled(path)

    @property
    def _paging(self) -> Paging:
        names = frozenset(credentials(self.config.get("auth")).query) if "auth" in self.config else frozenset()
        return paging(self.config.get("paging", {}), names)

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield pages of whatever the API lists; see `Connector.pages`."""
        style = self._paging
        bounds = Bounds(self.http.limits, self.url)
        position: str | None = after or style.first
        read = int(after) if after and after.isdigit() and self.config.get("paging", {}).get("style") == "offset" else 0
        while position is not None:
            bounds.enter(position)
            key = position or "semua"
            # With details or a filter by time, an unchanged list says nothing about what it lists.
            known = {} if since or "detail" in self.config else dict((validators or {}).get(key, {}))
            answer = self._ask(style, position, since, known if "next" in known else {})
            if answer.unchanged:
                following: str | None = known["next"] or None
                total = number(known.get("total"))
                yield Page(key, [], following or key, following is None, unchanged=True, validators=known, total=total)
                read, position = read + (number(known.get("count")) or 0), following
                continue
            value = answer.json()
            self._check(value, answer)
            found = self._records(value, answer)
            bounds.read(found, answer.validators.get("hash", ""))
            following = style.following(position, Answer(value, answer, len(found), read))
            total = (
                number(pick(self.config.get("paging", {}).get("total", ""), value)) if isinstance(value, dict) else None
            )
            hints = {"next": following or "", "count": str(len(found))} | (
                {} if total is None else {"total": str(total)}
            )
            records, errors = self._complete(found)
            yield Page(
                key, records, following or key, following is None,
                validators={**answer.validators, **hints}, total=total, errors=errors,
            )  # fmt: skip
            read, position = read + len(found), following

    def _ask(self, style: Paging, position: str, since: str | None, known: Mapping[str, str]) -> Response:
        url, params = style.ask(position)
        if since and "since" in self.config:
            params = {**params, self.config["since"]["param"]: since}
        method, headers = self.config.get("method", "GET"), self.config.get("headers")
        if method == "POST":
            body = {**self.config.get("body", {}), **params}
            where = address(url or self.config["url"], self.config.get("params", {}))
            return self.http.request(
                "POST", where, body=body, headers=headers, validators=known, asked=self._asked(url)
            )
        everything = params if url else {**self.config.get("params", {}), **params}
        where = address(url or self.config["url"], everything)
        return self.http.request("GET", where, headers=headers, validators=known, asked=self._asked(url))

    def _asked(self, following: str | None) -> str | None:
        """What errors name instead of an address in which words of the source's own choice stand."""
        chosen = following or self.config.get("paging", {}).get("style") == "cursor"
        return self.config["url"] if chosen else None

    def _check(self, value: Any, answer: Response) -> None:
        """Raise `SourceError` E-TRK-016 where a 200 answer says that the request failed."""
        rule = self.config.get("success")
        if rule:
            failed = str(pick(rule["path"], value)).lower() != str(rule["equals"]).lower()
        else:
            failed = failure.flagged(value)
        if failed:
            raise SourceError("E-TRK-016", status=answer.status, url=answer.asked)

    def _records(self, value: Any, answer: Response) -> list[Any]:
        path = self.config.get("records", "")
        found = pick(path, value)
        if isinstance(found, str) and found.strip():
            # Dapodik sends its rows as JSON inside a string.
            try:
                found = strict_json.loads(found.encode())
            except strict_json.InvalidJson:
                found = None
        if isinstance(found, str):
            return []
        if isinstance(found, dict):
            # One record alone comes without its list.
            return [found] if path else self._not_there(answer)
        return found if isinstance(found, list) else self._not_there(answer)

    def _not_there(self, answer: Response) -> list[Any]:
        raise SourceError("E-TRK-015", url=answer.asked, path=self.config.get("records") or "(akar)")

    def _complete(self, found: list[Any]) -> tuple[list[dict[str, Any]], tuple[RecordError, ...]]:
        """The records with their details, and an error for each that cannot be read."""
        records: list[dict[str, Any]] = []
        errors: list[RecordError] = []
        for item in found:
            if not isinstance(item, dict):
                errors.append(RecordError("W-MAP-003"))
                continue
            if "where" in self.config and not pick(self.config["where"], item):
                continue
            if "detail" not in self.config:
                records.append(item)
                continue
            try:
                records.append(self._detailed(item))
            except SourceError as error:
                if error.code not in {"E-TRK-004", "E-TRK-005", "E-TRK-014", "E-TRK-015", "E-TRK-001"}:
                    raise
                # The list itself is worth keeping: Garut answers 500 for a detail that does not exist.
                records.append(item)
                errors.append(RecordError("E-TRK-021", url=self.url))
        return records, tuple(errors)

    def _detailed(self, item: dict[str, Any]) -> dict[str, Any]:
        rule = self.config["detail"]
        names = {name: value for name, value in item.items() if "{" + name + "}" in rule["url"] and value is not None}
        url = rule["url"]
        if not url.startswith(("http://", "https://")):
            base = self.config["url"].partition("?")[0].rstrip("/")
            url = _root(base) + url if url.startswith("/") else f"{base}/{url}"
        limits = replace(self.http.limits, attempts=min(self.http.limits.attempts, 2))
        answer = self.http.request(
            "GET", address(url, _quoted(names)), headers=self.config.get("headers"), limits=limits, asked=self.url
        )
        value = pick(rule.get("record", ""), answer.json())
        if "into" in rule:
            return {**item, rule["into"]: value}
        return {**item, **value} if isinstance(value, dict) else {**item, "detail": value}


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _quoted(names: Mapping[str, Any]) -> dict[str, str]:
    """Values safe to stand in a path: one of a record must not lead anywhere else."""
    return {name: quote(str(value), safe="") for name, value in names.items()}
