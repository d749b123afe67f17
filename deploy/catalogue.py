"""What is done inside CKAN at set-up, in one process, because loading CKAN takes two seconds each time.

python -m deploy.catalogue migrate     CKAN's and the plugin's tables
python -m deploy.catalogue demo        the demo's OPDs, people and sources, their harvest, and the tour
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
import yaml
from ckan import model
from ckan.cli.cli import CtxObject, ckan
from ckan.lib.redis import connect_to_redis
from ckan.plugins import toolkit

from deploy import own_portal, secret_files
from deploy.installation import WALIDATA, Installation, present_installation
from deploy.steps import StepError, step
from deploy.tour import Person, tell
from deploy.wording import say

#: login name -> (OPD, role there, who that is); a sysadmin belongs to none
PEOPLE = {
    "admin": (None, None, ("Administrator sistem", "System administrator")),
    "walidata": (WALIDATA, "editor", ("Walidata (Diskominfo)", "Walidata (Diskominfo)")),
    "operator-dinkes": (
        "dinas-kesehatan",
        "editor",
        ("Produsen Data (Dinas Kesehatan)", "Data producer (health office)"),
    ),
}


@dataclass(frozen=True)
class Site:
    """A loaded CKAN, and the installation it belongs to."""

    context: click.Context
    installation: Installation

    def command(self, *arguments: str) -> int:
        """Run a `ckan` command here and return its exit code."""
        try:
            _call(self.context, ckan, list(arguments))
        except SystemExit as ended:
            return int(ended.code or 0)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        return 0

    def answer(self, *arguments: str) -> Any:
        """Run a `ckan satudata ... --json` command and return what it answers; StepError carries its words."""
        said, problems = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(problems):
            code = self.command("satudata", *arguments, "--json", "--lang", say("id", "en"))
        try:
            return json.loads(said.getvalue())
        except ValueError:
            raise StepError(
                f"ckan satudata {' '.join(arguments[:3])} ({code}): {problems.getvalue().strip() or said.getvalue()}",
                say("Perbaiki yang disebut, lalu jalankan lagi", "Mend what is named, then run again"),
            ) from None

    def act(self, action: str, **values: Any) -> Any:
        """Call one of CKAN's actions as the site itself."""
        user = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        return toolkit.get_action(action)({"user": user, "ignore_auth": True}, values)


@contextmanager
def loaded() -> Iterator[Site]:
    """Load CKAN with the configuration `CKAN_INI` names; inside, commands and actions can be called."""
    ckan_site = CtxObject(os.environ["CKAN_INI"])
    context = click.Context(ckan, info_name="ckan", obj=ckan_site)
    flask_app = context.meta["flask_app"] = ckan_site.app._wsgi_app  # noqa: SLF001  # as CKAN's own command line does
    with context, flask_app.test_request_context():
        from ckan.cli.cli import _add_external_commands  # noqa: PLC0415  # only after the plugins are loaded

        _add_external_commands(context)
        yield Site(context, present_installation())


def migrate() -> int:
    """Bring every table to its newest shape."""
    with loaded() as site:
        return site.command("db", "upgrade")


