"""From an address to a source file: what answers there, where its records are, how they page, what its keys mean.

    proposal = connect("https://data.contoh.go.id", Http())
    proposal.source.to_yaml()

Nothing is guessed that was not seen in an answer: the proposal is what `preview` and `source add` take unedited.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from satudata_harvesters import values
from satudata_harvesters.connectors.dcat import guess as rdf_syntax
from satudata_harvesters.errors import SourceError
from satudata_harvesters.http import Http, Limits, Response, check_url
from satudata_harvesters.mappings.alike import IDENTIFIERS, plain_key
from satudata_harvesters.mappings.fields import contract_name
from satudata_harvesters.paging import address, number
from satudata_harvesters.share_links import is_share_link
from satudata_harvesters.source import Source, templates

#: Looking around may ask some twenty times; each time is short.
LOOKING = Limits(connect=5, read=10, deadline=20, attempts=1, max_bytes=50_000_000)
#: Where catalogues keep what machines read, below the address people know.
CATALOGUES = ("catalog.ttl", "catalog.jsonld", "catalog.rdf", "catalog.xml", "data.json")
#: Where applications keep their lists, by the word for it; `complaints` is a ready-made application.
APIS: Mapping[str, str] = {
    "api/v1/laporan": "complaints",
    "api/laporan": "complaints",
    "api/v1/aduan": "complaints",
    "api/aduan": "complaints",
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
_TITLES = (
    "title",
    "judul",
    "judul_dataset",
    "nama_data",
    "nama_dataset",
    "nama",
    "name",
    "uraian",
    "uraian_indikator",
    "indikator",
)
#: Keys by which a list of people is known; what holds them is counted, never listed.
_PEOPLE = re.compile(
    r"^(nik|no_?ktp|nomor_induk_kependudukan|no_?kk|nip|nisn|no_?hp|telepon|telp|no_?telp|alamat(_rumah)?|tempat_lahir|tanggal_lahir"
    r"|nama_(lengkap|pelapor|pasien|pegawai|siswa|pemohon|penerima|ibu|ayah))$"
)
#: A table of datasets has one of these beside its titles.
_OF_DATASETS = frozenset(
    {"notes", "produsen_data_name", "definisi", "satuan", "jadwal_pemutakhiran", "tags", "kode_indikator"}
)
_DATES = re.compile(r"^(tanggal|tgl|waktu|created_?at|date)", re.IGNORECASE)
#: A column with at most so many different values on the first page can be grouped by.
_GROUPS = 30


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
    nothing that can be read was found.
    """
    check_url(url)
    chosen = name or _name(url)
    if is_share_link(url):
        return Proposal("table", Source(chosen, "table", url), url)
    found = _Looking(http, chosen, {"auth": auth} if auth else {}, seconds).at(url)
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
        beside = self._ckan(url) or self._linked(url, first) or self._catalogue(url) or self._api(url)
        if beside is None and isinstance(first, SourceError):
            raise first
        if beside is None and isinstance(first, Response) and first.looks_like_html:
            # Says whether it is a page for people or a firewall.
            first.json()
        return beside

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
        records = page.records if page is not None else []
        if records and _about_people(records):
            return replace(rows, source=replace(rows.source, aggregate=_aggregate(records)))
        names = {contract_name(key) for key in records[0]} if records else set()
        if "title" in names and names & {
            "notes",
            "produsen_data_name",
            "definisi",
            "satuan",
            "jadwal_pemutakhiran",
            "tags",
        }:
            return self._proposal("table", url, mapping=_mapping(records))
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
        for path, template in APIS.items():
            where = _below(url, path)
            answer = self._try(where)
            if isinstance(answer, SourceError):
                # A server that asks everybody for a key, whatever the path, says nothing about this one.
                if answer.code == "E-TRK-003" and template and not self._guards_everything(url):
                    return replace(self._of_template(where, template), needs_key=True)
                continue
            found = None if answer.looks_like_html else self.answered(where, answer, template)
            if found is not None:
                return found
        return None

    def _guards_everything(self, url: str) -> bool:
        answer = self._try(_below(url, "alamat-yang-tidak-ada"))
        return isinstance(answer, SourceError) and answer.code == "E-TRK-003"

    def _read_at(self, url: str, kind: str | None = None) -> Proposal | None:
        answer = self._try(url)
        if isinstance(answer, SourceError) or answer.looks_like_html:
            return None
        found = self.answered(url, answer)
        return found if found is not None and kind in (None, found.kind) else None

    def _of_template(self, url: str, template: str) -> Proposal:
        given = {"name": self._name, "template": template, "connector": "rest", "url": url, "config": self._config}
        return Proposal("rest", Source.from_dict(given), url)

    # --- JSON of any shape ---

    def _json(self, url: str, value: Any, template: str) -> Proposal | None:
        path, records = _records(value)
        if not records:
            return None
        fitting = next(
            (name for name in dict.fromkeys([template, *templates()]) if name and _fits(name, records)), None
        )
        if fitting:
            return self._of_template(url, fitting)
        config: dict[str, Any] = {"records": path} if path else {}
        paging = self._paging(url, value, path, records)
        if paging:
            config["paging"] = paging
        if _about_people(records):
            return self._proposal("rest", url, config=config, aggregate=_aggregate(records))
        packages = path.endswith("results") and {"resources", "organization"} <= records[0].keys()
        return self._proposal("rest", url, config=config, mapping="ckan" if packages else _mapping(records))

    def _paging(self, url: str, value: Any, path: str, records: list[Any]) -> dict[str, Any]:
        """How the list goes on; every way is tried on the source before it is proposed."""
        plain = {plain_key(place.rpartition(".")[2].strip('"')): (place, found) for place, found in _leaves(value)}
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
        there, others = _records(value)
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


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_]\w*", key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(JMESPath, value) of everything beside the records that is no container, outermost last so that it wins."""
    if isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            if isinstance(inner, dict):
                yield from _leaves(inner, f"{path}{_quoted(str(key))}.", depth + 1)
        for key, inner in value.items():
            if not isinstance(inner, dict | list):
                yield f"{path}{_quoted(str(key))}", inner


