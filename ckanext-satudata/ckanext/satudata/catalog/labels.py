"""Who may see which dataset, and how much of it.

Whether a dataset is found is a matter of CKAN's permission labels; how much of it is read follows its access class
(UU 14/2008 Pasal 17): of a `terbatas` dataset the public reads everything but the way to its files, of a `tertutup` one
title, office and legal basis.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ckan import authz, model
from ckan.common import current_user
from ckan.model.user import AnonymousUser
from ckan.plugins import toolkit
from flask import has_request_context
from sqlalchemy import func, select

from ckanext.satudata.catalog import roles, tables
from ckanext.satudata.catalog.answer import CLOSED_FIELDS, LINK_KEYS, PERSONAL_PREFIX
from ckanext.satudata.catalog.facts import access_class
from ckanext.satudata.catalog.package import unpublished_fields
from satudata_schemas.dataset import Dataset

WALIDATA = "walidata"
PEMBINA = "pembina"

#: what stays of a package dict of which only title, office and legal basis are public
_SKELETON = frozenset({
    "id", "name", "title", "type", "state", "private", "owner_org", "organization", "metadata_created",
    "metadata_modified", *CLOSED_FIELDS,
})  # fmt: skip
_EMPTIED: Mapping[str, Any] = {
    "notes": "", "resources": [], "num_resources": 0, "tags": [], "num_tags": 0, "groups": [], "extras": [],
    "relationships_as_subject": [], "relationships_as_object": [], "isopen": False, "license_id": None,
    "license_title": None, "creator_user_id": None, "author": None, "author_email": None, "maintainer": None,
    "maintainer_email": None, "url": None, "version": None,
}  # fmt: skip
#: the same of a Solr document
_DOCUMENT_SKELETON = _SKELETON | {
    "index_id", "entity_type", "dataset_type", "site_id", "capacity", "title_string", "data_dict",
    "validated_data_dict",
    *(f"extras_{name}" for name in CLOSED_FIELDS),
}  # fmt: skip
#: what of a resource leads to its file; CKAN's own address of a file sends whatever `url_type` calls an upload
_TO_FILES = LINK_KEYS | {"url_type"}
_DOCUMENT_LINKS = frozenset({"res_url", "urls", "res_extras_hash", "res_extras_kamus_data"})


def dataset_labels(dataset: Any, labels: list[str]) -> list[str]:
    """Permission labels of a dataset, from CKAN's own: what is not public, the Walidata finds all the same."""
    if "public" in labels:
        return labels
    more = [WALIDATA]
    if (dataset.extras or {}).get("prioritas_tahun"):
        more.append(PEMBINA)
    return [*labels, *more]


def user_labels(user: Any, labels: list[str]) -> list[str]:
    """Permission labels a person holds, beginning from CKAN's own."""
    id_ = _id(user)
    if not id_:
        return labels
    more = [WALIDATA] if roles.is_walidata(model.Session, id_) else []
    if roles.has_pembina() and roles.is_pembina(model.Session, id_):
        more.append(PEMBINA)
    return [*labels, *more]


def full_readers(owner_org: str) -> list[str]:
    """Labels of those who read a dataset whole, whatever its access class."""
    return [WALIDATA, f"member-{owner_org}"]


def _id(user: Any) -> str | None:
    return None if user is None or isinstance(user, AnonymousUser) else getattr(user, "id", None)


def sees_internals() -> bool:
    """Whether the person of this request may search by status and score: Walidata, an OPD's people, the administrator.

    Outside a request (commands, jobs) the answer is yes.
    """
    if not has_request_context():
        return True
    id_ = _id(current_user)
    if not id_:
        return False
    return (
        bool(current_user.sysadmin)
        or roles.is_walidata(model.Session, id_)
        or bool(roles.organizations_of(model.Session, id_))
    )


def redact(context: Mapping[str, Any], package: dict[str, Any]) -> None:
    """Take away in place what the dataset's access class hides from the reader of this call of `package_show`.

    Calls by the platform itself (`ignore_auth`) read everything; so does everyone who may edit the dataset, since
    what is saved again is what was shown.
    """
    if context.get("ignore_auth"):
        return
    access = access_of(package)
    if access == "terbuka" and not _has_personal(package):
        return
    if not _reads_whole(context, package):
        _redacted(package, access)


def access_of(package: Mapping[str, Any]) -> str:
    """The access class of a package dict."""
    said = package.get("hak_akses")
    if said is None:
        said = next((extra["value"] for extra in package.get("extras") or () if extra.get("key") == "hak_akses"), None)
    return access_class(Dataset(hak_akses=said)) if said else "terbuka"


