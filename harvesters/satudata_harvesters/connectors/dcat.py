"""DCAT catalogues: RDF in any serialisation, and `data.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from satudata_harvesters import rdf
from satudata_harvesters.connector import Connector, Page, Validators
from satudata_harvesters.credentials import AUTH_SCHEMA, credentials
from satudata_harvesters.errors import RecordError, SourceError
from satudata_harvesters.http import Limits
from satudata_harvesters.paging import Bounds, number
from satudata_harvesters.response import Response

ACCEPT = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, application/json;q=0.7, */*;q=0.1"
SYNTAXES = ("xml", "turtle", "json-ld", "n3", "nt", "data.json")
_BY_TYPE = {
    "application/rdf+xml": "xml",
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "text/n3": "n3",
    "text/rdf+n3": "n3",
    "application/n-triples": "nt",
    "application/ld+json": "json-ld",
}
#: After so many documents that cannot be read, and none that can, their server is taken to be down.
FAILURES_IN_A_ROW = 10
_BY_ENDING = {"rdf": "xml", "xml": "xml", "owl": "xml", "ttl": "turtle", "n3": "n3", "nt": "nt", "jsonld": "json-ld"}


class _Content(NamedTuple):
    """What a page of a catalogue holds; `parts` are the documents that it named and that were asked for, too."""

    records: list[dict[str, Any]]
    errors: tuple[RecordError, ...] = ()
    following: str | None = None
    total: int | None = None
    parts: int = 0


class Dcat(Connector):
    """Datasets of a DCAT catalogue: RDF/XML, Turtle, N3, N-Triples, JSON-LD with Hydra paging, or one `data.json`."""

    kind = "dcat"
    title: ClassVar[Mapping[str, str]] = {
        "id": "Katalog DCAT (RDF, data.json)",
        "en": "DCAT catalogue (RDF, data.json)",
    }
    mapping = "dcat"
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "title": "Alamat katalog"},
            "format": {"enum": list(SYNTAXES), "title": "Format, bila sumber menyebutnya keliru"},
            "auth": AUTH_SCHEMA,
            "ca": {"type": "string", "title": "Sertifikat CA (PEM)"},
        },
    }

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield the catalogue's pages; see `Connector.pages`. What changed since a time is not for DCAT to tell."""
        bounds = Bounds(self.http.limits, self.url)
        url: str | None = after or self.config["url"]
        while url is not None:
            bounds.enter(url)
            known = {} if since else dict((validators or {}).get(url, {}))
            if "parts" in known:
                # The catalogue says nothing about the documents it only names.
                known = {}
            answer = self.http.request(
                "GET",
                url,
                validators=known if "next" in known else None,
                headers={"Accept": ACCEPT},
                asked=self.config["url"],
            )
            if answer.unchanged:
                following = known["next"] or None
                total = number(known.get("total"))
                yield Page(url, [], following or url, following is None, unchanged=True, validators=known, total=total)
                url = following
                continue
            records, errors, following, total, parts = self._read(answer, url)
            bounds.read(records, answer.validators.get("hash", ""))
            hints = {"next": following or ""} | ({} if total is None else {"total": str(total)})
            hints |= {"parts": str(parts)} if parts else {}
            yield Page(
                url, records, following or url, following is None,
                validators={**answer.validators, **hints}, total=total, errors=errors,
            )  # fmt: skip
            url = following

    def _read(self, answer: Response, url: str) -> _Content:
        syntax = self.config.get("format") or guess(answer)
        if syntax is None:
            answer.json()
            raise SourceError("E-TRK-015", url=answer.asked, path="dataset")
        if syntax == "data.json":
            return _Content(*_of_data_json(answer))
        graph = rdf.parse(answer.body, syntax, url, answer.asked)
        if not rdf.is_catalogue(graph):
            raise SourceError("E-TRK-015", url=answer.asked, path="dcat:Catalog")
        following = rdf.next_page(graph)
        there = self._there(following, url) if following else None
        named = rdf.referenced(graph)
        records, errors = self._described_elsewhere(named)
        return _Content([*rdf.datasets(graph), *records], tuple(errors), there, rdf.total(graph), len(named))

    def _described_elsewhere(self, addresses: Sequence[str]) -> tuple[list[dict[str, Any]], list[RecordError]]:
        """The datasets of documents that the catalogue only names; one that cannot be read is still there."""
        records: list[dict[str, Any]] = []
        errors: list[RecordError] = []
        limits = replace(self.http.limits, attempts=min(self.http.limits.attempts, 2))
        for place, address in enumerate(addresses):
            found = self._document(address, limits)
            if not isinstance(found, SourceError):
                records += found
                continue
            errors.append(RecordError("E-TRK-021", identifier=address, url=self.url))
            if found.code in {"E-TRK-002", "E-TRK-003"} or len(errors) == place + 1 == FAILURES_IN_A_ROW:
                raise found
        return records, errors

    def _document(self, address: str, limits: Limits) -> list[dict[str, Any]] | SourceError:
        """The datasets of one document, or what kept them from being read."""
        asked = self.config["url"]
        try:
            answer = self.http.request("GET", address, limits=limits, headers={"Accept": ACCEPT}, asked=asked)
            syntax = guess(answer)
            if syntax in {None, "data.json"}:
                return SourceError("E-TRK-015", url=answer.asked, path="dcat:Dataset")
            return rdf.datasets(rdf.parse(answer.body, str(syntax), address, answer.asked))
        except SourceError as error:
            return error

    def _there(self, following: str, url: str) -> str | None:
        """The next page without credentials, on our origin where the catalogue only believes itself elsewhere."""
        here, there = urlsplit(url), urlsplit(urljoin(url, following))
        if there.path == here.path:
            there = there._replace(scheme=here.scheme, netloc=here.netloc)
        secret = credentials(self.config.get("auth")).query if "auth" in self.config else {}
        pairs = [(name, value) for name, value in parse_qsl(there.query, keep_blank_values=True) if name not in secret]
        target = urlunsplit(there._replace(query=urlencode(pairs), netloc=there.netloc.rpartition("@")[2], fragment=""))
        return None if target == url else target


