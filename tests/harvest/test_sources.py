from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t


@pytest.fixture
def sources(loaded_ckan):
    from ckanext.satudata.harvest import sources

    return sources


def definition(name, **more):
    return {
        "name": name,
        "connector": "rest",
        "url": "https://aplikasi.contoh.go.id/api",
        "config": {"auth": {"type": "header", "name": "X-API-Key", "value": "rahasia-sekali"}},
        **more,
    }


def code_of(refused):
    return refused.value.code


def test_a_source_is_registered_for_its_office(sources, session, office, sealing, unique):
    source_id = sources.add(session, definition(unique, schedule="0 3 * * *"), organization=office.name)

    row = sources.get(session, unique)
    assert (row["id"], row["organization"], row["penayangan"], row["state"]) == (
        source_id, office.name, "diperiksa", "aktif",
    )  # fmt: skip
    assert row["next_run"] is not None


def test_a_secret_is_sealed_and_never_shown(sources, session, office, sealing, unique):
    sources.add(session, definition(unique), organization=office.id)

    stored = session.execute(sa.select(t.source).where(t.source.c.name == unique)).mappings().one()
    assert "rahasia-sekali" not in json.dumps(dict(stored), default=str)
    assert stored["definition"]["config"]["auth"]["value"] == "terisi"
    assert "rahasia-sekali" not in json.dumps(sources.get(session, unique))


def test_a_key_written_into_a_header_a_parameter_or_the_address_is_sealed_too(
    sources, session, office, sealing, unique
):
    careless = definition(
        unique,
        url="https://aplikasi.contoh.go.id/api?api_key=rahasia-satu",
        config={"headers": {"X-Token": "rahasia-dua", "Accept-Language": "id"}, "params": {"apikey": "rahasia-tiga"}},
    )
    sources.add(session, careless, organization=office.id)

    stored = session.execute(sa.select(t.source).where(t.source.c.name == unique)).mappings().one()
    assert "rahasia" not in json.dumps(dict(stored), default=str)
    assert stored["definition"]["config"]["headers"] == {"X-Token": "terisi", "Accept-Language": "id"}
    assert sources.get(session, unique)["url"].startswith("https://aplikasi.contoh.go.id/api")


def test_a_sealed_secret_opens_for_the_run_and_survives_an_edit_that_leaves_it(
    sources, session, office, sealing, unique
):
    from ckanext.satudata.harvest import secrets

    sources.add(session, definition(unique), organization=office.id)
    shown = sources.get(session, unique)["definition"]
    sources.update(session, unique, shown | {"title": "Judul baru"})

    row = session.execute(sa.select(t.source).where(t.source.c.name == unique)).mappings().one()
    whole = secrets.put_back(row["definition"], row["secrets"], name=unique)
    assert whole["config"]["auth"]["value"] == "rahasia-sekali"
    assert row["title"] == "Judul baru"


def test_a_replaced_key_still_opens_what_the_old_one_sealed(sources, session, office, sealing, unique):
    from cryptography.fernet import Fernet

    from ckanext.satudata.harvest import secrets

    sources.add(session, definition(unique), organization=office.id)
    sealing.write_bytes(Fernet.generate_key() + b"\n" + sealing.read_bytes())

    row = session.execute(sa.select(t.source).where(t.source.c.name == unique)).mappings().one()
    assert (
        secrets.put_back(row["definition"], row["secrets"], name=unique)["config"]["auth"]["value"] == "rahasia-sekali"
    )


def test_a_lost_key_is_named(sources, session, office, sealing, unique):
    from cryptography.fernet import Fernet

    from ckanext.satudata.harvest import secrets
    from ckanext.satudata.harvest.errors import SourceRefused

    sources.add(session, definition(unique), organization=office.id)
    sealing.write_bytes(Fernet.generate_key())

    row = session.execute(sa.select(t.source).where(t.source.c.name == unique)).mappings().one()
    with pytest.raises(SourceRefused) as refused:
        secrets.put_back(row["definition"], row["secrets"], name=unique)
    assert code_of(refused) == "E-SRC-008"


def test_a_secret_without_a_key_to_seal_it_is_refused(sources, session, office, configured, unique):
    from ckanext.satudata.harvest.errors import SourceRefused

    configured("ckanext.satudata.secrets_file", "")
    with pytest.raises(SourceRefused) as refused:
        sources.add(session, definition(unique), organization=office.id)
    assert code_of(refused) == "E-SRC-007"


@pytest.mark.parametrize("entry", ["10.0.0.0/8:443", "127.0.0.1/32:1", "127.0.0.1:8080", "0.0.0.0/0:8443"])
def test_an_editor_cannot_open_a_network_the_administrator_does_not_permit(
    sources, session, office, sealing, own_networks, unique, entry
):
    from ckanext.satudata.harvest.errors import SourceRefused

    own_networks("127.0.0.1/32:8443")
    with pytest.raises(SourceRefused) as refused:
        sources.add(session, definition(unique, allow_networks=[entry]), organization=office.id, actor=office.editor)
    assert code_of(refused) == "E-SRC-003"


