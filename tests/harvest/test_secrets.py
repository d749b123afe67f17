"""The key that seals credentials can be replaced while sources are harvested, and a missing one pauses one source."""

from __future__ import annotations

import stat

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package

TOKEN = "rahasia-sekali"


@pytest.fixture
def keyed(portal, add_source):
    """A source whose credentials are sealed."""
    auth = {"type": "header", "name": "X-Kunci", "value": TOKEN}
    return add_source(portal(Catalogue([package(1)])), config={"page_size": 2, "auth": auth})


def _opened(query, source_id):
    from ckanext.satudata.harvest import secrets

    [row] = query(sa.select(t.source).where(t.source.c.id == source_id))
    return secrets.put_back(row["definition"], row["secrets"], name=row["name"])["config"]["auth"]["value"]


def test_every_secret_is_sealed_anew_and_opens_with_the_new_key_alone(keyed, sealing, query, fresh, harvest):
    from ckanext.satudata.harvest import rotation

    [before] = query(sa.select(t.source.c.secrets).where(t.source.c.id == keyed))
    old = sealing.read_text().split()
    sealing.chmod(0o600)
    rotation.draw_key()
    assert sealing.read_text().split()[1:] == old
    assert _opened(query, keyed) == TOKEN, "also before anything is sealed anew"
    done = rotation.seal_anew(fresh)
    fresh.commit()
    assert (done.sealed, done.shut) == (1, ())
    assert rotation.retire() == 1
    assert stat.S_IMODE(sealing.stat().st_mode) == 0o600
    assert not set(sealing.read_text().split()) & set(old)
    [after] = query(sa.select(t.source.c.secrets).where(t.source.c.id == keyed))
    assert after != before
    assert TOKEN not in str(after)
    assert _opened(query, keyed) == TOKEN
    assert harvest(keyed)["state"] == "selesai"


def test_a_missing_key_pauses_its_source_with_a_code_and_nothing_else(
    keyed, sealing, harvest, portal, add_source, *, query, records, unique
):
    assert harvest(keyed)["state"] == "selesai"
    other = add_source(portal(Catalogue([package(2)])), name=f"{unique}-lain")
    sealing.write_bytes(Fernet.generate_key() + b"\n")

    ended = harvest(keyed)

    assert (ended["state"], ended["error"]["code"]) == ("gagal", "E-SRC-008")
    [paused] = query(sa.select(t.source).where(t.source.c.id == keyed))
    assert paused["state"] == "jeda"
    assert "E-SRC-008" in paused["paused_reason"]
    assert {row["status"] for row in records(keyed).values()} == {"tayang"}
    assert harvest(other)["state"] == "selesai"
    [untouched] = query(sa.select(t.source).where(t.source.c.id == other))
    assert untouched["state"] == "aktif"


def test_a_source_goes_on_when_its_key_is_back(keyed, sealing, harvest, fresh, query):
    from ckanext.satudata.harvest import sources

    old = sealing.read_bytes()
    sealing.write_bytes(Fernet.generate_key() + b"\n")
    harvest(keyed)
    sealing.write_bytes(Fernet.generate_key() + b"\n" + old)
    [row] = query(sa.select(t.source.c.name).where(t.source.c.id == keyed))
    sources.resume(fresh, row["name"])
    fresh.commit()
    assert harvest(keyed)["state"] == "selesai"


def test_a_secret_that_no_key_opens_is_named_and_keeps_the_older_keys(keyed, sealing, query, fresh):
    from ckanext.satudata.harvest import rotation

    sealing.write_bytes(Fernet.generate_key() + b"\n")
    [row] = query(sa.select(t.source.c.name, t.source.c.secrets).where(t.source.c.id == keyed))
    rotation.draw_key()
    done = rotation.seal_anew(fresh)
    fresh.commit()
    assert (done.sealed, done.shut) == (0, (row["name"],))
    [after] = query(sa.select(t.source.c.secrets).where(t.source.c.id == keyed))
    assert after["secrets"] == row["secrets"]
