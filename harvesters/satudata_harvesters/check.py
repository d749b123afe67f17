"""What `satudata check` is given: datasets, CKAN packages, a metadata template, a data file, a folder of these, or the
address of a portal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from satudata_harvesters import strict_json, values
from satudata_harvesters.errors import ConfigError
from satudata_harvesters.http import Http
from satudata_harvesters.mapping import Mapped, Mapping
from satudata_harvesters.preview import Item, Preview, judge, preview
from satudata_harvesters.source import Source
from satudata_schemas import contract, template
from satudata_schemas.assess import Assessment, assess
from satudata_schemas.examine import Examined, examine
from satudata_schemas.issue import Issue, pointer
from satudata_schemas.normalise import normalise
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference
from satudata_schemas.table_source import TableError

#: Larger documents are catalogues, and belong into JSON Lines or behind an address.
LARGEST = 20_000_000
#: A small document of nothing but brackets unfolds to twenty times its size.
MOST_VALUES = 1_000_000
#: YAML is read a node at a time into objects that are larger still.
MOST_VALUES_OF_YAML = 50_000
#: One dataset of a JSON Lines file.
LARGEST_LINE = 5_000_000
#: Files of a folder; further ones are left out and counted.
MOST_FILES = 1_000
_LINES = frozenset({".jsonl", ".ndjson"})
_YAML = frozenset({".yaml", ".yml"})
_RECORDS = frozenset({".json", *_LINES, *_YAML})
_DATA = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls"})
#: A record with any of these is a CKAN package and not a dataset in contract fields.
_OF_PACKAGES = frozenset(
    {"extras", "metadata_modified", "num_resources", "relationships_as_subject", "creator_user_id"}
)
#: The findings on a data file that need no dataset around it.
_ON_DATA = frozenset({"E-PDP-001", "W-PDP-005"})


def check_url(url: str, http: Http, *, limit: int, profile: Profile) -> Preview:
    """The first datasets of the CKAN portal at an address."""
    return preview(Source(name="periksa", connector="ckan", url=url), http, limit=limit, profile=profile)


def check_path(path: Path, *, limit: int, profile: Profile) -> Preview:
    """A file, or every file of a folder. Raises `ConfigError` where nothing can be read as any known kind."""
    return _check_folder(path, limit, profile) if path.is_dir() else check_file(path, limit=limit, profile=profile)


def check_file(path: Path, *, limit: int, profile: Profile) -> Preview:
    """The datasets of a JSON, JSON Lines or YAML file or of a metadata template, or what a data file holds.

    Raises `ConfigError`: E-CFG-012 for a file that cannot be opened, E-CFG-015 or E-TBL-… for one of no known kind.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        suffix = path.suffix.lower()
        if suffix in _RECORDS or (suffix not in _DATA and begin in {b"{", b"["}):
            return _check_records_in(path, limit, profile)
        return _check_table(path, limit, profile)
    except OSError:
        raise ConfigError("E-CFG-012", path=path.name) from None


def check_records(records: Sequence[Any], *, profile: Profile, total: int | None = None) -> Preview:
    """Datasets in contract fields, or CKAN packages, judged one by one; `pointer` is the place in the list."""
    reference = Reference.load()
    packages = Mapping("ckan")
    items = [
        judge(_mapped(record, packages), pointer(place), "", profile, reference) for place, record in enumerate(records)
    ]
    return Preview(tuple(items), len(records) if total is None else total, complete=True)


def _mapped(record: Any, packages: Mapping) -> Mapped:
    if not isinstance(record, AbstractMapping) or _OF_PACKAGES & record.keys():
        return packages.apply(record)
    written = normalise(record)
    identifier = values.text(written.dataset.get("identifier") or record.get("id"))
    return Mapped(identifier, written.dataset.to_dict(), written.rest, list(written.issues))


# --- a folder
# ---------------------------------------------------------------------------------------------------------


def _check_folder(folder: Path, limit: int, profile: Profile) -> Preview:
    """Every file by itself; one that cannot be read is an item that says so, and stops nothing."""
    items: list[Item] = []
    total, readable = 0, 0
    for path in islice(_files(folder), MOST_FILES):
        name = path.relative_to(folder).as_posix()
        try:
            found = check_file(path, limit=max(limit - len(items), 1), profile=profile)
        except ConfigError as error:
            items.append(_unreadable(name, error))
            total += 1
            continue
        readable += 1
        total += found.total or len(found.items)
        items += [
            replace(one, pointer=pointer(name) + one.pointer, place=f"{name} {one.place}".strip())
            for one in found.items
        ]
        if len(items) >= limit:
            break
    if not readable:
        raise ConfigError("E-CFG-017", path=folder.name)
    return Preview(tuple(items), total, complete=True)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in _RECORDS | _DATA and path.is_file() and not path.is_symlink():
            yield path


def _unreadable(name: str, error: ConfigError) -> Item:
    issue = Issue(error.code, "error", "", "interoperabilitas", error.params)
    return Item(pointer(name), None, name, Assessment("tidak_dimuat", 0, {}, ()), (issue,), {}, {}, place=name)


