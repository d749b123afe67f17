"""`make demo` on Postgres, Redis and Solr that an operator runs already: it uses them and starts none of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from deploy import postgres, solr
from deploy.layout import CHECKOUT, service_account
from tests.platform_fixtures import ckan_schema

pytestmark = pytest.mark.long


@pytest.fixture
def addresses(services):
    """An empty database of a role of its own, a number of Redis and a core with the configuration of the docs."""
    name, password = f"milik_{secrets.token_hex(4)}", secrets.token_hex(12)
    own = {"name": name, "password": password}
    postgres.sql(services.postgres, "CREATE ROLE :\"name\" LOGIN PASSWORD :'password'", variables=own)
    postgres.sql(services.postgres, 'CREATE DATABASE :"name" OWNER :"name"', variables={"name": name})
    solr.write_core(services.solr.home / name, ckan_schema(), service_account())
    solr.create_core(services.solr, name)
    yield {
        "SATUDATA_POSTGRES_URL": services.postgres.url(name, password, name),
        "SATUDATA_REDIS_URL": services.redis.url(511),
        "SATUDATA_SOLR_URL": services.solr.core_url(name),
    }
    postgres.sql(services.postgres, 'DROP DATABASE :"name" WITH (FORCE)', variables={"name": name})
    postgres.sql(services.postgres, 'DROP ROLE :"name"', variables={"name": name})
    solr.remove_core(services.solr, name)


@pytest.fixture
def make():
    """Run a target of an installation of its own; a failing one fails the test with its words."""
    folder = Path(tempfile.mkdtemp(prefix="satudata-demo-"))
    folder.chmod(0o755)

    def run(target: str, **variables: str) -> str:
        told = subprocess.run(
            ["make", target],
            cwd=CHECKOUT,
            env={**os.environ, "SATUDATA_DATA": str(folder / "data"), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert told.returncode == 0, told.stdout
        return told.stdout

    yield run
    with contextlib.suppress(AssertionError):
        run("clean", CONFIRM="yes")
    shutil.rmtree(folder, ignore_errors=True)


def test_services_that_run_already_are_used_and_none_is_started(addresses, make):
    told = make("demo", **addresses)
    [line] = [line for line in told.splitlines() if line.startswith("curl ")]
    listed = json.loads(subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=30).stdout)
    assert listed["meta"]["total"] > 100
    assert re.search(r"^portal-kabupaten +290 ", told, re.MULTILINE)
    states = make("status", **addresses)
    assert "web" in states
    assert not re.search(r"^(postgres|redis|solr) ", states, re.MULTILINE)
    assert addresses["SATUDATA_POSTGRES_URL"] not in told