def test_an_editor_may_choose_a_network_that_is_permitted(sources, session, office, sealing, own_networks, unique):
    own_networks("127.0.0.1/32:8443", "10.1.0.0/16:443")
    sources.add(
        session, definition(unique, allow_networks=["10.1.0.0/16:443"]), organization=office.id, actor=office.editor
    )
    assert sources.get(session, unique)["definition"]["allow_networks"] == ["10.1.0.0/16:443"]


def test_who_may_add_a_source(sources, session, office, walidata, stranger, sealing, unique):
    from ckanext.satudata.harvest.errors import SourceRefused

    sources.add(session, definition(f"{unique}-1"), organization=office.id, actor=office.editor)
    sources.add(session, definition(f"{unique}-2"), organization=office.id, actor=walidata.id)
    sources.add(session, definition(f"{unique}-3"), organization=office.id, actor=None)
    with pytest.raises(SourceRefused) as refused:
        sources.add(session, definition(f"{unique}-4"), organization=office.id, actor=stranger)
    assert code_of(refused) == "E-SRC-005"


def test_who_may_change_pause_and_resume_a_source(sources, session, office, walidata, stranger, sealing, unique):
    from ckanext.satudata.harvest.errors import SourceRefused

    sources.add(session, definition(unique), organization=office.id)
    for forbidden in (
        lambda: sources.pause(session, unique, actor=stranger),
        lambda: sources.resume(session, unique, actor=stranger),
        lambda: sources.update(session, unique, definition(unique), actor=stranger),
    ):
        with pytest.raises(SourceRefused) as refused:
            forbidden()
        assert code_of(refused) == "E-SRC-005"
    sources.pause(session, unique, actor=office.editor, reason="pemeliharaan")
    assert sources.get(session, unique)["state"] == "jeda"
    sources.resume(session, unique, actor=walidata.id)
    assert sources.get(session, unique)["state"] == "aktif"


def test_automatic_publication_needs_a_named_user_of_the_walidata(sources, session, office, walidata, sealing, unique):
    from ckanext.satudata.harvest.errors import SourceRefused

    wanted = definition(unique, penayangan="otomatis")
    for actor, approved_by in ((office.editor, None), (None, None), (None, office.editor)):
        with pytest.raises(SourceRefused) as refused:
            sources.add(session, wanted, organization=office.id, actor=actor, approved_by=approved_by)
        assert code_of(refused) == "E-SRC-006"
    sources.add(session, wanted, organization=office.id, approved_by=walidata.id)
    assert sources.get(session, unique)["approved_by"] == walidata.id


def test_every_mistake_of_a_definition_is_told_at_once(sources, session, office, sealing, unique):
    from ckanext.satudata.harvest.errors import SourceRefused

    with pytest.raises(SourceRefused) as refused:
        sources.add(session, {"name": unique, "connector": "rest", "urll": "x", "profil": 1}, organization=office.id)
    assert {error.code for error in refused.value.errors} == {"E-CFG-002"}
    assert len(refused.value.errors) == 2


def test_a_taken_name_and_an_unknown_office_are_refused(sources, session, office, sealing, unique):
    from ckanext.satudata.harvest.errors import SourceRefused

    sources.add(session, definition(unique), organization=office.id)
    with pytest.raises(SourceRefused) as refused:
        sources.add(session, definition(unique), organization=office.id)
    assert code_of(refused) == "E-SRC-002"
    with pytest.raises(SourceRefused) as refused:
        sources.add(session, definition(f"{unique}-b"), organization="tidak-ada")
    assert code_of(refused) == "E-SRC-004"


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("", ("", "Asia/Jakarta")),
        ("0 3 * * *", ("0 3 * * *", "Asia/Jakarta")),
        ("0 3 * * * WITA", ("0 3 * * *", "Asia/Makassar")),
        ("0 3 * * * Asia/Jayapura", ("0 3 * * *", "Asia/Jayapura")),
        ("harian WIT", ("30 1 * * *", "Asia/Jayapura")),
    ],
)
def test_a_schedule_is_cron_or_a_word_in_a_time_zone(loaded_ckan, schedule, expected):
    from ckanext.satudata.harvest.schedule import read

    assert read(schedule) == expected


@pytest.mark.parametrize("schedule", ["besok", "99 3 * * *", "0 3 * *", "0 3 * * * Mars/Olympus", "0 0 31 2 *"])
def test_a_schedule_that_never_comes_is_refused(loaded_ckan, schedule):
    from ckanext.satudata.harvest.errors import SourceRefused
    from ckanext.satudata.harvest.schedule import read

    with pytest.raises(SourceRefused) as refused:
        read(schedule)
    assert code_of(refused) == "E-SRC-009"


