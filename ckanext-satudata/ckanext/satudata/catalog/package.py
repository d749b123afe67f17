"""Between a contract's dataset and CKAN's package: here alone it is known what is a column, an extra, a resource extra.

Identity is here too: package and resource ids are name-based (RFC 9562 UUIDv5) and so the same on every machine and in
every run; the URL name is chosen once from the title and kept.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from satudata_schemas import contract
from satudata_schemas.dataset import Dataset, plain_text

NS = uuid5(NAMESPACE_URL, "https://satudata.go.id/ns")

#: CKAN's type of a dataset, whose form and display ckanext-scheming makes from the contract
PACKAGE_TYPE = "dataset"
#: contract fields that are columns of `package`
COLUMNS = frozenset({"title", "name", "notes", "license_id", "owner_org"})
#: contract fields that CKAN keeps in tables of their own
RELATIONS = frozenset({"tags", "resources"})
#: the extra of a resource that holds the id its source gave it
SOURCE_ID = "id_sumber"
#: what CKAN adds to a resource when it shows one
_RESOURCE_OWN = frozenset({
    "package_id", "position", "state", "metadata_modified", "cache_url", "cache_last_updated", "url_type",
    "mimetype_inner", "resource_type", "datastore_active", "datastore_contains_all_records_of_source_file",
})  # fmt: skip
NAME_LENGTH = 100
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_NAME = re.compile(r"[a-z0-9_-]{2,100}")
#: words that are routes below CKAN's `/dataset/`
_ROUTES = frozenset({"new", "edit", "search", "delete", "activity", "groups", "follow"})


def package_id(source_id: str, identifier: str) -> str:
    """The id a source's dataset has for ever, on every machine."""
    return named_id(f"{source_id}\n{identifier}")


def resource_id(package: str, key: str, occurrence: int = 0) -> str:
    """The id of a package's resource; `occurrence` tells apart resources with an equal key."""
    return named_id(f"{package}\n{key}\n{occurrence}" if occurrence else f"{package}\n{key}")