def guess(answer: Response) -> str | None:
    """How an answer is written: by its beginning where that is clear, else by its media type, else by its name."""
    start = answer.body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in {b"{", b"["}:
        return _json_kind(answer)
    if start.startswith(b"<") and answer.looks_like_html:
        return None
    if start.startswith(b"<?xml") or b"<rdf:RDF" in start:
        return "xml"
    ending = urlsplit(answer.url).path.rpartition(".")[2].lower()
    named = _BY_TYPE.get(answer.type) or _BY_ENDING.get(ending)
    if named and named not in {"xml", "json-ld"}:
        return named
    return "turtle" if start.startswith((b"@prefix", b"@base", b"PREFIX", b"prefix", b"BASE", b"#")) else None


def _json_kind(answer: Response) -> str | None:
    value = answer.json()
    if isinstance(value, dict) and isinstance(value.get("dataset"), list) and "@graph" not in value:
        plain = all(
            isinstance(item, dict) and ("title" in item or "identifier" in item) for item in value["dataset"][:5]
        )
        if plain or not value["dataset"]:
            return "data.json"
    start = answer.body[:200_000]
    return "json-ld" if b'"@context"' in start or b'"@id"' in start or b'"@graph"' in start else None


def _of_data_json(answer: Response) -> tuple[list[dict[str, Any]], tuple[RecordError, ...]]:
    """The datasets of a `data.json` (Project Open Data 1.1 and its descendants)."""
    value = answer.json()
    listed = value.get("dataset") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise SourceError("E-TRK-015", url=answer.asked, path="dataset")
    records = [item for item in listed if isinstance(item, dict)]
    return records, tuple(RecordError("E-TRK-021", url=answer.asked) for item in listed if not isinstance(item, dict))
