"""Datasets written down in a file: JSON, JSON Lines and YAML in contract fields or as CKAN packages, and catalogues of
DCAT (RDF/XML, Turtle, N3, N-Triples, JSON-LD, `data.json`).

Everything is counted before it is parsed, so that a small file cannot unfold to more than memory holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from satudata_harvesters import failure, strict_json
from satudata_harvesters.errors import ConfigError, SourceError
from satudata_schemas import contract
from satudata_schemas.issue import pointer

#: Larger documents are catalogues, and belong into JSON Lines or behind an address.
LARGEST = 20_000_000
#: A small document of nothing but brackets unfolds to twenty times its size.
MOST_VALUES = 1_000_000
#: YAML is read a node at a time into objects that are larger still.
MOST_VALUES_OF_YAML = 50_000
#: A triple of a graph takes about a kilobyte.
MOST_VALUES_OF_RDF = 100_000
#: One dataset of a JSON Lines file.
LARGEST_LINE = 5_000_000

LINES = frozenset({".jsonl", ".ndjson"})
YAML = frozenset({".yaml", ".yml"})
RDF = frozenset({".rdf", ".ttl", ".n3", ".nt", ".jsonld", ".owl"})
ENDINGS = frozenset({".json", *LINES, *YAML, *RDF})

#: A record with any of these is a CKAN package and not a dataset in contract fields.
OF_PACKAGES = frozenset({"extras", "metadata_modified", "num_resources", "relationships_as_subject", "creator_user_id"})
#: What an API says beside the word of its failure.
_OF_FAILURE = frozenset({"error", "errors", "message", "msg", "pesan", "detail", "code", "api_message"})
_BEGINS_RDF = re.compile(rb"@prefix\b|@base\b|prefix\s+\w*:|base\s+<|<https?://[^<>\s]*>\s+<|<rdf:", re.IGNORECASE)
_RDF_SPACE = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@dataclass(frozen=True)
class Records:
    """The first records of a file, how many there are, and whether they are descriptions of DCAT.

    `spoilt` has, by a record's place, pointers to its texts that held half a surrogate pair or a NUL.
    """

    listed: list[Any]
    total: int
    dcat: bool = False
    spoilt: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def describe_datasets(self) -> bool:
        """Whether they tell of datasets, and are not rows of data that have a title by chance."""
        return self.dcat or any(map(_describes, self.listed[:50]))


def is_rdf(head: bytes, suffix: str) -> bool:
    """Whether a file is RDF in another form than JSON-LD, by how it begins and, where that says nothing, its name."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") and not _BEGINS_RDF.match(start):
        return _RDF_SPACE in start
    return bool(_BEGINS_RDF.match(start)) or (suffix in RDF - {".jsonld"} and not start.startswith((b"{", b"[")))


def read(path: Path, limit: int) -> Records:
    """The records of a file.

    Raises `ConfigError` for one that is too large, of no known kind or an API's word of failure, `OSError` for one that
    cannot be opened.
    """
    suffix = path.suffix.lower()
    if suffix in LINES:
        return _lines(path, limit)
    size = path.stat().st_size
    if size > LARGEST:
        raise ConfigError("E-TBL-003", ukuran=size // 1_000_000, batas=LARGEST // 1_000_000)
    body = path.read_bytes()
    if is_rdf(body[:4096], suffix):
        return _of_graph(body, path.name, limit)
    _refuse_many(body, (b",", b"[", b"{", b"\n-"), MOST_VALUES_OF_YAML if suffix in YAML else MOST_VALUES)
    try:
        value = _yaml(body) if suffix in YAML else strict_json.loads(body)
    except strict_json.InvalidJson:
        return _lines(path, limit)
    _refuse_error_answer(value, path.name)
    found = _of_catalogue(value, body, path.name, limit)
    if found is not None:
        return found
    listed = _unwrapped(value, limit)
    return replace(listed, spoilt=_spoilt_in(_unwrapped(json.loads(body), limit).listed)) if _ESCAPED(body) else listed


def _refuse_many(body: bytes, marks: tuple[bytes, ...], limit: int) -> None:
    count = sum(map(body.count, marks))
    if count > limit:
        raise ConfigError("E-CFG-019", count=count, limit=limit)


def _refuse_error_answer(value: Any, name: str) -> None:
    """Raise `ConfigError` E-CFG-026 for what an API says where it fails, in the place of data."""
    if not isinstance(value, Mapping) or _describes(value) or any(isinstance(one, list) for one in value.values()):
        return
    alone = value.keys() <= {"error", "errors"} and any(value.values())
    if alone or (failure.flagged(value) and _OF_FAILURE & value.keys()):
        raise ConfigError("E-CFG-026", path=name)


def _unwrapped(value: Any, limit: int) -> Records:
    """A dataset, a list of them, or the list inside an answer of CKAN's API."""
    if isinstance(value, Mapping) and isinstance(value.get("result"), Mapping | list):
        value = value["result"]
    if isinstance(value, Mapping) and isinstance(value.get("results"), list):
        value = value["results"]
    if isinstance(value, Mapping):
        return Records([value], 1)
    if isinstance(value, list):
        return Records(value[:limit], len(value))
    raise ConfigError("E-CFG-015")


def _describes(record: Any) -> bool:
    if not isinstance(record, Mapping):
        return False
    known = {name for name in map(contract.field_name, record) if name}
    return bool(OF_PACKAGES & record.keys()) or "resources" in known or ("title" in known and len(known) > 1)


#: Escapes of what no database can keep; the strict reader mends it and does not say where.
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])").search
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _spoilt_in(records: list[Any]) -> dict[int, tuple[str, ...]]:
    found = {at: tuple(_spoilt_texts(record, "")) for at, record in enumerate(records)}
    return {at: places for at, places in found.items() if places}


