"""`satudata connector`: the kinds of source that can be read, and what each asks for."""

from __future__ import annotations

from typing import Any

import click

from satudata_harvesters.cli.grammar import Group, speaking
from satudata_harvesters.cli.showing import echo_json, print_table
from satudata_harvesters.connector import registry
from satudata_harvesters.errors import ConfigError, Lang

_WORDS = {
    "secret": {"id": "rahasia", "en": "secret"},
    "required": {"id": "wajib", "en": "required"},
    "broken": {"id": "tidak dapat dipakai", "en": "cannot be used"},
}


@click.group(cls=Group)
def connector() -> None:
    """Jenis sumber data yang dapat ditarik.

    \b
    Contoh:
      satudata connector list
      satudata connector show rest
    """


@connector.command("list")
@speaking
def connector_list(as_json: bool, lang: Lang) -> None:
    """Daftar konektor.

    \b
    Contoh:
      satudata connector list --json
    """
    known = registry()
    rows: list[dict[str, Any]] = [
        {"kind": kind, "title": known[kind].title.get(lang, kind), "changes": known[kind].knows_changes}
        for kind in known
    ]
    if as_json:
        echo_json({"connectors": rows, "broken": dict(known.broken)})
        return
    print_table([[row["kind"], row["title"]] for row in rows])
    for name, reason in known.broken.items():
        click.echo(f"{name}  {_WORDS['broken'][lang]}: {reason}", err=True)


@connector.command("show")
@click.argument("kind", metavar="KONEKTOR")
@speaking
def connector_show(kind: str, as_json: bool, lang: Lang) -> None:
    """Isian sebuah konektor.

    \b
    Contoh:
      satudata connector show ckan
    """
    known = registry()
    if kind not in known:
        raise ConfigError("E-CFG-005", connector=kind, known=", ".join(known))
    found = known[kind]
    if as_json:
        shown = {
            "kind": kind,
            "title": dict(found.title),
            "changes": found.knows_changes,
            "config_schema": found.config_schema,
        }
        echo_json(shown)
        return
    click.echo(f"{kind}: {found.title.get(lang, kind)}")
    required = found.config_schema.get("required", [])
    rows = []
    for name, schema in found.config_schema.get("properties", {}).items():
        marks = [_WORDS["required"][lang]] if name in required else []
        marks += [_WORDS["secret"][lang]] if schema.get("secret") or name == "auth" else []
        rows.append([name, schema.get("title", ""), ", ".join(marks)])
    print_table(rows)