def _records(value: Any) -> tuple[str, list[Any]]:
    """Where the list of records is, and the list: of several the longest."""
    found = [(path, items) for path, items in _lists(value) if items and all(isinstance(item, dict) for item in items)]
    return max(found, key=lambda one: len(one[1]), default=("", []))


def _lists(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list):
        yield path, value
        # BPS puts the list beside its page numbers, into one array.
        for place, inner in enumerate(value[:3]):
            if isinstance(inner, list):
                yield from _lists(inner, f"{path}[{place}]", depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{_quoted(str(key))}".lstrip("."), depth + 1)


def _mapping(records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Rules for what `otomatis` would not find by name."""
    keys = list(records[0])
    plain = {plain_key(key): key for key in reversed(keys)}
    rules: dict[str, Any] = {}
    if not any(name in plain for name in IDENTIFIERS):
        distinct = (key for key in keys if plain_key(key).endswith(("_id", "id", "kode")) and _distinct(records, key))
        identifier = next(distinct, None) or next(
            (key for name in _TITLES if (key := plain.get(name)) and _distinct(records, key)), None
        )
        if identifier:
            rules["identifier"] = _quoted(identifier)
    if not any(contract_name(key) == "title" for key in keys):
        title = next((plain[name] for name in _TITLES if name in plain), None)
        title = title or next(
            (key for key in keys if re.search(r"(^|_)(nama|judul|name|title|uraian)$", plain_key(key))), None
        )
        if title:
            rules["fields"] = {"title": _quoted(title)}
    return {"use": "otomatis", **rules} if rules else None


def _distinct(records: list[dict[str, Any]], key: str) -> bool:
    found = [values.text(record.get(key)) for record in records]
    return None not in found and len(set(found)) == len(found)


def _about_people(records: list[dict[str, Any]]) -> bool:
    return sum(bool(_PEOPLE.match(plain_key(key))) for key in records[0]) >= 2


def _aggregate(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts by what repeats, and by month; nothing that tells who somebody is."""
    groups: list[dict[str, Any]] = []
    for key in records[0]:
        written = [values.text(record.get(key)) for record in records]
        if _PEOPLE.match(plain_key(key)) or any(isinstance(record.get(key), dict | list) for record in records):
            continue
        if _DATES.match(key) and any(values.day(text) for text in written):
            groups.append({"field": key, "as": "bulan", "bucket": "month"})
        elif len(set(written)) <= min(_GROUPS, max(len(records) // 5, 1)) and all(
            len(text or "") <= 60 for text in written
        ):
            groups.append({"field": key})
    # Two words and a month say something; more cut the cells too small to be shown.
    words = [group for group in groups if "bucket" not in group][:2]
    months = [group for group in groups if "bucket" in group][:1]
    chosen = words + months or [{"field": next(iter(records[0]))}]
    columns = [group["field"] for group in chosen]
    return {
        "columns": columns,
        "group_by": chosen,
        "k": 5,
        "dataset": {"title": "Jumlah Data Menurut " + ", ".join(columns)},
    }


def _fits(template: str, records: list[dict[str, Any]]) -> bool:
    rules = Source.from_dict({"name": "x", "template": template, "url": "https://x.id"}).aggregation
    return rules is not None and all(group.column in records[0] for group in rules.group_by)
