"""A second CKAN beside ours, as other portals run it: CKAN 2.12 with unmodified ckanext-harvest and ckanext-dcat.

Nothing of ours is among its plugins; database, core and Redis number are its own. The extensions lie in a folder of
their own, at the versions of `deploy/requirements/stock.txt`, so that no environment of ours holds them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import postgres, solr
from deploy.ckan_ini import LOGGING
from deploy.layout import CHECKOUT, data_root, make_folder, own_account, service_account
from deploy.testservices import TestServices
from tests.platform_fixtures import Index, ckan_schema, redis_number

REQUIREMENTS = CHECKOUT / "deploy" / "requirements" / "stock.txt"
PLUGINS = "harvest ckan_harvester dcat dcat_rdf_harvester"


@dataclass(frozen=True)
class StockCkan:
    """A plain CKAN with its own data."""

    ini: Path
    index: Index
    environment: Mapping[str, str]

    def ckan(self, *words: str, data: str | None = None) -> str:
        """Run a command of CKAN and return what it printed; RuntimeError with its words when it fails."""
        command = [str(Path(sys.prefix) / "bin" / "ckan"), "-c", str(self.ini), *words]
        ran = subprocess.run(
            command, input=data, capture_output=True, text=True, env=dict(self.environment), timeout=900, check=False
        )
        if ran.returncode:
            raise RuntimeError(f"{' '.join(words)}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}")
        return ran.stdout

    def act(self, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
        """Call actions as the site's own user, in one process; their results in order."""
        told = self.ckan("shell", data=_CALLS % json.dumps(json.dumps(calls)))
        answer = json.loads(told.partition(_MARK)[2].partition(_MARK)[0])
        if not isinstance(answer, list):
            raise RuntimeError(answer)  # noqa: TRY004  # an action that failed, with its traceback
        return answer

    def harvest(self, source: str, seconds: float = 900) -> dict[str, Any]:
        """Run a job of a source to its end, with the two consumers that an operator runs; its report.

        TimeoutError when it has not ended by then.
        """
        with self._running("gather-consumer"), self._running("fetch-consumer"):
            self.ckan("harvester", "job", source)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self.ckan("harvester", "run")  # starts the job, and later marks it as finished
                [shown] = self.act([("harvest_source_show", {"id": source})])
                last = shown["status"]["last_job"]
                if last and last["status"] == "Finished":
                    return dict(last)
        raise TimeoutError(f"{source} has not ended within {seconds} seconds")

    @contextmanager
    def _running(self, consumer: str) -> Iterator[None]:
        """One of the extension's consumers while the block lasts; its log lies beside the INI."""
        command = [str(Path(sys.prefix) / "bin" / "ckan"), "-c", str(self.ini), "harvester", consumer]
        with (self.ini.parent / f"{consumer}.log").open("ab") as log:
            process = subprocess.Popen(command, env=dict(self.environment), stdout=log, stderr=log)
            try:
                yield
            finally:
                process.terminate()
                process.wait(30)


_MARK = "=====HASIL====="
_CALLS = f"""
import json
from ckan import model
from ckan.plugins import toolkit
site = toolkit.get_action('get_site_user')({{'ignore_auth': True}}, {{}})['name']
calls = json.loads(%s)
def call():
    import traceback
    try:
        return [toolkit.get_action(name)({{'user': site, 'ignore_auth': True}}, data) for name, data in calls]
    except Exception:
        return traceback.format_exc()

results = call()
print('{_MARK}' + json.dumps(results, default=str) + '{_MARK}')
"""


def extensions() -> Path:
    """The folder with the stock extensions, filled the first time it is asked for."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = make_folder(data_root(), own_account(), 0o755) / "programs" / f"stock-{digest}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--require-hashes",
            "-r",
            str(REQUIREMENTS),
        ]
        subprocess.run([*install, "--target", str(unfinished)], check=True)
        try:
            unfinished.rename(folder)
        except OSError:  # another process was quicker
            shutil.rmtree(unfinished)
    return folder


@contextmanager
def stock_ckan(services: TestServices, folder: Path, options: Mapping[str, str] | None = None) -> Iterator[StockCkan]:
    """Set up a plain CKAN on these services and give all of it back at the end; `options` are lines of its INI."""
    name, password = f"polos_{secrets.token_hex(4)}", secrets.token_hex(12)
    own = {"name": name, "password": password}
    postgres.sql(services.postgres, "CREATE ROLE :\"name\" LOGIN PASSWORD :'password'", variables=own)
    postgres.sql(services.postgres, 'CREATE DATABASE :"name" OWNER :"name"', variables={"name": name})
    _make_core(services, name)
    settings = {
        "use": "egg:ckan", "SECRET_KEY": secrets.token_hex(32), "ckan.plugins": PLUGINS, "ckan.site_id": name,
        "sqlalchemy.url": services.postgres.url(name, password, name), "solr_url": services.solr.core_url(name),
        "ckan.redis.url": services.redis.url(redis_number(services)), "ckan.site_url": "http://127.0.0.1:5999",
        "ckan.storage_path": str(folder / "storage"), "ckan.harvest.mq.type": "redis",
        **(options or {}),
    }  # fmt: skip
    lines = ["[DEFAULT]", "[app:main]", *(f"{key} = {value.replace('%', '%%')}" for key, value in settings.items())]
    ini = folder / "polos.ini"
    ini.write_text("\n".join(lines) + LOGGING, "utf-8")
    made = StockCkan(
        ini, Index(settings["solr_url"]), {**os.environ, "CKAN_INI": str(ini), "PYTHONPATH": str(extensions())}
    )
    try:
        made.ckan("db", "init")
        made.ckan("db", "upgrade", "-p", "harvest")
        yield made
    finally:
        postgres.sql(services.postgres, 'DROP DATABASE :"name" WITH (FORCE)', variables={"name": name})
        postgres.sql(services.postgres, 'DROP ROLE :"name"', variables={"name": name})
        solr.remove_core(services.solr, name)


def _make_core(services: TestServices, name: str) -> None:
    """A core with CKAN's schema as it is shipped, without our analysis and fields."""
    core = services.solr.home / name
    solr.write_core(core, ckan_schema(), service_account())
    (core / "conf" / "schema.xml").write_text(ckan_schema().read_text("utf-8"), "utf-8")
    solr.create_core(services.solr, name)