def named_id(name: str) -> str:
    """`str(uuid5(NS, name))` (RFC 9562) in a third of its time: a harvest asks for a dozen a dataset."""
    digits = hashlib.sha1(NS.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def resource_key(resource: Mapping[str, Any]) -> str:
    """What makes a resource the same one in the next harvest: the source's id, else its address and name."""
    own = resource.get("id")
    return str(own) if own else f"{resource.get('url', '')}\n{resource.get('name', '')}"


def resource_ids(package: str, resources: Iterable[Mapping[str, Any]], *, keep: bool = False) -> list[str]:
    """Ids of a package's resources in their order; `keep` leaves ids that are UUIDs as the source gave them."""
    met: dict[str, int] = {}
    ids = []
    for resource in resources:
        key = resource_key(resource)
        occurrence = met.get(key, 0)
        met[key] = occurrence + 1
        ids.append(key if keep and not occurrence and is_uuid(key) else resource_id(package, key, occurrence))
    return ids


def is_uuid(value: str) -> bool:
    """Whether a source's id is one that CKAN could have given."""
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def slug(title: str) -> str:
    """A URL name made from a title: `a-z0-9-`, at most 80 characters, never empty and never a route of CKAN's."""
    folded = unicodedata.normalize("NFKD", title[:500]).encode("ascii", "ignore").decode().lower()
    name = _NOT_IN_NAMES.sub("-", folded).strip("-")[:80].strip("-")
    return f"dataset-{name}".rstrip("-") if len(name) < 2 or name in _ROUTES else name


def is_name(name: str) -> bool:
    """Whether CKAN takes this as the URL name of a dataset."""
    return _NAME.fullmatch(name) is not None and name not in _ROUTES


def slug_with_id(title: str, package: str) -> str:
    """The name for a title that another dataset already carries."""
    return f"{slug(title)}-{package[:8]}"


@cache
def unpublished_fields() -> frozenset[str]:
    """Contract fields that never become part of a package: what the machine computes, and a named person's contact."""
    return frozenset(name for name, field in contract.fields().items() if field.computed or field.private)


@cache
def _decoders() -> dict[str, Callable[[str], Any]]:
    """How the text of an extra becomes a contract value again, for the fields that are not text."""
    return {
        name: decoded
        for name, field in contract.fields().items()
        if name not in COLUMNS and name not in RELATIONS and not field.is_text
    }


def decoded(value: str) -> Any:
    """What the text of an extra says where its field is not text: the JSON it holds, else the text."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def encoded(value: Any) -> str:
    """A contract value as the text of an extra, as ckanext-scheming stores it: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def is_empty(value: Any) -> bool:
    """Whether a value says nothing, as a form sends what nobody has filled in: such a one counts as absent."""
    if value is None or isinstance(value, str):
        return not value
    return isinstance(value, Mapping | list | tuple) and (not value or value in ([""], [None]))


def as_sent_back(value: Any) -> Any:
    """A value as it comes back from a form in which nobody has touched it, so that only what was changed differs:
    leaves as text with the browser's line ends, a text for a list of one, nothing empty.
    """
    if isinstance(value, Mapping):
        kept = {key: as_sent_back(inner) for key, inner in value.items() if not is_empty(inner)}
        return {key: kept[key] for key in sorted(kept)}
    if isinstance(value, list | tuple):
        items = [as_sent_back(item) for item in value if not is_empty(item)]
        return items[0] if len(items) == 1 and isinstance(items[0], str) else items
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def extras_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """`package.extras` of a dataset: flat, text only, nothing empty."""
    leave = COLUMNS | RELATIONS | unpublished_fields()
    return {key: encoded(value) for key, value in fields.items() if key not in leave and not is_empty(value)}


@cache
def form_fields() -> frozenset[str]:
    """Extras that the form of ckanext-scheming takes and shows flat, because the contract has them in a step of it."""
    return frozenset(
        name
        for name, field in contract.fields().items()
        if field.in_form and field.step and field.kind != "objects" and name not in COLUMNS | RELATIONS
    )


def to_form(package: Mapping[str, Any]) -> dict[str, Any]:
    """A package dict of `to_package` as the form sends it to CKAN's actions: its fields flat, lists as lists, beside
    them the extras the form does not know.
    """
    extras = {extra["key"]: extra["value"] for extra in package["extras"]}
    flat = {key: value for key, value in extras.items() if key in form_fields()}
    lists = {key: decoded(value) for key, value in flat.items() if contract.fields()[key].is_list}
    others = [extra for extra in package["extras"] if extra["key"] not in flat]
    return {**package, **flat, **lists, "extras": others}


def to_package(  # noqa: PLR0913 - a package is all of this
    dataset: Dataset,
    *,
    package_id: str,
    name: str,
    owner_org: str,
    private: bool,
    state: str,
    created: dt.datetime,
    modified: dt.datetime,
    keep_resource_ids: bool = False,
) -> dict[str, Any]:
    """The package dict of a dataset, as `package_create` takes it: extras as a list of key and value, tags by name.

    `created` and `modified` are naive UTC, as CKAN stores them. Identity, owner and visibility come from the caller and
    never from the dataset. With `keep_resource_ids` a resource's id that is a UUID stays as it is.
    """
    resources = dataset.resources
    ids = resource_ids(package_id, resources, keep=keep_resource_ids)
    return {
        "id": package_id,
        "name": name,
        "type": PACKAGE_TYPE,
        "title": dataset.text("title") or name,
        "notes": column_text(dataset.get("notes")),
        "license_id": column_text(dataset.get("license_id")),
        "owner_org": owner_org,
        "private": private,
        "state": state,
        "metadata_created": created.isoformat(),
        "metadata_modified": modified.isoformat(),
        "tags": [{"name": tag} for tag in tag_names(dataset)],
        "extras": [{"key": key, "value": value} for key, value in extras_of(dataset).items()],
        "resources": [
            {**to_resource(item, id_), "id": id_, "package_id": package_id, "position": position}
            for position, (id_, item) in enumerate(zip(ids, resources, strict=True))
        ],
    }


def column_text(value: Any) -> str | None:
    """A column's text: absent stays absent, a text stays as it is, of anything else what can be read of it."""
    return value if value is None or isinstance(value, str) else plain_text(value)


def tag_names(dataset: Dataset) -> list[str]:
    """Names of a dataset's free tags, each once, in the order given."""
    return list(dict.fromkeys(dataset.texts("tags")))


def to_resource(resource: Mapping[str, Any], id_: str) -> dict[str, Any]:
    """One resource as CKAN's dict: its columns, and beside them the keys that go to its extras.

    A value that CKAN's column cannot hold (a size that is no whole number, a date that is none) is left out; the record
    keeps it. The source's own id stands in the extras unless it has become CKAN's.
    """
    shown: dict[str, Any] = {"url": ""}
    for key, value in resource.items():
        if key == "id":
            if value and str(value) != id_:
                shown[SOURCE_ID] = str(value)
        elif value is not None and key not in _RESOURCE_OWN:
            held = _RESOURCE_COLUMNS[key](value) if key in _RESOURCE_COLUMNS else value
            if held is not None:
                shown[key] = held
    return shown


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 2**63 else None


def _time(value: Any) -> str | None:
    """A moment as naive UTC in ISO 8601, as CKAN's columns hold it."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat()


#: columns of `resource` a source may fill, and how; every other key of a resource goes to its extras
_RESOURCE_COLUMNS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("url", "format", "description", "hash", "name", "mimetype"), column_text),
    "size": _whole,
    "created": _time,
    "last_modified": _time,
}
RESOURCE_COLUMNS = tuple(_RESOURCE_COLUMNS)


def to_dataset(package: Mapping[str, Any]) -> Dataset:
    """The contract's dataset of a package dict, as `package_show` or `to_package` give it: the inverse of `to_package`.

    Fields may stand flat, as ckanext-scheming shows them, or under `extras`. CKAN's own keys are left out, and what the
    package never held (`unpublished_fields`), which the record keeps.
    """
    fields: dict[str, Any] = {}
    decoders = _decoders()
    known = contract.fields()
    flat = {key: package[key] for key in known if key in package and key not in RELATIONS}
    extras = {extra["key"]: extra["value"] for extra in package.get("extras") or []}
    for key, value in {**extras, **flat}.items():
        if key in unpublished_fields():
            continue
        decode = decoders.get(key)
        read = decode(value) if decode and isinstance(value, str) else value
        if not is_empty(read):
            fields[key] = read
    tags = [tag["name"] for tag in package.get("tags") or [] if not tag.get("vocabulary_id")]
    if tags:
        fields["tags"] = tags
    fields["resources"] = _resources_of(package)
    return Dataset(fields)


def _resources_of(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    shown = [item for item in package.get("resources") or [] if item.get("state", "active") == "active"]
    derived = resource_ids(package.get("id") or "", [{**item, "id": item.get(SOURCE_ID)} for item in shown])
    return [_from_resource(item, given) for item, given in zip(shown, derived, strict=True)]


def _from_resource(resource: Mapping[str, Any], derived: str) -> dict[str, Any]:
    """A resource of the contract from CKAN's dict: with the source's id, without one that only derives from its key."""
    found = {}
    for key, value in resource.items():
        if is_empty(value) or key in _RESOURCE_OWN or key == SOURCE_ID:
            continue
        if key == "id":
            value = resource.get(SOURCE_ID) or (None if value == derived else value)  # noqa: PLW2901
            if value is None:
                continue
        elif key in ("created", "last_modified") and isinstance(value, str):
            value = value.removesuffix("T00:00:00")  # noqa: PLW2901
        elif key == "kamus_data" and isinstance(value, list):
            value = [column(item) for item in value]  # noqa: PLW2901
        found[str(key)] = value  # CKAN's own keys are SQLAlchemy's kind of text, which is no key of JSON
    return found


def column(shown: Any) -> Any:
    """A column of the data dictionary: CKAN puts the keys its form does not know under one of its own."""
    if not isinstance(shown, Mapping) or not isinstance(shown.get("__extras"), Mapping):
        return shown
    return {**{key: value for key, value in shown.items() if key != "__extras"}, **shown["__extras"]}
