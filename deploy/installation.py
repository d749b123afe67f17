"""One installation of the catalogue on this machine: its folders, ports, secrets and configuration."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploy import machine, programs, secret_files, solr
from deploy.ckan_ini import CkanSettings, write_ini
from deploy.layout import CHECKOUT, Account, data_root, make_folder, own_account, reachable, service_account
from deploy.ports import remembered_ports
from deploy.postgres import PostgresServer
from deploy.redis_server import RedisServer
from deploy.solr import SolrNode

DATABASE = ROLE = "satudata"
CORE = "ckan"
ROOMS = ["schemas", "harvesters", "ckanext-satudata", "demo", "deploy"]
#: What services need of the checkout where they cannot reach the checkout itself.
CODE = ["setup.py", "pyproject.toml", "README.md", "LICENSE", *ROOMS]
NOT_CODE = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pyc")
WALIDATA = "dinas-komunikasi-dan-informatika"
#: The demo's servers, each with a port of its own.
DEMO_APPLICATIONS = ("portal", "complaints", "office")
PORTS = ["web", "postgres", "redis", "solr", *DEMO_APPLICATIONS]


@dataclass(frozen=True)
class Installation:
    """Everything that belongs to one checkout; nothing of it is shared with another."""

    data: Path
    account: Account
    ports: dict[str, int]

    @property
    def logs(self) -> Path:
        """Folder of all logs."""
        return self.data / "log"

    @property
    def setup_logs(self) -> Path:
        """Folder of the logs of the set-up itself; as root it writes only where the services cannot."""
        return self.data / "setup-log"

    @property
    def secrets(self) -> Path:
        """Folder of all secrets."""
        return self.data / "secrets"

    @property
    def storage(self) -> Path:
        """Folder of uploaded files and built assets."""
        return self.data / "storage"

    @property
    def ini(self) -> Path:
        """CKAN's configuration file."""
        return self.data / "ckan.ini"

    @cached_property
    def sees_checkout(self) -> bool:
        """Whether the services can read the checkout; root's home, for one, is closed to them."""
        return reachable(CHECKOUT, self.account)

    @property
    def code(self) -> Path:
        """The code the services run: the checkout, or a copy of it that they can reach."""
        return CHECKOUT if self.sees_checkout else self.data / "code"

    @property
    def venv(self) -> Path:
        """The virtual environment of the services."""
        return CHECKOUT / ".venv" if self.sees_checkout else self.data / "venv"

    @property
    def site_url(self) -> str:
        """The portal's address."""
        return os.environ.get("SATUDATA_SITE_URL") or f"http://127.0.0.1:{self.ports['web']}"

    @property
    def postgres(self) -> PostgresServer | None:
        """Our Postgres, unless the operator points at one."""
        if machine.external("postgres"):
            return None
        return PostgresServer(self.data / "postgres", self.ports["postgres"], self.secrets / "postgres-administrator")

    @property
    def redis(self) -> RedisServer | None:
        """Our Redis, unless the operator points at one."""
        if machine.external("redis"):
            return None
        return RedisServer(self.data / "redis", self.ports["redis"], self.secrets / "redis")

    @property
    def solr(self) -> SolrNode | None:
        """Our Solr, unless the operator points at one."""
        if machine.external("solr"):
            return None
        return SolrNode(self.data / "programs" / solr.programs_name(), self.data / "solr", self.ports["solr"])

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy takes it; holds the password."""
        given = machine.external("postgres")
        if given or self.postgres is None:
            return given or ""
        return self.postgres.url(ROLE, self.secret("postgres-satudata"), DATABASE)

    @property
    def redis_url(self) -> str:
        """The address of Redis; holds the password."""
        given = machine.external("redis")
        return given or (self.redis.url() if self.redis else "")

    @property
    def solr_url(self) -> str:
        """The address of the core."""
        given = machine.external("solr")
        return given or (self.solr.core_url(CORE) if self.solr else "")

    @property
    def demo_folder(self) -> Path:
        """Folder in which the demo's offices leave their files."""
        return self.data / "berkas-peragaan"

    @property
    def has_demo(self) -> bool:
        """Whether the demo applications belong to this installation."""
        return (self.secrets / "complaints-key").exists()

    def secret(self, name: str) -> str:
        """Return a secret of this installation, drawn the first time it is asked for."""
        return secret_files.kept(self.secrets / name, self.account)

    def environment(self) -> dict[str, str]:
        """Return the variables with which the programs of this installation run; by the last they are known as ours."""
        folder = os.environ.get("SATUDATA_FOLDER") or (str(self.demo_folder) if self.has_demo else "")
        return {
            **programs.environment(self.ini, self.code),
            **({"SATUDATA_FOLDER": folder} if folder else {}),
            "SATUDATA_DATA": str(self.data),
            "SATUDATA_INSTALLATION": str(self.data),
        }

    def write_ini(self) -> None:
        """Write CKAN's configuration from what stands now."""
        secret_files.kept(self.secrets / "source-secrets", self.account, secret_files.sealing_key)
        demo_ports = [self.ports[name] for name in DEMO_APPLICATIONS] if self.has_demo else []
        permitted = [*os.environ.get("SATUDATA_ALLOW_NETWORKS", "").split(), *(f"127.0.0.1/32:{p}" for p in demo_ports)]
        settings = CkanSettings(
            site_id=f"satudata-{self.data.name}",
            site_url=self.site_url,
            database_url=self.database_url,
            redis_url=self.redis_url,
            solr_url=self.solr_url,
            storage=self.storage,
            session_secret=self.secret("session"),
            source_secrets_file=self.secrets / "source-secrets",
            token_keys=self.secrets / "token-keys",
            allow_networks=tuple(permitted),
            more={"ckanext.satudata.walidata_org": os.environ.get("SATUDATA_WALIDATA_ORG", WALIDATA)},
        )
        write_ini(self.ini, settings, self.account)

    def copy_code(self) -> bool:
        """Bring the copy of the checkout up to date where there is one; return whether it changed."""
        if self.sees_checkout:
            return False
        if self.code.exists() and all(_same(CHECKOUT / name, self.code / name) for name in CODE):
            return False
        draft, old = self.code.with_name("code.new"), self.code.with_name("code.old")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o755)
        for name in CODE:
            origin = CHECKOUT / name
            if origin.is_dir():
                shutil.copytree(origin, draft / name, ignore=NOT_CODE)
            elif origin.exists():
                shutil.copy(origin, draft / name)
        for path in draft.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if self.code.exists():
            self.code.rename(old)
        draft.rename(self.code)
        shutil.rmtree(old, ignore_errors=True)
        # The services may not write beside the code, so nobody else would ever keep the compiled form.
        subprocess.run(["python3", "-m", "compileall", "-q", str(self.code)], check=False)
        return True


