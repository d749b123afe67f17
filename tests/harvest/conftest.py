"""Sources, offices and people for the tests of the harvest."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
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