def _spoilt_texts(value: Any, here: str) -> Iterator[str]:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield here
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _spoilt_texts(inner, f"{here}/{at}")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            named = (contract.field_name(key) or key) if not here else key
            yield from _spoilt_texts(inner, here + pointer(_UNSTORABLE.sub("\ufffd", named)))


# --- DCAT
# ------------------------------------------------------------------------------------------------------------


def _of_catalogue(value: Any, body: bytes, name: str, limit: int) -> Records | None:
    """The datasets of a JSON document that is a DCAT catalogue; None for any other."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, Mapping) or not {"dataset", "@context", "@graph", "@id"} & first.keys():
        return None
    kind = _syntax(body, name)
    if kind == "data.json":
        return Records(value["dataset"][:limit], len(value["dataset"]), dcat=True)
    return _of_graph(body, name, limit, kind) if kind else None


def _syntax(body: bytes, name: str) -> str | None:
    # Imported here, with the client it brings: other files are checked without either.
    from satudata_harvesters.connectors.dcat import guess  # noqa: PLC0415
    from satudata_harvesters.response import Response  # noqa: PLC0415

    return guess(Response(200, {}, body, name))


def _of_graph(body: bytes, name: str, limit: int, syntax: str | None = None) -> Records:
    from satudata_harvesters import rdf  # noqa: PLC0415

    _refuse_many(body, (b",", b";", b"> ", b"/>", b"</", b"[", b"{"), MOST_VALUES_OF_RDF)
    syntax = syntax or _syntax(body, name) or ("nt" if body.lstrip().startswith(b"<http") else "turtle")
    try:
        graph = rdf.parse(body, syntax, "https://berkas.invalid/", name)
    except SourceError as error:
        raise ConfigError("E-CFG-020", path=name, reason=error.params.get("reason", "")) from None
    if not rdf.is_catalogue(graph):
        raise ConfigError("E-CFG-020", path=name, reason="dcat:Catalog, dcat:Dataset")
    found = rdf.datasets(graph)
    return Records(found[:limit], len(found), dcat=True)


# --- JSON Lines and YAML
# ---------------------------------------------------------------------------------------------


def _lines(path: Path, limit: int) -> Records:
    """JSON Lines, read line by line; those beyond the limit are only counted."""
    found: list[Any] = []
    spoilt: dict[int, tuple[str, ...]] = {}
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
                if _ESCAPED(line):
                    spoilt |= {len(found) - 1: tuple(_spoilt_texts(json.loads(line), ""))}
            except strict_json.InvalidJson:
                raise ConfigError("E-CFG-015", line=number) from None
    if not found:
        raise ConfigError("E-CFG-015")
    if count == 1:
        _refuse_error_answer(found[0], path.name)
    return Records(found, count, spoilt={at: places for at, places in spoilt.items() if places})


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
