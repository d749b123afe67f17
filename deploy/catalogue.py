"""What is done inside CKAN at set-up, in one process, because loading CKAN takes two seconds each time.

`python -m deploy.catalogue migrate`: CKAN's and the plugin's tables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from ckan.cli.cli import CtxObject, ckan


@contextmanager
def loaded() -> Iterator[click.Context]:
    """Load CKAN with the configuration `CKAN_INI` names; inside, commands and actions can be called."""
    site = CtxObject(os.environ["CKAN_INI"])
    context = click.Context(ckan, info_name="ckan", obj=site)
    context.meta["flask_app"] = site.app._wsgi_app  # noqa: SLF001  # as CKAN's own command line does
    with context, site.app._wsgi_app.test_request_context():  # noqa: SLF001
        yield context


def migrate() -> None:
    """Bring every table to its newest shape."""
    with loaded() as context:
        _call(context, ckan, ["db", "upgrade"])


def _call(context: click.Context, group: click.Group, arguments: list[str]) -> Any:
    name, command, rest = group.resolve_command(context, arguments)
    if command is None:
        raise click.UsageError(f"no such command: {name}")
    with command.make_context(name, rest, parent=context) as inner:
        return command.invoke(inner)


if __name__ == "__main__":
    {"migrate": migrate}[sys.argv[1]]()
