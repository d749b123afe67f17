"""What `satudata check` is given: datasets, CKAN packages, DCAT catalogues, a metadata template, a data file, a folder
of these, or an address of any of them or of a portal.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from satudata_harvesters import record_files, values
from satudata_harvesters.errors import ConfigError, ReadingError, SourceError, clean
from satudata_harvesters.judged import Item, Preview, judge
from satudata_harvesters.mapping import Mapped, Mapping
from satudata_schemas.assess import Assessment, assess
from satudata_schemas.issue import Issue, pointer
from satudata_schemas.normalise import normalise
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

if TYPE_CHECKING:
    from satudata_harvesters.http import Http
    from satudata_harvesters.response import Response
    from satudata_schemas.examine import Examined

#: Files of a folder; further ones are left out and counted.
MOST_FILES = 1_000
_DATA = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods"})
_KNOWN = record_files.ENDINGS | _DATA
#: The findings on a data file that need no dataset around it.
_ON_DATA = frozenset({"E-PDP-001", "W-PDP-005"})
#: Answers behind which a portal may stand all the same: it wants a key, or has nothing at this very address.
_LOOK_BESIDE = frozenset({"E-TRK-003", "E-TRK-004", "E-TRK-005", "E-TRK-006", "E-TRK-020"})


@dataclass(frozen=True)
class Terms:
    """What a check is to go by: the profile, how many datasets at most, and the day for rules that bind from a date."""

    profile: Profile
    limit: int = 100
    today: date | None = None


def check_path(path: Path, terms: Terms) -> Preview:
    """A file, or every file of a folder. Raises `ConfigError` where nothing can be read as any known kind."""
    return _check_folder(path, terms) if path.is_dir() else check_file(path, terms)


def check_file(path: Path, terms: Terms) -> Preview:
    """The datasets of a file or of a metadata template, or what a data file holds.

    Raises `ConfigError`: E-CFG-012 for a file that cannot be opened, E-CFG-015, -019, -020, -026 or E-TBL-… for one of
    no known kind.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        suffix = path.suffix.lower()
        begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        named = suffix in record_files.ENDINGS
        if named or (suffix not in _DATA and begin in {b"{", b"["}) or record_files.is_rdf(head, suffix):
            return _check_records_in(path, terms)
        return _check_table(path, terms)
    except OSError:
        raise ConfigError("E-CFG-012", path=path.name) from None


def check_records(
    records: Sequence[Any], terms: Terms, *, total: int | None = None, mapping: str | None = None
) -> Preview:
    """Datasets judged one by one; `pointer` is the place in the list.

    With `mapping` all are read by that ready-made one; without, each is a CKAN package or in contract fields.
    """
    reference = Reference.load()
    ready = Mapping(mapping or "ckan")
    items = [
        judge(
            ready.apply(record) if mapping else _mapped(record, ready),
            pointer(place), "", terms.profile, reference, today=terms.today,
        )
        for place, record in enumerate(records)
    ]  # fmt: skip
    return Preview(tuple(items), len(records) if total is None else total, complete=True)


def _mapped(record: Any, packages: Mapping) -> Mapped:
    if not isinstance(record, AbstractMapping) or record_files.OF_PACKAGES & record.keys():
        return packages.apply(record)
    written = normalise(record)
    identifier = values.text(written.dataset.get("identifier") or record.get("id"))
    return Mapped(identifier, written.dataset.to_dict(), written.rest, list(written.issues))


# --- an address
# ------------------------------------------------------------------------------------------------------


def check_url(url: str, http: Http, terms: Terms) -> Preview:
    """What an address answers: a file of any kind `check_file` knows, or the portal that stands there.

    Fetched by the guarded client. What goes wrong on the way is the report's `error`; raises `ConfigError` for an
    address that is none and for a file of no known kind.
    """
    from satudata_harvesters.connectors.dcat import guess  # noqa: PLC0415 - files are checked without the client
    from satudata_harvesters.share_links import file_address  # noqa: PLC0415

    try:
        answer = http.request("GET", file_address(url))
        if answer.looks_like_html:
            return _check_portal(url, http, terms)
        if guess(answer) is not None:
            return _check_source("dcat", url, http, terms)
        report = _check_answer(answer, url, terms)
    except SourceError as error:
        return _check_portal(url, http, terms) if error.code in _LOOK_BESIDE else Preview(error=error)
    except ConfigError as error:
        if error.code != "E-CFG-026":
            raise
        return _check_portal(url, http, terms)
    # An interface that greets with a word about itself has its datasets elsewhere.
    says_nothing = report.items and not any(item.identifier or item.title for item in report.items)
    return _check_portal(url, http, terms) if says_nothing else report


def _check_answer(answer: Response, url: str, terms: Terms) -> Preview:
    """The bytes of an answer as the file they are; its place is the address."""
    name = unquote(urlsplit(answer.url).path.rpartition("/")[2])[:200].replace("/", "_") or "berkas"
    if answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} and not name.endswith(tuple(record_files.LINES)):
        name = f"{Path(name).stem}.json"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(answer.body)
        report = check_file(path, terms)
    items = [replace(item, dataset=_linked(item, url)) if item.file else item for item in report.items]
    return replace(report, items=tuple(items))


def _linked(item: Item, url: str) -> AbstractMapping[str, Any]:
    return {**item.dataset, "resources": [{**one, "url": url} for one in item.dataset.get("resources", ())]}


