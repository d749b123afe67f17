"""What tests of the catalogue put into it: an organisation, a source, datasets and their judgement."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from satudata_schemas.dataset import Dataset

Make = Callable[..., Any]


def layak(**more: Any) -> Dataset:
    """A dataset the default profile lets pass."""
    fields = {
        "title": "Jumlah Penduduk Menurut Kecamatan Tahun 2024",
        "notes": "Jumlah penduduk tiap kecamatan menurut jenis kelamin.",
        "tags": ["penduduk", "kecamatan"],
        "license_id": "cc-by",
        "kode_urusan": ["2.12"],
        "resources": [
            {"url": "https://data.example.go.id/penduduk.csv", "name": "Penduduk 2024", "format": "CSV"},
            {
                "url": "https://data.example.go.id/penduduk.xlsx",
                "name": "Penduduk 2024",
                "format": "XLSX",
                "size": 1234,
            },
        ],
    }
    return Dataset({key: value for key, value in (fields | more).items() if value is not None})


@pytest.fixture
def office(act, unique):
    """An OPD with a source of its own: `.id` of the organisation, `.source` id, `.write(…)` asks, `.settle(…)`
    writes.
    """
    from ckan import model
    from sqlalchemy import insert

    from ckanext.satudata.catalog import tables
    from ckanext.satudata.catalog.write import Write, write
    from satudata_schemas.assess import assess
    from satudata_schemas.dataset import fingerprint
    from satudata_schemas.profile import Profile
    from satudata_schemas.reference import Reference

    organization = act("organization_create", name=unique, title=f"Dinas {unique}")
    source = str(uuid4())
    model.Session.execute(
        insert(tables.source).values(
            id=source, name=unique, title=f"Aplikasi {unique}", organization_id=organization["id"], connector="rest"
        )
    )
    model.Session.commit()
    profile, reference = Profile.load("transisi"), Reference.load()

    def ask(identifier: str, action: str = "publish", dataset: Dataset | None = None, **more: Any) -> Write:
        if dataset is not None:
            dataset = dataset.with_fields(identifier=identifier, owner_org=organization["id"])
            more.setdefault("assessment", assess(dataset, profile, reference=reference))
            more.setdefault("fingerprint", fingerprint(dataset, more.get("rest")))
            more.setdefault("rules_version", "1")
        return Write(source, identifier, action, organization["id"], dataset, **more)

    def settle(*writes: Write, actor: str | None = None, run: str | None = None) -> list[Any]:
        written = write(model.Session, writes, actor=actor, run=run)
        model.Session.commit()
        return written

    def put(identifier: str = "1", action: str = "publish", dataset: Dataset | None = None, **more: Any) -> Any:
        return settle(ask(identifier, action, dataset if dataset is not None else layak(), **more))[0]

    def row(table: str, **where: Any) -> list[dict[str, Any]]:
        found = getattr(tables, table)
        query = found.select().filter_by(**where).order_by(*found.primary_key.columns)
        return [dict(item) for item in model.Session.execute(query).mappings()]

    return SimpleNamespace(
        id=organization["id"], name=unique, source=source, ask=ask, settle=settle, put=put, rows=row, layak=layak
    )


@pytest.fixture
def person(act, unique):
    """Make a person with a role in an organisation, to call CKAN's actions as: `.id`, `.act(action, …)`."""
    from ckan import model
    from ckan.plugins import toolkit

    def make(organization: str | None = None, role: str = "editor", name: str = "") -> SimpleNamespace:
        login = f"{unique}-{name or role}"
        user = act("user_create", name=login, email=f"{login}@example.go.id", password=uuid4().hex)
        if organization:
            act("organization_member_create", id=organization, username=login, role=role)

        def call(action: str, **data: Any) -> Any:
            found = model.User.get(user["id"])
            return toolkit.get_action(action)({"user": login, "auth_user_obj": found, "ignore_auth": False}, data)

        return SimpleNamespace(id=user["id"], name=login, act=call)

    return make


@pytest.fixture
def walidata(act, person, unique):
    """A person of the Walidata's organisation."""
    from ckan.common import config

    before = config.get("ckanext.satudata.walidata_org")
    act("organization_create", name=f"{unique}-kominfo", title="Dinas Kominfo")
    config["ckanext.satudata.walidata_org"] = f"{unique}-kominfo"
    yield person(f"{unique}-kominfo", "editor", "walidata")
    config["ckanext.satudata.walidata_org"] = before