def demo() -> int:
    """Fill the catalogue from the demo's applications and print the tour; what is there already stays as it is."""
    with loaded() as site:
        with step(say("Mengimpor daftar OPD", "Importing the list of OPDs")):
            site.answer("opd", "import", str(site.installation.code / "demo" / "opd.csv"))
        with step(say("Membuat pengguna", "Making the users")):
            people = [_person(site, name) for name in PEOPLE]
        with step(say("Mendaftarkan sumber data", "Registering the sources")):
            names = _sources(site)
        failed = [name for name in names if not _harvest(site, name)]
        tell(site.installation, people)
        if failed:
            print(f"{say('Penarikan belum berhasil', 'Not harvested')}: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def reindex(*, after_restore: bool = False) -> int:
    """Send every dataset to Solr again while it is searched; after a restore Redis forgets the data before it, too."""
    with loaded() as site:
        if after_restore:
            connect_to_redis().flushdb()
            from ckanext.satudata.catalog.tables import rebuild  # noqa: PLC0415  # only where the plugin is loaded

            # A backup taken during a re-index holds how far that one had come in another index.
            model.Session.execute(sa.delete(rebuild))
            model.Session.commit()
        return site.command("satudata", "index", "rebuild")


def _person(site: Site, name: str) -> Person:
    office, role, title = PEOPLE[name]
    installation = site.installation
    password = secret_files.kept(
        installation.secrets / f"login-{name}", installation.account, secret_files.readable_password
    )
    if model.User.get(name) is None:
        mail = f"{name}@contoh.go.id"
        site.act("user_create", name=name, email=mail, password=password, fullname=say(*title))
        if office is None:
            user = model.User.get(name)
            user.sysadmin = True
            model.Session.commit()
    if office is not None:
        site.act("organization_member_create", id=office, username=name, role=role)
    return Person(name, password, say(*title))


def _sources(site: Site) -> list[str]:
    """Register what is missing and return the names of all, in the order of their harvest."""
    known = {row["name"]: row.get("url") for row in site.answer("source", "list")}
    ports = site.installation.ports
    filled = {
        "portal_url": f"http://127.0.0.1:{ports['portal']}",
        "portal_port": str(ports["portal"]),
        "complaints_url": f"http://127.0.0.1:{ports['complaints']}",
        "complaints_port": str(ports["complaints"]),
        "complaints_key": (site.installation.secrets / "complaints-key").read_text("utf-8").strip(),
        "office_url": f"http://127.0.0.1:{ports['office']}",
        "office_port": str(ports["office"]),
        "office_key": (site.installation.secrets / "office-key").read_text("utf-8").strip(),
    }
    files = {
        _value_in(path.read_text("utf-8"), "name"): path.read_text("utf-8") for path in _source_files(site.installation)
    }
    files = {name: re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], text) for name, text in files.items()}
    own = os.environ.get("SOURCE")
    if own:
        files[own_portal.name(own)] = own_portal.source_file(own)
    # A file may hold the key of an application: only for the moment of its reading, and in a folder of our own (0700).
    with tempfile.TemporaryDirectory(dir=site.installation.data / "run") as folder:
        for name, text in files.items():
            # A known one is left as people made it, unless its application has moved to another port.
            if name not in known or known[name] != _value_in(text, "url"):
                file = Path(folder) / f"{name}.yaml"
                file.write_text(text, "utf-8")
                site.answer("source", "add", name, "--file", str(file), "--approved-by", "walidata", "--update")
    return list(files)


def _source_files(installation: Installation) -> list[Path]:
    return sorted((installation.code / "demo" / "sources").glob("*.yaml"))


def _value_in(text: str, key: str) -> str:
    """Return what a source file says at its top level."""
    return str(yaml.safe_load(text)[key])


def _harvest(site: Site, name: str) -> bool:
    """Harvest one source and tell how it went; a source that is down stops nothing."""
    with step(say(f"Menarik data dari {name}", f"Harvesting {name}")):
        code = site.command("satudata", "harvest", name, "--lang", say("id", "en"))
    return code == 0


def _call(context: click.Context, group: click.Group, arguments: list[str]) -> Any:
    name, command, rest = group.resolve_command(context, arguments)
    if command is None:
        raise click.UsageError(f"no such command: {name}")
    with command.make_context(name, rest, parent=context) as inner:
        return command.invoke(inner)


WORKS: dict[str, Callable[[], int]] = {
    "migrate": migrate,
    "demo": demo,
    "reindex": reindex,
    "restored": lambda: reindex(after_restore=True),
}


def main(arguments: list[str]) -> int:
    """Run one of them; a failure is explained, never shown as a traceback."""
    try:
        return WORKS[arguments[0]]()
    except StepError as failure:
        print(failure.report(), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
