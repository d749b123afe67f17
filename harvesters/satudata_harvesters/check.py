"""What `satudata check` is given: a file of datasets or CKAN packages, or the address of a portal."""

from __future__ import annotations

import json
from collections.abc import Mapping as AbstractMapping
from pathlib import Path
from typing import Any

import yaml

from satudata_harvesters import strict_json, values
from satudata_harvesters.errors import ConfigError
from satudata_harvesters.http import Http
from satudata_harvesters.mapping import Mapped, Mapping
from satudata_harvesters.preview import Preview, judge, preview
from satudata_harvesters.source import Source
from satudata_schemas.issue import pointer
from satudata_schemas.normalise import normalise
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

#: Larger files are catalogues, and belong behind an address.
LARGEST = 100_000_000
#: A record with any of these is a CKAN package and not a dataset in contract fields.
_OF_PACKAGES = frozenset(
    {"extras", "metadata_modified", "num_resources", "relationships_as_subject", "creator_user_id"}
)


def check_url(url: str, http: Http, *, limit: int, profile: Profile) -> Preview:
    """The first datasets of the CKAN portal at an address."""
    return preview(Source(name="periksa", connector="ckan", url=url), http, limit=limit, profile=profile)


def check_file(path: Path, *, limit: int, profile: Profile) -> Preview:
    """The datasets of a JSON, JSON Lines or YAML file; raises `ConfigError` E-CFG-012 or -001 where it holds none."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError("E-CFG-012", path=path.name)
        records = _records(path.read_bytes(), yaml_allowed=path.suffix.lower() in {".yaml", ".yml"})
    except OSError:
        raise ConfigError("E-CFG-012", path=path.name) from None
    return check_records(records[:limit], profile=profile, total=len(records))


def check_records(records: list[Any], *, profile: Profile, total: int | None = None) -> Preview:
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


def _records(body: bytes, *, yaml_allowed: bool) -> list[Any]:
    try:
        value = _yaml(body) if yaml_allowed else strict_json.loads(body)
    except strict_json.InvalidJson:
        value = _lines(body)
    if isinstance(value, AbstractMapping) and isinstance(value.get("result"), AbstractMapping):
        value = value["result"]
    if isinstance(value, AbstractMapping) and isinstance(value.get("results"), list):
        value = value["results"]
    if isinstance(value, AbstractMapping):
        return [value]
    if isinstance(value, list):
        return value
    raise ConfigError("E-CFG-015")


def _lines(body: bytes) -> list[Any]:
    found: list[Any] = []
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(strict_json.loads(line))
        except strict_json.InvalidJson:
            raise ConfigError("E-CFG-015", line=number) from None
    if not found:
        raise ConfigError("E-CFG-015")
    return found


def _yaml(body: bytes) -> Any:
    try:
        found = list(yaml.safe_load_all(body))
        value = found[0] if len(found) == 1 else found
        # Dates become the text they were; what JSON cannot say does not belong into a dataset.
        return json.loads(json.dumps(value, default=str))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError("E-CFG-015", line=None if mark is None else mark.line + 1) from None
