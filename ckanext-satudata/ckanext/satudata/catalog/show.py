"""Packages as CKAN would show them, many at a time: the two dicts its index takes for each, in seven statements a
batch.

CKAN's own way (`package_show_default_and_custom_schemas`) takes ten statements and 8 ms for each dataset. What is
plain is built here and held equal to CKAN's by golden tests; what is not (groups, relationships, uploads,
vocabularies, a form that is not ckanext-scheming's) goes CKAN's own way.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ckan import logic, model
from ckan.lib import plugins as lib_plugins
from ckan.lib.helpers import unified_resource_format
from sqlalchemy import select
from sqlalchemy.orm import Session

Shown = dict[str, Any]
Both = tuple[Shown, Shown]

_PACKAGE_COLUMNS = [
    str(item.name) for item in model.package_table.columns if item.name not in ("plugin_data", "extras")
]
_RESOURCE_COLUMNS = [str(item.name) for item in model.resource_table.columns if item.name != "extras"]
_GROUP_COLUMNS = [str(item.name) for item in model.group_table.columns if item.name != "extras"]
#: keys of a resource that CKAN's show schema drops when they hold nothing
_DROPPED_WHEN_NONE = frozenset({"url", "format", "hash", "created", "metadata_modified"})
#: output validators of ckanext-scheming that are repeated here
_KNOWN_OUTPUTS = frozenset(("scheming_load_json", "scheming_multiple_choice_output"))


class Batch:
    """A batch of packages; those that exist are in `packages`, by id.

    Keeps the packages loaded in the session, so that hooks and permission labels find them there: hold on to it while
    the dicts are used.
    """

    def __init__(self, session: Session, ids: Collection[str]) -> None:
        package = model.Package
        found = session.execute(
            select(package).where(package.id.in_(ids)).execution_options(populate_existing=True)
        ).scalars()  # fmt: skip
        self.packages: dict[str, Any] = {item.id: item for item in found}
        known = list(self.packages)
        self.resources = _grouped(session, select(model.resource_table), model.resource_table.c.package_id, known)
        self.tags = _tags(session, known)
        owners = {item.owner_org for item in self.packages.values() if item.owner_org}
        group = model.group_table
        rows = session.execute(select(group).where(group.c.id.in_(owners), group.c.state == "active"))
        self.organizations = {row.id: row for row in rows}
        self.unusual = _unusual(session, known)
        self.form = _form()
        self.context = {"ignore_auth": True, "use_cache": False, "validate": False, "model": model, "session": session}

    def both(self, id_: str) -> Both:
        """One package as CKAN's default schema shows it, and as the dataset's form does."""
        package = self.packages[id_]
        if id_ in self.unusual or package.type != "dataset" or self.form is None or self._uploads(id_):
            return _ckans_own(id_)
        default = self._default(package)
        custom = self.form(default)
        logic.apply_after_dataset_show_plugins(logic.fresh_context(self.context), custom)
        return default, custom

    def _uploads(self, id_: str) -> bool:
        return any(row.url_type == "upload" for row in self.resources.get(id_, ()))

    def _default(self, package: Any) -> Shown:
        shown = {name: _plain(getattr(package, name)) for name in _PACKAGE_COLUMNS}
        shown["title"] = (shown["title"] or "").strip() or shown["name"]
        resources = [_resource(row) for row in self.resources.get(package.id, ()) if row.state == "active"]
        shown["resources"] = sorted(resources, key=lambda item: item["position"])
        shown["num_resources"] = len(resources)
        shown["tags"] = self.tags.get(package.id, [])
        shown["num_tags"] = len(shown["tags"])
        shown["extras"] = [{"key": key, "value": value} for key, value in (package.extras or {}).items()]
        shown["groups"] = []
        shown["organization"] = self._organization(package.owner_org)
        shown["relationships_as_subject"] = []
        shown["relationships_as_object"] = []
        shown["isopen"] = package.isopen()
        return shown | _license(package)

    def _organization(self, id_: str | None) -> Shown | None:
        row = self.organizations.get(id_ or "")
        if row is None:
            return None
        return {name: _plain(getattr(row, name)) for name in _GROUP_COLUMNS}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _license(package: Any) -> Shown:
    license_ = package.license
    if license_ and license_.url:
        return {"license_url": license_.url, "license_title": license_.title.split("::")[-1]}
    return {"license_title": license_.title if license_ else package.license_id}


def _resource(row: Any) -> Shown:
    shown = {name: _plain(getattr(row, name)) for name in _RESOURCE_COLUMNS}
    if row.extras:
        shown.update(row.extras)
    url = shown["url"]
    if url and not urlsplit(url).scheme:
        shown["url"] = "http://" + url.lstrip("/")
    if shown.get("format"):
        shown["format"] = unified_resource_format(shown["format"])
    return {key: value for key, value in shown.items() if value is not None or key not in _DROPPED_WHEN_NONE}


def _grouped(session: Session, statement: Any, by: Any, ids: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in session.execute(statement.where(by.in_(ids))):
        found.setdefault(getattr(row, by.name), []).append(row)
    return found


def _tags(session: Session, ids: Sequence[str]) -> dict[str, list[Shown]]:
    tag, pair = model.tag_table, model.package_tag_table
    statement = select(tag, pair.c.state, pair.c.package_id).join(pair, tag.c.id == pair.c.tag_id)
    found: dict[str, list[Shown]] = {}
    for row in session.execute(
        statement.where(pair.c.package_id.in_(ids), pair.c.state == "active").order_by(tag.c.name)
    ):
        shown = {
            "id": row.id, "name": row.name, "vocabulary_id": row.vocabulary_id,
            "state": row.state, "display_name": row.name,
        }  # fmt: skip
        found.setdefault(row.package_id, []).append(shown)
    return found


def _unusual(session: Session, ids: Sequence[str]) -> set[str]:
    """Packages with what is too rare to be repeated here."""
    member, group = model.member_table.c, model.group_table.c
    relation = model.package_relationship_table.c
    tag, pair = model.tag_table.c, model.package_tag_table.c
    in_groups = (
        select(member.table_id)
        .join(model.group_table, group.id == member.group_id)
        .where(member.table_id.in_(ids), member.state == "active", group.is_organization.is_(False))
    )
    subjects = select(relation.subject_package_id).where(relation.subject_package_id.in_(ids))
    objects = select(relation.object_package_id).where(relation.object_package_id.in_(ids))
    vocabularies = (
        select(pair.package_id)
        .join(model.tag_table, tag.id == pair.tag_id)
        .where(pair.package_id.in_(ids), tag.vocabulary_id.is_not(None))
    )
    return set(session.execute(in_groups.union(subjects, objects, vocabularies)).scalars())


def _ckans_own(id_: str) -> Both:
    made: Both = logic.package_show_default_and_custom_schemas(logic.fresh_context({"ignore_auth": True}), id_)
    return made


def _form() -> Callable[[Shown], Shown] | None:
    """What the dataset's form makes of CKAN's dict; None where it is one that is not known here."""
    plugin = lib_plugins.lookup_package_plugin("dataset")
    if type(plugin) is lib_plugins.DefaultDatasetForm:
        return dict
    if plugin.__class__.__module__ != "ckanext.scheming.plugins":
        return None
    described = plugin._expanded_schemas["dataset"]  # noqa: SLF001 - ckanext-scheming offers no other way to the fields
    return _scheming(described) if _repeatable(described) else None


def _repeatable(described: Mapping[str, Any]) -> bool:
    fields = [*described["dataset_fields"], *described["resource_fields"]]
    outputs = {word for item in fields for word in str(item.get("output_validators", "")).split()}
    return outputs <= _KNOWN_OUTPUTS


def _scheming(described: Mapping[str, Any]) -> Callable[[Shown], Shown]:
    """Show as ckanext-scheming does: fields of its schema flat and decoded, what is empty of them left out."""
    outputs = {item["field_name"]: _output(item) for item in described["dataset_fields"]}
    resource_outputs = {item["field_name"]: _output(item) for item in described["resource_fields"]}

    def shown(default: Shown) -> Shown:
        custom = {key: value for key, value in default.items() if value is not None or key not in outputs}
        custom["extras"] = []
        for extra in default["extras"]:
            key, value = extra["key"], extra["value"]
            if key in outputs and key not in default:
                custom[key] = outputs[key](value)
            else:
                custom["extras"].append(extra)
        custom["resources"] = [
            {
                key: resource_outputs[key](value) if key in resource_outputs else value
                for key, value in item.items()
                if value is not None or key not in resource_outputs
            }
            for item in default["resources"]
        ]
        return custom

    return shown


def _output(described: Mapping[str, Any]) -> Callable[[Any], Any]:
    words = str(described.get("output_validators", "")).split()
    if "repeating_subfields" in described:
        return _loaded
    if "scheming_multiple_choice_output" in words:
        return _choices
    return _loaded if words else _same


def _same(value: Any) -> Any:
    return value


def _loaded(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _choices(value: Any) -> Any:
    if isinstance(value, list):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return [value]