def open_installation() -> Installation:
    """Open (or begin) the installation of this checkout: its folders and ports."""
    account, ourselves, data = service_account(), own_account(), data_root()
    # What runs as root, or decides what does, lies where the services cannot write.
    for folder, mode in (
        (data, 0o755),
        (data / "programs", 0o755),
        (data / "setup-log", 0o700),
        (data / "state", 0o700),
    ):
        make_folder(folder, ourselves, mode)
    for name in ("log", "secrets", "secrets/token-keys", "storage", "run", "berkas-peragaan"):
        make_folder(data / name, account, 0o700)
    return Installation(data, account, remembered_ports(PORTS, data / "ports.json"))


def present_installation() -> Installation:
    """Return the installation as it is, for programs that run under the account of its services."""
    data = data_root()
    return Installation(data, service_account(), remembered_ports(PORTS, data / "ports.json"))


def _same(one: Path, other: Path) -> bool:
    if one.is_file() or not one.exists():
        return one.exists() == other.exists() and (not one.exists() or filecmp.cmp(one, other, shallow=False))
    return (
        other.is_dir()
        and {*_files(one)} == {*_files(other)}
        and all(filecmp.cmp(one / name, other / name, shallow=False) for name in _files(one))
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and not any(p.endswith(".egg-info") for p in path.parts):
            yield path.relative_to(folder)
