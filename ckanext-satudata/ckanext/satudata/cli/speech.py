"""How commands speak: Indonesian first, one sentence and a remedy instead of a traceback, JSON for programs, exit
codes.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

import click
import sqlalchemy as sa
from ckan import model
from ckan.lib.search import SearchError
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import TimeoutError as RedisSlow
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ckanext.satudata.api.clients import ClientRefused
from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.catalog.erase import EraseRefused
from ckanext.satudata.catalog.incidents import UnknownIncident
from ckanext.satudata.catalog.opd import OpdRefused
from ckanext.satudata.catalog.roles import NotAllowed
from ckanext.satudata.harvest.errors import Refused, SourceRefused
from ckanext.satudata.harvest.sessions import session
from satudata_harvesters.errors import ConfigError, Lang, render

FINE, PROBLEMS, USAGE, SERVICE = 0, 1, 2, 3

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Speech:
    """What a command has to say, and in which language and form."""

    lang: Lang
    as_json: bool

    def say(self, indonesian: str, english: str) -> None:
        """One line for people; nothing where a program reads along."""
        if not self.as_json:
            click.echo(english if self.lang == "en" else indonesian)

    def show(self, value: Any) -> None:
        """The answer for programs; nothing where people read along."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, default=str))

    def table(self, headings: Mapping[str, tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows under headings `{key: (Indonesian, English)}`, in columns as wide as they need."""
        if self.as_json:
            return
        titles = [pair[self.lang == "en"] for pair in headings.values()]
        lines = [titles, *([_cell(row.get(key)) for key in headings] for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
        for line in lines:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def problem(self, code: str, params: Mapping[str, Any] | None = None) -> None:
        """A cause, a remedy and a code, to the error output."""
        message, remedy = render(code, params or {}, self.lang)
        click.echo(f"{message} {remedy} [{code}]", err=True)

    def mistakes(self, errors: Iterable[ConfigError]) -> None:
        """Every mistake of a file, with its line."""
        for error in errors:
            click.echo(f"{error.message(self.lang)} {error.remedy(self.lang)} [{error.code}]", err=True)

    def progress(self, state: Mapping[str, Any]) -> None:
        """Where a long work stands, on one line of the error output."""
        total = f"/{state['total']}" if state.get("total") else ""
        left = f", ± {state['eta']} s" if state.get("eta") else ""
        click.echo(f"… {state['phase']}: {state['records']}{total} ({state['rate']}/s{left})", err=True)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    return str(value)


#: What is raised while a service of ours is away, and which it is; of the API's own word it says so itself.
_SERVICES: Mapping[type[Exception], str] = {
    OperationalError: "Postgres",
    RedisDown: "Redis",
    RedisSlow: "Redis",
    SearchError: "Solr",
    Unavailable: "",
}


def _service(away: Exception) -> str:
    if isinstance(away, Unavailable):
        return str(away.params["service"]).capitalize()
    return next(name for kind, name in _SERVICES.items() if isinstance(away, kind))


def spoken(command: Command) -> Command:
    """Give a command `--json` and `--lang`, a `Speech` as first argument, and endings that a script can rely on."""

    @functools.wraps(command)
    def wrapped(*args: Any, lang: Lang, as_json: bool, **kwargs: Any) -> Any:
        speech = Speech(lang, as_json)
        context = click.get_current_context()
        with context.meta["flask_app"].test_request_context():
            try:
                return command(speech, *args, **kwargs)
            except SourceRefused as refused:
                if not refused.errors:
                    speech.problem(refused.code, refused.params)
                speech.mistakes(refused.errors)
                end(USAGE)
            except ConfigError as error:
                speech.mistakes(error.all())
                end(USAGE)
            except (Refused, ClientRefused, OpdRefused, EraseRefused, UnknownIncident) as refused:
                speech.problem(refused.code, refused.params)
                end(USAGE)
            except NotAllowed:
                speech.problem("E-CLI-002")
                end(USAGE)
            except tuple(_SERVICES) as away:
                speech.problem("E-SVC-001", {"service": _service(away)})
                end(SERVICE)
            finally:
                model.Session.remove()

    told = "Keluaran JSON untuk program / output for programs."
    with_json = click.option("--json", "as_json", is_flag=True, help=told)(wrapped)
    language = click.option(
        "--lang", type=click.Choice(["id", "en"]), default="id", show_default=True, help="Bahasa pesan / language."
    )
    return cast("Command", language(with_json))


def end(code: int) -> NoReturn:
    """Leave with an exit code."""
    model.Session.remove()
    sys.exit(code)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session that commits when the command's work succeeded."""
    with session() as opened:
        yield opened
        opened.commit()


def user_id(opened: Session, name: str | None) -> str | None:
    """The id of an active user by name or id; raises `Refused` E-CLI-001 for an unknown one. None stays None."""
    if name is None:
        return None
    user = model.User.__table__.c
    found = opened.scalar(sa.select(user.id).where(sa.or_(user.name == name, user.id == name), user.state == "active"))
    if found is None:
        raise Refused("E-CLI-001", user=name)
    return str(found)


def acting_as(required: bool = False) -> Callable[[Command], Command]:
    """The option `--as USER`, for what a person of the portal does."""
    told = "Bertindak sebagai pengguna ini / act as this user."
    return click.option("--as", "actor", metavar="USER", required=required, help=told)
