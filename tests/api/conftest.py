"""What tests of the API start from: a client with a token, an OPD with an application, and datasets of it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from uuid import uuid4

import pytest

BASE = "/api/satudata/v1"


@pytest.fixture
def client_of(session, unique):
    """Register a client and give it a token: `client_of("catalog:read", organization=…)` -> `.id`, `.token`."""
    from ckanext.satudata.api import clients

    def make(*scopes: str, **more):
        made = clients.add(session, name=f"{unique}-{uuid4().hex[:6]}", scopes=scopes or ["catalog:read"], **more)
        token = clients.issue_token(session, made.client)
        return SimpleNamespace(id=made.client.id, secret=made.secret, token=token)

    return make


@pytest.fixture
def read(app, client_of):
    """Read an address: `read("/datasets", q="…")`, as a client of scope catalog:read unless `by` says who."""
    usual = client_of("catalog:read")

    def get(path, by=usual, headers=None, **query):
        sent = {"Authorization": f"Bearer {by.token}"} if by else {}
        return app.get(f"{BASE}{path}", headers={**sent, **(headers or {})}, query_string=query)

    return get


@pytest.fixture
def make_office(act, session, search_index):
    """Make an OPD with an application: `make_office(name)` -> `.id`, `.put(identifier, …)`, `.withdraw(identifier)`."""
    from sqlalchemy import insert

    from ckanext.satudata.catalog import tables
    from ckanext.satudata.catalog.write import Write, write
    from satudata_schemas.assess import assess
    from satudata_schemas.dataset import Dataset
    from satudata_schemas.profile import Profile
    from satudata_schemas.reference import Reference

    profile, reference = Profile.load("transisi"), Reference.load()

    def settle(asked):
        written = write(session, [asked], actor=None, run=None)
        session.commit()
        return written[0].record_id

    def make(name):
        organization = act("organization_create", name=name, title=f"Dinas {name}")["id"]
        source = str(uuid4())
        values = {"id": source, "name": name, "title": f"Aplikasi {name}", "organization_id": organization}
        session.execute(
            insert(tables.source).values(**values, connector="rest", url="https://aplikasi.example/rahasia")
        )
        session.commit()

        def put(identifier="1", action="publish", index=True, **fields):
            link = {"url": f"https://data.example.go.id/{identifier}.csv", "name": "Berkas", "format": "CSV"}
            base = {"title": f"Jumlah Penduduk {identifier}", "notes": "Menurut kecamatan.", "resources": [link]}
            dataset = Dataset({**base, **fields, "identifier": identifier, "owner_org": organization})
            judged = assess(dataset, profile, reference=reference)
            asked = {"assessment": judged, "fingerprint": uuid4().hex, "rules_version": "1"}
            if action == "hold":
                asked["status"] = "menunggu"
            id_ = settle(Write(source, identifier, action, organization, dataset, **asked))
            if index:
                catch_up()
            return id_

        def withdraw(identifier, index=True):
            settle(Write(source, identifier, "withdraw", organization))
            if index:
                catch_up()

        return SimpleNamespace(id=organization, name=name, source=name, put=put, withdraw=withdraw)

    def catch_up():
        from ckanext.satudata.catalog.index import drain

        drain(session)
        session.commit()
        search_index.commit()

    make.catch_up = catch_up
    return make


@pytest.fixture
def office(clean_catalog, make_office, unique):
    """One OPD in an otherwise empty catalogue."""
    return make_office(unique)


@pytest.fixture
def addressed(office, session):
    """Fill in an address of the OpenAPI document with what is there: `addressed("/runs/{run}") -> "/runs/…"`."""
    from sqlalchemy import insert

    from ckanext.satudata.catalog import tables

    id_ = office.put("1", kategori="04")
    office.put("1", kategori="04", satuan="orang")
    run = str(uuid4())
    source = tables.source.c
    source_id = session.execute(source.id.table.select().where(source.name == office.source)).mappings().one()["id"]
    session.execute(insert(tables.run).values(id=run, source_id=source_id, state="selesai"))
    session.commit()
    things = {
        "id": id_, "source": office.source, "run": run, "identifier": "1", "old": "1", "new": "2", "name": "kategori",
        "key": "key-tidak-ada",
        "code": "E-API-404", "action": "status_show",
    }  # fmt: skip

    def fill(path, **others):
        return re.sub(r"\{(\w+)\}", lambda found: {**things, **others}[found[1]], path)

    fill.things = things
    return fill
