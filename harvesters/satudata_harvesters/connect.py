"""From an address to a source file: what answers there, where its records are, how they page, what its keys mean.

    proposal = connect("https://data.contoh.go.id", Http())
    proposal.source.to_yaml()

Nothing is guessed that was not seen in an answer: the proposal is what `preview` and `source add` take unedited.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from satudata_harvesters import json_shape, known_services
from satudata_harvesters.aggregate import AggregateRules
from satudata_harvesters.connectors.dcat import guess as rdf_syntax
from satudata_harvesters.errors import ConfigError, ReadingError, SourceError
from satudata_harvesters.http import Http, Limits, check_url
from satudata_harvesters.known_services import Known
from satudata_harvesters.mappings.alike import plain_key
from satudata_harvesters.paging import address, number
from satudata_harvesters.response import Response
from satudata_harvesters.share_links import is_share_link
from satudata_harvesters.source import Source, templates
from satudata_harvesters.source import template as ready_made

#: Looking around may ask some twenty times; each time is short.
LOOKING = Limits(connect=5, read=10, deadline=20, attempts=1, max_bytes=50_000_000)
#: Where catalogues keep what machines read, below the address people know.
CATALOGUES = ("catalog.ttl", "catalog.jsonld", "catalog.rdf", "catalog.xml", "data.json")
#: Where applications keep their lists, by the word for it; `complaints` and the like are ready-made applications.
APIS: Mapping[str, str] = {
    "api/v1/laporan": "complaints",
    "api/laporan": "complaints",
    "api/v1/aduan": "complaints",
    "api/aduan": "complaints",
    "api/v1/izin": "licences",
    "api/izin": "licences",
    "api/messages": "service_desk",
    "api-backend/dataset/list": "",
    "datasets": "",
    "api/datasets": "",
    "api/v1/datasets": "",
    "api/dataset": "",
    "api/daftar_data": "",
}
_TOTALS = ("total", "count", "jumlah", "rowtotal", "total_data", "totalitems", "recordstotal", "jumlah_data")
_NEXT = ("next_page_url", "next", "next_url", "nextpage", "selanjutnya")
_CURSORS = ("next_cursor", "cursor", "kursor", "nextcursor")


@dataclass(frozen=True)
class Proposal:
    """What was found: the kind of source, the source file that reads it, and the address that answered."""

    kind: str
    source: Source
    answered: str
    needs_key: bool = False


def connect(
    url: str, http: Http, *, name: str | None = None, auth: Any = None, seconds: float | None = None
) -> Proposal:
    """Look at an address and propose a source. `auth` goes into the proposal as the source file writes it.

    `seconds` bounds the whole look around, for a person who waits: what was not asked by then counts as not there.
    Raises `SourceError`: what stands in the way (wrong key, firewall, a network that is closed), or E-TRK-027 when
    nothing that can be read was found; `ConfigError` for what is no address, and E-CFG-025 for that of a database.
    """
    if known_services.is_database(url):
        raise ConfigError("E-CFG-025", field="url")
    check_url(url)
    chosen = name or _name(url)
    if is_share_link(url):
        return Proposal("table", Source(chosen, "table", url), url)
    looking = _Looking(http, chosen, {"auth": auth} if auth else {}, seconds)
    known = known_services.by_address(url)
    found = looking.at(url) if known is None else looking.of_service(known)
    if found is None:
        raise SourceError("E-TRK-027", url=url)
    return replace(found, source=replace(found.source, allow_networks=tuple(map(str, http.networks))))


def _name(url: str) -> str:
    host = re.sub(r"[^a-z0-9]+", "-", (urlsplit(url).hostname or "sumber").lower()).strip("-")
    return host[:80] or "sumber"


class _Looking:
    """One look around an address."""

    def __init__(self, http: Http, name: str, config: Mapping[str, Any], seconds: float | None = None) -> None:
        self._http, self._name, self._config = http, name, dict(config)
        self._until = math.inf if seconds is None else time.monotonic() + seconds

    def _get(self, url: str) -> Response:
        left = self._until - time.monotonic()
        if left <= 0:
            raise SourceError("E-TRK-009", url=url, seconds=round(LOOKING.deadline))
        return self._http.request("GET", url, limits=replace(LOOKING, deadline=min(LOOKING.deadline, left)))

    def _try(self, url: str) -> Response | SourceError:
        try:
            return self._get(url)
        except SourceError as error:
            return error

    def at(self, url: str) -> Proposal | None:
        """What the address itself is, else what stands beside it."""
        first = self._try(url)
        if isinstance(first, SourceError):
            if first.code not in {"E-TRK-003", "E-TRK-004", "E-TRK-005", "E-TRK-006", "E-TRK-020"}:
                raise first
        elif not first.looks_like_html:
            found = self.answered(url, first)
            if found is not None:
                return found
            _refuse_failure(url, first)
        beside = self._ckan(url) or self._linked(url, first) or self._catalogue(url) or self._api(url) or self._bps(url)
        if beside is None and isinstance(first, SourceError):
            raise first
        if beside is None and isinstance(first, Response) and first.looks_like_html:
            # Says whether it is a page for people or a firewall.
            first.json()
        return beside

    def of_service(self, known: Known) -> Proposal:
        """The proposal for a service that is known without looking; a key it needs is asked for by name."""
        needs_key = (known.needs_key or known.template == "sipd") and "auth" not in self._config
        if known.template:
            return replace(self._of_template(known.url, known.template, known.config), needs_key=needs_key)
        found = replace(self._proposal(known.connector, known.url, config=known.config), needs_key=needs_key)
        if "variable" not in known.config:
            return found
        try:
            rows = list(next(iter(found.source.open(self._http).pages())).records)
        except (ReadingError, StopIteration):
            rows = []
        if rows:
            return replace(found, source=replace(found.source, aggregate=known_services.table_of(rows)))
        # What its rows are called stands in the table alone: without it the list of variables is proposed.
        others = {name: value for name, value in known.config.items() if name != "variable"}
        return replace(self._proposal(known.connector, known.url, config=others), needs_key=needs_key)

    def answered(self, url: str, answer: Response, template: str = "") -> Proposal | None:
        """What kind of answer this is."""
        syntax = _quietly(lambda: rdf_syntax(answer))
        if syntax is not None:
            return self._proposal("dcat", url)
        if answer.body.strip() and not answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", b"<")):
            return self._table(url) if _looks_like_table(answer) else None
        value = _quietly(answer.json)
        if isinstance(value, dict) and isinstance(value.get("result"), dict | list) and "/action/" in url:
            return self._proposal("ckan", url)
        return None if value is None else self._json(url, value, template)

    def _table(self, url: str) -> Proposal:
        """A table of datasets, of people to be counted, or one dataset: its column names tell."""
        rows = self._proposal("table", url, config={"shape": "rows"})
        page = next(iter(rows.source.open(self._http).pages()), None)
        records = list(page.records) if page is not None else []
        if records and json_shape.about_people(records):
            return replace(rows, source=replace(rows.source, aggregate=json_shape.counted(records)))
        if json_shape.lists_datasets(records):
            return self._proposal("table", url, mapping=json_shape.rules(records))
        return self._proposal("table", url, config={"shape": "files"})

    def _proposal(self, kind: str, url: str, **more: Any) -> Proposal:
        config = {**self._config, **more.pop("config", {})}
        return Proposal(kind, Source(self._name, kind, url, config=config, **more), url)

    def _ckan(self, url: str) -> Proposal | None:
        parts = urlsplit(url)
        folders = [""]
        for folder in parts.path.strip("/").split("/"):
            if folder in {"", "api", "dataset", "organization", "group"} or "." in folder:
                break
            folders.append(f"{folders[-1]}/{folder}")
        for folder in reversed(folders):
            base = urlunsplit(parts._replace(path=folder, query="", fragment=""))
            answer = self._try(f"{base}/api/3/action/package_search?rows=0")
            value = _quietly(answer.json) if isinstance(answer, Response) else None
            if isinstance(value, dict) and isinstance(value.get("result"), dict) and "count" in value["result"]:
                return self._proposal("ckan", base)
        return None

    def _linked(self, url: str, first: Response | SourceError) -> Proposal | None:
        """What a page for people links to as its catalogue (`<link rel="alternate" type="application/rdf+xml">`)."""
        if isinstance(first, SourceError):
            return None
        page = first.body[:300_000].decode("utf-8", "replace")
        for tag in re.findall(r"<link\b[^>]{0,500}>", page, re.IGNORECASE)[:50]:
            kind = re.search(r'type="(application/rdf\+xml|text/turtle|application/ld\+json|text/n3)"', tag)
            target = re.search(r'href="([^"]{1,2000})"', tag)
            if kind and target:
                found = self._read_at(urljoin(url, target[1]))
                if found is not None:
                    return found
        return None

    def _catalogue(self, url: str) -> Proposal | None:
        return next(filter(None, (self._read_at(_below(url, name), "dcat") for name in CATALOGUES)), None)

    def _api(self, url: str) -> Proposal | None:
        for path, ready in APIS.items():
            where = _below(url, path)
            answer = self._try(where)
            if isinstance(answer, SourceError):
                # A server that asks everybody for a key, whatever the path, says nothing about this one.
                if answer.code == "E-TRK-003" and ready and not self._guards_everything(url):
                    return replace(self._of_template(where, ready), needs_key=True)
                continue
            found = None if answer.looks_like_html else self.answered(where, answer, ready)
            if found is not None:
                return found
        return None

    def _bps(self, url: str) -> Proposal | None:
        """A server that answers as the BPS web API does, or asks for its key where that one would."""
        where = _below(url, known_services.BPS_PROBE)
        answer = self._try(where)
        value = _quietly(answer.json) if isinstance(answer, Response) else None
        spoken = isinstance(value, dict) and "status" in value and ("data-availability" in value or "message" in value)
        asks = isinstance(answer, SourceError) and answer.code == "E-TRK-003" and not self._guards_everything(url)
        return self.of_service(known_services.bps(where)) if spoken or asks else None

    def _guards_everything(self, url: str) -> bool:
        answer = self._try(_below(url, "alamat-yang-tidak-ada"))
        return isinstance(answer, SourceError) and answer.code == "E-TRK-003"

    def _read_at(self, url: str, kind: str | None = None) -> Proposal | None:
        answer = self._try(url)
        if isinstance(answer, SourceError) or answer.looks_like_html:
            return None
        found = self.answered(url, answer)
        return found if found is not None and kind in (None, found.kind) else None

    def _of_template(self, url: str, template: str, config: Mapping[str, Any] | None = None) -> Proposal:
        own = {**self._config, **(config or {})}
        given = {"name": self._name, "template": template, "url": url, "config": own}
        found = Source.from_dict(given)
        return Proposal(found.connector, found, url)

    # --- JSON of any shape ---

    def _json(self, url: str, value: Any, template: str) -> Proposal | None:
        path, records = json_shape.listed(value)
        if not records:
            return None
        ready = known_services.by_keys(records[0])
        if ready:
            known = known_services.ready_made(ready, url)
            return self._of_template(known.url, ready, known.config)
        fitting = next(
            (name for name in dict.fromkeys([template, *templates()]) if name and _fits(name, records)), None
        )
        if fitting:
            return self._of_template(url, fitting)
        config: dict[str, Any] = {"records": path} if path else {}
        paging = self._paging(url, value, path, records)
        if paging:
            config["paging"] = paging
        if json_shape.about_people(records):
            return self._proposal("rest", url, config=config, aggregate=json_shape.counted(records))
        packages = path.endswith("results") and {"resources", "organization"} <= records[0].keys()
        return self._proposal("rest", url, config=config, mapping="ckan" if packages else json_shape.rules(records))

    def _paging(self, url: str, value: Any, path: str, records: list[Any]) -> dict[str, Any]:
        """How the list goes on; every way is tried on the source before it is proposed."""
        plain = {
            plain_key(place.rpartition(".")[2].strip('"')): (place, found) for place, found in json_shape.leaves(value)
        }
        total = next(
            (
                (place, count)
                for key in _TOTALS
                if key in plain
                for place, found in [plain[key]]
                if (count := number(found)) is not None
            ),
            None,
        )
        if total is not None and total[1] <= len(records):
            return {}
        told = {"total": total[0]} if total else {}
        following = next((plain[key] for key in _NEXT if key in plain), None)
        if following and isinstance(following[1], str) and re.match(r"https?://|/", following[1]):
            return {"style": "next_url", "next": following[0], **told}
        last = next(
            (plain[key] for key in ("last_page", "lastpage", "pages", "total_pages", "jumlah_halaman") if key in plain),
            None,
        )
        if last and number(last[1]):
            return {"style": "page", "last_page": last[0], **told}
        cursor = next(
            (plain[key] for key in _CURSORS if key in plain and isinstance(plain[key][1], str) and plain[key][1]), None
        )
        if cursor and self._differs(url, {"cursor": cursor[1]}, path, records):
            return {"style": "cursor", "next": cursor[0]}
        return self._tried(url, path, records, told)

    def _tried(self, url: str, path: str, records: list[Any], told: dict[str, Any]) -> dict[str, Any]:
        if self._differs(url, {"page": 2}, path, records):
            return {"style": "page", **told}
        size = len(records)
        for offset in ("offset", "skip", "start"):
            if self._differs(url, {offset: size, "limit": size}, path, records):
                return {"style": "offset", "offset": offset, "page_size": size, **told}
        return {}

    def _differs(self, url: str, params: Mapping[str, Any], path: str, records: list[Any]) -> bool:
        """Whether these parameters lead to other records: a source that ignores them gives the same again."""
        answer = self._try(address(url, params))
        value = _quietly(answer.json) if isinstance(answer, Response) else None
        there, others = json_shape.listed(value)
        return bool(others) and there == path and others[0] != records[0]


def _refuse_failure(url: str, answer: Response) -> None:
    """Raise `SourceError` E-TRK-016 for an error that calls itself one, whatever its HTTP status."""
    value = _quietly(answer.json)
    if isinstance(value, dict) and (
        "error" in value or str(value.get("status")).lower() in {"error", "failed", "gagal"}
    ):
        raise SourceError("E-TRK-016", url=url, status=answer.status)


def _quietly(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except SourceError:
        return None


def _below(url: str, path: str) -> str:
    parts = urlsplit(url)
    above, _, last = parts.path.rpartition("/")
    folder = above + "/" if "." in last or not last else parts.path + "/"
    return urlunsplit(parts._replace(path=folder + path, query="", fragment=""))


def _looks_like_table(answer: Response) -> bool:
    named = (
        answer.type in {"text/csv", "application/csv", "text/tab-separated-values"}
        or "spreadsheet" in answer.type
        or "excel" in answer.type
    )
    ending = urlsplit(answer.url).path.lower().endswith((".csv", ".tsv", ".xlsx", ".xls", ".ods"))
    return named or ending or answer.body.startswith(b"PK\x03\x04")


def _fits(name: str, records: list[dict[str, Any]]) -> bool:
    """Whether a ready-made application counts rows such as these."""
    given = ready_made(name)
    if given.get("connector") != "rest" or "aggregate" not in given:
        return False
    return all(column in records[0] for column in AggregateRules.from_dict(given["aggregate"]).needed)