def _check_portal(url: str, http: Http, terms: Terms) -> Preview:
    """The first datasets of whatever portal stands at an address: CKAN, DCAT, or another list of datasets."""
    from satudata_harvesters.connect import connect  # noqa: PLC0415
    from satudata_harvesters.preview import preview  # noqa: PLC0415

    try:
        found = connect(url, http).source
    except SourceError as error:
        return Preview(error=error)
    return preview(found, http, limit=terms.limit, profile=terms.profile)


def _check_source(connector: str, url: str, http: Http, terms: Terms) -> Preview:
    from satudata_harvesters.preview import preview  # noqa: PLC0415
    from satudata_harvesters.source import Source  # noqa: PLC0415

    source = Source(name="periksa", connector=connector, url=url)
    return preview(source, http, limit=terms.limit, profile=terms.profile)


# --- a folder
# ---------------------------------------------------------------------------------------------------------


def _check_folder(folder: Path, terms: Terms) -> Preview:
    """Every file by itself; one that cannot be read is an item that says so, and stops nothing.

    Those of other kinds are named.
    """
    items: list[Item] = []
    total, readable = 0, 0
    skipped: list[str] = []
    for path in islice(_files(folder), MOST_FILES):
        name = path.relative_to(folder).as_posix()
        if path.suffix.lower() not in _KNOWN:
            skipped.append(str(clean(name)))
            continue
        try:
            found = check_file(path, replace(terms, limit=max(terms.limit - len(items), 1)))
        except ConfigError as error:
            items.append(_unreadable(name, error))
            total += 1
            continue
        readable += 1
        if found.error is not None:
            items.append(_unreadable(name, found.error))
        total += found.total or len(found.items) or 1
        items += [
            replace(one, pointer=pointer(name) + one.pointer, place=f"{name} {one.place}".strip())
            for one in found.items
        ]
        if len(items) >= terms.limit:
            break
    if not readable:
        raise ConfigError("E-CFG-017", path=folder.name)
    return Preview(tuple(items), total, complete=True, skipped=tuple(skipped))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and not path.is_symlink():
            yield path


def _unreadable(name: str, error: ReadingError) -> Item:
    issue = Issue(error.code, "error", "", "interoperabilitas", error.params)
    return Item(pointer(name), None, name, Assessment("tidak_dimuat", 0, {}, ()), (issue,), {}, {}, place=name)


# --- records and tables
# ----------------------------------------------------------------------------------------------


def _check_records_in(path: Path, terms: Terms) -> Preview:
    found = record_files.read(path, terms.limit)
    if path.suffix.lower() not in record_files.YAML and not found.describe_datasets:
        from satudata_schemas.examine import examine  # noqa: PLC0415 - only data files are looked into

        examined = examine(path)
        if examined.facts.readable:
            return _check_data(path, examined, terms)
    report = check_records(found.listed, terms, total=found.total, mapping="dcat" if found.dcat else None)
    items = [_with_spoilt(item, found.spoilt.get(at, ())) for at, item in enumerate(report.items)]
    return replace(report, items=tuple(items))


def _with_spoilt(item: Item, places: Sequence[str]) -> Item:
    """The item with what its texts held that no database can keep; the reader has mended it."""
    return replace(item, issues=(*(Issue("W-TIPE-004", "warning", place) for place in places), *item.issues))


def _check_table(path: Path, terms: Terms) -> Preview:
    from satudata_schemas import template  # noqa: PLC0415 - only tables need it
    from satudata_schemas.examine import examine  # noqa: PLC0415
    from satudata_schemas.table_source import TableError  # noqa: PLC0415

    try:
        entries = template.read(path)
    except TableError as error:
        raise _not_readable(error.issue) from None
    if entries is None:
        return _check_data(path, examine(path), terms)
    if not entries:
        return Preview((), 0, ReadingError("E-TMP-007", path=path.name), complete=True)
    found = check_records([entry.raw for entry in entries[: terms.limit]], terms, total=len(entries))
    items = [
        replace(item, issues=(*entry.issues, *item.issues), place=f"baris {entry.row}")
        for item, entry in zip(found.items, entries, strict=False)
    ]
    return replace(found, items=tuple(items))


def _check_data(path: Path, examined: Examined, terms: Terms) -> Preview:
    """A data file by itself: its form and the personal data in it; what its own words suggest for a dataset."""
    if not examined.facts.readable:
        raise _not_readable(examined.issues[0])
    title = next((table.title for table in examined.tables if table.title), path.stem.replace("_", " "))
    resource = {"name": path.name, "url": path.name, "format": examined.facts.format}
    dataset = {"title": title, "resources": [resource]}
    judged = assess(dataset, terms.profile, reference=Reference.load(), files={path.name: examined.facts})
    issues = (*(replace(one, pointer="") for one in judged.issues if one.code in _ON_DATA), *examined.issues)
    blocked = any(issue.severity == "error" for issue in issues)
    assessment = Assessment("perlu_perbaikan" if blocked else "layak", 0, {}, issues, judged.suggestions)
    item = Item(pointer(0), path.name, title, assessment, issues, dataset, {}, file=examined)
    return Preview((item,), 1, complete=True)


def _not_readable(issue: Issue) -> ConfigError:
    return ConfigError(issue.code, **issue.params)