def access_of_document(document: Mapping[str, Any]) -> str:
    """The access class of a Solr document that the catalogue keeps no record of."""
    return access_class(Dataset(hak_akses=document.get("extras_hak_akses") or document.get("hak_akses")))


def _reads_whole(context: Mapping[str, Any], package: Mapping[str, Any]) -> bool:
    user = context.get("auth_user_obj") or model.User.get(context.get("user") or None)
    id_ = _id(user)
    if not id_ or user is None:
        return False
    if user.sysadmin or roles.is_walidata(model.Session, id_):
        return True
    owner = package.get("owner_org")
    if owner and authz.has_user_permission_for_group_or_org(owner, user.name, "read"):
        return True
    return bool(authz.user_is_collaborator_on_dataset(id_, package["id"], ["admin", "editor"]))


def _redacted(package: dict[str, Any], access: str) -> None:
    if access == "tertutup":
        extras = [extra for extra in package.get("extras") or () if extra.get("key") in CLOSED_FIELDS]
        for key in [key for key in package if key not in _SKELETON]:
            del package[key]
        package.update({key: list(value) if isinstance(value, list) else value for key, value in _EMPTIED.items()})
        package["extras"] = extras
        return
    _drop_personal(package)
    if access == "terbatas":
        for resource in package.get("resources") or ():
            for key in _TO_FILES & resource.keys():
                del resource[key]
            resource["url"] = ""


@lru_cache(maxsize=20_000)
def _personal(key: str) -> bool:
    return key in unpublished_fields() or key.startswith(PERSONAL_PREFIX)


def _has_personal(package: Mapping[str, Any]) -> bool:
    return any(map(_personal, package)) or any(_personal(extra["key"]) for extra in package.get("extras") or ())


def _drop_personal(package: dict[str, Any]) -> None:
    for key in [key for key in package if _personal(key)]:
        del package[key]
    package["extras"] = [extra for extra in package.get("extras") or () if not _personal(extra["key"])]


def has_unpublished(document: Mapping[str, Any]) -> bool:
    """Whether a Solr document names a person's contact, or what the machine computed."""
    return any(map(_personal_in_documents, document))


@lru_cache(maxsize=20_000)
def _personal_in_documents(key: str) -> bool:
    return _personal(key) or _personal(key.removeprefix("extras_"))


def without_unpublished(document: dict[str, Any]) -> dict[str, Any]:
    """The document without these."""
    return for_public(document, "terbuka")


def for_public(document: Mapping[str, Any], access: str) -> dict[str, Any]:
    """A Solr document with no more than the public may see.

    Its time of change is cut to a whole second, so that CKAN's `package_show`, which trusts the index only where both
    times agree to a hundredth, reads the database and shows each reader what is theirs.
    """
    if access == "tertutup":
        made = {key: value for key, value in document.items() if key in _DOCUMENT_SKELETON}
    else:
        made = {key: value for key, value in document.items() if not _hides(key, access)}
    for name in ("data_dict", "validated_data_dict"):
        if name in made:
            package = json.loads(made[name])
            _redacted(package, access)
            made[name] = json.dumps(package)
    if "metadata_modified" in made:
        made["metadata_modified"] = str(made["metadata_modified"])[:19] + "Z"
    return made


def _hides(key: str, access: str) -> bool:
    return _personal_in_documents(key) or (access == "terbatas" and key in _DOCUMENT_LINKS)


@toolkit.chained_action
@toolkit.side_effect_free
def resource_search(original: Any, context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """CKAN's search for files, which reads the database past every label: without those of restricted datasets.

    They are taken out before anything is counted, so that a guessed address is neither shown nor confirmed.
    """
    asked = dict(data_dict)
    offset, limit = int(asked.pop("offset", 0) or 0), asked.pop("limit", None)
    found = original(context, asked)
    files = [item if isinstance(item, dict) else vars(item) for item in found["results"]]
    restricted = _restricted({item["package_id"] for item in files})
    kept = [item for item, file in zip(found["results"], files, strict=True) if file["package_id"] not in restricted]
    end = None if limit is None else offset + int(limit)
    return {"count": len(kept), "results": kept[offset:end]}


def _restricted(packages: set[str]) -> set[str]:
    """Of these packages those whose files are not public."""
    record, package = tables.record.c, model.package_table.c
    said = package.extras["hak_akses"].astext
    by_record = select(record.package_id).where(record.package_id.in_(packages), record.hak_akses != "terbuka")
    by_hand = select(package.id).where(package.id.in_(packages), func.lower(said) != "terbuka")
    return set(model.Session.execute(by_record.union(by_hand)).scalars())