def test_times_are_those_of_the_office_s_zone(loaded_ckan):
    from datetime import datetime, timezone

    from ckanext.satudata.harvest.schedule import next_time

    noon = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    assert next_time("0 3 * * *", "Asia/Jakarta", after=noon).isoformat() == "2026-03-01T20:00:00+00:00"
    assert next_time("0 3 * * *", "Asia/Jayapura", after=noon).isoformat() == "2026-03-01T18:00:00+00:00"


def test_a_source_cannot_read_the_server_s_own_secrets_from_its_environment(
    sources, session, office, sealing, monkeypatch, unique
):
    from ckanext.satudata.harvest import reading
    from satudata_harvesters.errors import ConfigError
    from satudata_harvesters.source import Source

    def client(variable):
        auth = {"type": "header", "name": "X-API-Key", "value": f"env:{variable}"}
        return reading.client(Source.from_dict(definition(unique, config={"auth": auth})))

    monkeypatch.setenv("SECRET_KEY", "rahasia-server")
    monkeypatch.setenv("SATUDATA_SOURCE_KUNCI", "kunci-aplikasi")

    assert client("SATUDATA_SOURCE_KUNCI").auth.values == ("kunci-aplikasi",)
    with pytest.raises(ConfigError) as refused:
        client("SECRET_KEY")
    assert code_of(refused) == "E-CFG-006"


def test_only_an_administrator_refers_to_the_server_s_environment(
    sources, session, office, walidata, sealing, unique, monkeypatch
):
    from ckanext.satudata.harvest.errors import SourceRefused

    auth = {"type": "header", "name": "X-API-Key", "value": "env:SATUDATA_SOURCE_LAIN"}
    referring = definition(unique, config={"auth": auth})
    for actor in (office.editor, walidata.id):
        with pytest.raises(SourceRefused) as refused:
            sources.add(session, referring, organization=office.id, actor=actor)
        assert code_of(refused) == "E-SRC-013"
    sources.add(session, referring, organization=office.id)
    sources.update(session, unique, referring | {"title": "Judul baru"}, actor=office.editor)
    with pytest.raises(SourceRefused) as refused:
        sources.update(session, unique, referring | {"url": "https://lain.contoh.go.id/api"}, actor=office.editor)
    assert code_of(refused) == "E-SRC-014"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://lain.contoh.go.id/api"},
        {"url": "http://aplikasi.contoh.go.id/api"},
        {"config": {"auth": {"type": "query", "name": "q", "value": "terisi"}}},
        {"config": {"auth": {"type": "header", "name": "X-API-Key", "value": "terisi"}, "ca": "lain"}},
    ],
)
def test_an_editor_cannot_have_a_stored_key_sent_elsewhere(sources, session, office, sealing, unique, change):
    from ckanext.satudata.harvest.errors import SourceRefused

    sources.add(session, definition(unique), organization=office.id)
    shown = sources.get(session, unique)["definition"]

    with pytest.raises(SourceRefused) as refused:
        sources.update(session, unique, shown | change, actor=office.editor)

    assert code_of(refused) == "E-SRC-014"
    anew = {"config": {"auth": {"type": "header", "name": "X-API-Key", "value": "kunci-baru"}}}
    sources.update(session, unique, shown | change | anew, actor=office.editor)


def test_what_the_walidata_allowed_to_publish_itself_is_not_exchanged_by_an_editor(
    sources, session, office, walidata, sealing, unique
):
    from ckanext.satudata.harvest.errors import SourceRefused

    wanted = definition(unique, penayangan="otomatis")
    sources.add(session, wanted, organization=office.id, approved_by=walidata.id)
    sources.update(session, unique, wanted | {"title": "Judul baru"}, actor=office.editor)
    for change in ({"url": "https://lain.contoh.go.id/api"}, {"mapping": {"fields": {"title": "judul"}}}):
        with pytest.raises(SourceRefused) as refused:
            sources.update(session, unique, wanted | change, actor=office.editor)
        assert code_of(refused) == "E-SRC-006"
    sources.update(session, unique, wanted | {"url": "https://lain.contoh.go.id/api"}, actor=walidata.id)


@pytest.mark.parametrize("profile", ["tidak-ada", "tidak-ada.yaml"])
def test_a_profile_that_nobody_knows_is_refused_when_the_source_is_saved(
    sources, session, office, sealing, unique, profile
):
    from ckanext.satudata.harvest.errors import SourceRefused

    with pytest.raises(SourceRefused) as refused:
        sources.add(session, definition(unique, profile=profile), organization=office.id)
    assert (code_of(refused), refused.value.params["field"]) == ("E-CFG-004", "profile")
    assert "transisi" in refused.value.params["expected"]
