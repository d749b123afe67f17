"""`ckan satudata …` called in this process, as CKAN's own command line calls it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from urllib.parse import urlsplit

import click
import pytest
import yaml
from click.testing import CliRunner
from cryptography.fernet import Fernet

from demo.portal import Portal, serve_portal


@pytest.fixture
def ckan(loaded_ckan):
    """Run a command: `ckan("source", "list", "--json")` gives `.code`, `.out`, `.err` and `.json` (parsed output)."""
    from ckanext.satudata.cli import satudata

    @click.group()
    @click.pass_context
    def root(context):
        context.meta["flask_app"] = loaded_ckan.flask

    root.add_command(satudata)

    def call(*arguments):
        result = CliRunner().invoke(root, ["satudata", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        parsed = None
        if "--json" in arguments and result.stdout.strip():
            parsed = json.loads(result.stdout)
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr, json=parsed)

    return call


@pytest.fixture
def configured(loaded_ckan):
    """Set options of CKAN for one test."""
    from ckan.common import config

    before = {}

    def put(key, value):
        before.setdefault(key, config.get(key))
        config[key] = value

    yield put
    for key, value in before.items():
        config[key] = value


@pytest.fixture
def region(clean_catalog, act, configured, tmp_path, unique):
    """An office, a user of the Walidata, a key file, and the administrator's networks: `.office`, `.walidata`,
    `.permit()`.
    """
    keys = tmp_path / "kunci"
    keys.write_bytes(Fernet.generate_key() + b"\n")
    configured("ckanext.satudata.secrets_file", str(keys))
    act("organization_create", name=unique, title=f"Dinas {unique}")
    act("organization_create", name=f"{unique}-walidata", title="Walidata")
    user = act("user_create", name=f"{unique}-orang", email=f"{unique}@contoh.go.id", password="kata-sandi-uji")
    act("organization_member_create", id=f"{unique}-walidata", username=user["name"], role="editor")
    configured("ckanext.satudata.walidata_org", f"{unique}-walidata")
    return SimpleNamespace(
        office=unique,
        walidata=user["name"],
        permit=lambda *entries: configured("ckanext.satudata.allow_networks", list(entries)),
    )


@pytest.fixture
def portal():
    served = Portal(datasets=30, duplicate=False)
    with serve_portal(served) as url:
        served.url = url
        yield served


@pytest.fixture
def source_file(tmp_path, region):
    """Write the source file of a server on this machine and permit its network; gives the path."""

    def write(url, **more):
        network = f"127.0.0.1/32:{urlsplit(url).port}"
        region.permit(network)
        path = tmp_path / "sumber.yaml"
        definition = {
            "name": "portal-uji", "title": "Portal uji", "connector": "ckan", "url": url, "penayangan": "otomatis",
            "limits": {"attempts": 1}, "allow_networks": [network],
        }  # fmt: skip
        path.write_text(yaml.safe_dump({**definition, **more}), "utf-8")
        return path

    return write


@pytest.fixture
def added(ckan, source_file, region, portal):
    """The demo portal as source `portal-uji`."""
    file = source_file(portal.url)
    done = ckan(
        "source", "add", "portal-uji", "--file", file, "--organization", region.office, "--approved-by", region.walidata
    )
    assert done.code == 0, done.err
    return portal


@pytest.fixture
def query(loaded_ckan):
    """Rows of an SQL text with named values, in a session of its own."""
    from sqlalchemy import text

    from ckanext.satudata.harvest.sessions import session

    def ask(statement, **values):
        with session() as opened:
            return [dict(row) for row in opened.execute(text(statement), values).mappings()]

    return ask