# --- tables
# -----------------------------------------------------------------------------------------------------------


def _check_table(path: Path, limit: int, profile: Profile) -> Preview:
    try:
        entries = template.read(path)
    except TableError as error:
        raise _not_readable(error.issue) from None
    if entries is None:
        return _check_data(path, examine(path), profile)
    found = check_records([entry.raw for entry in entries[:limit]], profile=profile, total=len(entries))
    items = [
        replace(item, issues=(*entry.issues, *item.issues), place=f"baris {entry.row}")
        for item, entry in zip(found.items, entries, strict=False)
    ]
    return replace(found, items=tuple(items))


def _check_data(path: Path, examined: Examined, profile: Profile) -> Preview:
    """A data file by itself: its form and the personal data in it; what its own words suggest for a dataset."""
    if not examined.facts.readable:
        raise _not_readable(examined.issues[0])
    title = next((table.title for table in examined.tables if table.title), path.stem.replace("_", " "))
    resource = {"name": path.name, "url": path.name, "format": examined.facts.format}
    dataset = {"title": title, "resources": [resource]}
    judged = assess(dataset, profile, reference=Reference.load(), files={path.name: examined.facts})
    issues = (*(replace(one, pointer="") for one in judged.issues if one.code in _ON_DATA), *examined.issues)
    blocked = any(issue.severity == "error" for issue in issues)
    assessment = Assessment("perlu_perbaikan" if blocked else "layak", 0, {}, issues, judged.suggestions)
    item = Item(pointer(0), path.name, title, assessment, issues, dataset, {}, file=examined)
    return Preview((item,), 1, complete=True)


def _not_readable(issue: Issue) -> ConfigError:
    return ConfigError(issue.code, **issue.params)


# --- records
# ----------------------------------------------------------------------------------------------------------


def _check_records_in(path: Path, limit: int, profile: Profile) -> Preview:
    records, total = _records(path, limit)
    if path.suffix.lower() not in _YAML and not any(map(_describes, records[:50])):
        examined = examine(path)
        if examined.facts.readable:
            return _check_data(path, examined, profile)
    return check_records(records, profile=profile, total=total)


def _describes(record: Any) -> bool:
    """Whether a record tells of a dataset, and is not a row of data that has a title by chance."""
    if not isinstance(record, AbstractMapping):
        return False
    known = {name for name in map(contract.field_name, record) if name}
    return bool(_OF_PACKAGES & record.keys()) or "resources" in known or ("title" in known and len(known) > 1)


def _records(path: Path, limit: int) -> tuple[list[Any], int]:
    """The first records of a file and how many there are."""
    if path.suffix.lower() in _LINES:
        return _lines(path, limit)
    size = path.stat().st_size
    if size > LARGEST:
        raise ConfigError("E-TBL-003", ukuran=size // 1_000_000, batas=LARGEST // 1_000_000)
    body = path.read_bytes()
    limit_of_values = MOST_VALUES_OF_YAML if path.suffix.lower() in _YAML else MOST_VALUES
    count = sum(map(body.count, (b",", b"[", b"{", b"\n-")))
    if count > limit_of_values:
        raise ConfigError("E-CFG-019", count=count, limit=limit_of_values)
    try:
        value = _yaml(body) if path.suffix.lower() in _YAML else strict_json.loads(body)
    except strict_json.InvalidJson:
        return _lines(path, limit)
    if isinstance(value, AbstractMapping) and isinstance(value.get("result"), AbstractMapping):
        value = value["result"]
    if isinstance(value, AbstractMapping) and isinstance(value.get("results"), list):
        value = value["results"]
    if isinstance(value, AbstractMapping):
        return [value], 1
    if isinstance(value, list):
        return value[:limit], len(value)
    raise ConfigError("E-CFG-015")


def _lines(path: Path, limit: int) -> tuple[list[Any], int]:
    """JSON Lines, read line by line; those beyond the limit are only counted."""
    found: list[Any] = []
    count = number = 0
    with path.open("rb") as file:
        while line := file.readline(LARGEST_LINE):
            number += 1
            if not line.strip():
                continue
            count += 1
            if len(found) >= limit:
                continue
            try:
                found.append(strict_json.loads(line))
            except strict_json.InvalidJson:
                raise ConfigError("E-CFG-015", line=number) from None
    if not found:
        raise ConfigError("E-CFG-015")
    return found, count


class _Loader(yaml.SafeLoader):
    """YAML without aliases: a few lines of them unfold to gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "alias", event.start_mark)
        return super().compose_node(parent, index)


def _yaml(body: bytes) -> Any:
    try:
        found = list(yaml.load_all(body, Loader=_Loader))
        value = found[0] if len(found) == 1 else found
        # Dates become the text they were; what JSON cannot say does not belong into a dataset.
        return json.loads(json.dumps(value, default=str))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError("E-CFG-015", line=None if mark is None else mark.line + 1) from None
