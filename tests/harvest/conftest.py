"""Sources, offices and people for the tests of the harvest."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from ckan import model
from cryptography.fernet import Fernet


@pytest.fixture
def configured(loaded_ckan):
    """Set options of CKAN for one test: `configured("ckanext.satudata.…", value)`."""
    from ckan.common import config

    before = {}

    def put(key, value):
        before.setdefault(key, config.get(key))
        config[key] = value

    yield put
    for key, value in before.items():
        config[key] = value


@pytest.fixture
def sealing(configured, tmp_path):
    """A key file for the secrets of sources."""
    path = tmp_path / "kunci"
    path.write_bytes(Fernet.generate_key() + b"\n")
    configured("ckanext.satudata.secrets_file", str(path))
    return path


@pytest.fixture
def own_networks(configured):
    """The administrator permits what a test's own servers listen on."""

    def permit(*entries):
        configured("ckanext.satudata.allow_networks", list(entries))

    return permit


@pytest.fixture
def office(act, unique):
    """An office with an editor: `.id`, `.name`, `.editor` (a user's id)."""
    editor = act("user_create", name=f"{unique}-editor", email=f"{unique}@contoh.go.id", password="kata-sandi-uji")
    made = act("organization_create", name=unique, title=f"Dinas {unique}")
    act("organization_member_create", id=made["id"], username=editor["name"], role="editor")
    return SimpleNamespace(id=made["id"], name=made["name"], title=made["title"], editor=editor["id"])


@pytest.fixture
def walidata(act, configured, unique):
    """A user of the Walidata: `.id`, `.name`."""
    name = f"{unique}-walidata"
    user = act("user_create", name=f"{name}-orang", email=f"{name}@contoh.go.id", password="kata-sandi-uji")
    made = act("organization_create", name=name, title="Walidata")
    act("organization_member_create", id=made["id"], username=user["name"], role="editor")
    configured("ckanext.satudata.walidata_org", name)
    return SimpleNamespace(id=user["id"], name=user["name"], organization=made["id"])


@pytest.fixture
def stranger(act, unique):
    """The editor of another office."""
    user = act("user_create", name=f"{unique}-lain", email=f"{unique}-lain@contoh.go.id", password="kata-sandi-uji")
    made = act("organization_create", name=f"{unique}-lain", title="Dinas Lain")
    act("organization_member_create", id=made["id"], username=user["name"], role="admin")
    return user["id"]


@pytest.fixture
def fresh():
    """A session of the harvest's own, which sees what is committed and rolls back what is not."""
    session = model.meta.create_local_session()
    yield session
    session.rollback()
    session.close()


def package(number, **more):
    """A package of a CKAN portal that is `layak` under `transisi`."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": f"dataset-{number}",
        "title": f"Jumlah Penduduk Kecamatan {number}",
        "notes": f"Penduduk menurut jenis kelamin di kecamatan nomor {number}.",
        "resources": [
            {"id": f"r{number}", "name": "Tabel", "url": f"https://data.contoh.go.id/{number}.csv", "format": "CSV"}
        ],
        "tags": [{"name": "penduduk"}],
        **more,
    }


class Catalogue:
    """A portal that answers `package_search` from a list that a test may change while it is served.

    `broken` says what it does wrong: an `Answer`, None to hang up, or a function of the request. From `broken_from` (an
    offset) on only, when that is set. `etags` makes it answer 304. `envelope` stands around the packages of each page.
    """

    def __init__(self, packages=(), *, etags=False):
        self.packages = list(packages)
        self.etags = etags
        self.envelope = {}
        self.broken = self.FINE
        self.broken_from = 0
        self.asked = []
        self.before_answer = lambda _start: None

    FINE = object()

    def answer(self, request):
        from demo.serving import Answer, json_answer

        start, rows = int(request.query.get("start", 0)), int(request.query.get("rows", 10))
        self.asked.append(start)
        self.before_answer(start)
        if self.broken is not self.FINE and start >= self.broken_from:
            return self.broken(request) if callable(self.broken) else self.broken
        if not request.path.endswith("package_search"):
            return json_answer({"success": False, "error": {"message": "Not found"}}, 404)
        found = self.packages[start : start + rows]
        result = {"count": len(self.packages), "results": found}
        answer = json_answer({**self.envelope, "success": True, "result": result})
        if not self.etags:
            return answer
        etag = f'"{hashlib.sha256(answer.body).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return Answer(b"", 304, headers={"ETag": etag})
        return Answer(answer.body, headers={"ETag": etag})


@pytest.fixture
def portal():
    """Serve a `Catalogue`: `url = portal(catalogue)`."""
    from demo.serving import serve

    with ExitStack() as open_servers:
        yield lambda application: open_servers.enter_context(serve(application))


@pytest.fixture
def add_source(clean_catalog, office, walidata, sealing, own_networks, unique):
    """Register a CKAN source at an address, published automatically unless told otherwise; gives its id."""
    from ckanext.satudata.harvest import sources
    from ckanext.satudata.harvest.sessions import session

    def add(url, *, name=unique, **more):
        network = f"127.0.0.1/32:{urlsplit(url).port}"
        own_networks(network)
        definition = {
            "name": name,
            "connector": "ckan",
            "url": url,
            "config": {"page_size": 2},
            "penayangan": "otomatis",
            "limits": {"attempts": 1, "deadline": 5},
            "allow_networks": [network],
            **more,
        }
        with session() as opened:
            source_id = sources.add(opened, definition, organization=office.id, approved_by=walidata.id)
            opened.commit()
        return source_id

    return add


@pytest.fixture
def work(loaded_ckan):
    """Do the work of the run that a function of a session queues, and give it as `runs.show` does."""
    from ckanext.satudata.harvest import engine, runs
    from ckanext.satudata.harvest.sessions import session

    def go(queue):
        with session() as opened:
            run_id = queue(opened)
            opened.commit()
        assert engine.run(run_id)
        with session() as opened:
            return runs.show(opened, run_id)

    return go


@pytest.fixture
def harvest(work):
    """Harvest a source by id and give the run as `runs.show` does."""
    from ckanext.satudata.harvest import runs

    return lambda source_id: work(lambda opened: runs.start(opened, source_id, actor=None))


@pytest.fixture
def records(loaded_ckan):
    """The records of a source by identifier, as mappings."""
    from ckanext.satudata.catalog import tables as t
    from ckanext.satudata.harvest.sessions import session

    def read(source_id):
        with session() as opened:
            rows = opened.execute(sa.select(t.record).where(t.record.c.source_id == source_id)).mappings()
            return {row["identifier"]: dict(row) for row in rows}

    return read


@pytest.fixture
def query(loaded_ckan):
    """Rows of a statement, in a session of its own; commits."""
    from ckanext.satudata.harvest.sessions import session

    def ask(statement):
        with session() as opened:
            result = opened.execute(statement)
            found = [dict(row) for row in result.mappings()] if result.returns_rows else []
            opened.commit()
            return found

    return ask
