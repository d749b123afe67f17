"""The short tour that ends the demo: what was harvested, why some is not shown, where to look, one call of the API."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa
from ckan import model

from deploy.installation import Installation
from deploy.wording import say

CLIENT = "tur"
REASONS_SHOWN = 6
LIST = "/api/satudata/v1/datasets?limit=3"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in to the demo."""

    name: str
    password: str = field(repr=False)
    title: str


def tell(installation: Installation, people: Sequence[Person]) -> None:
    """Print the tour; its last line is the only one that begins with `curl `."""
    print(f"\n{say('TUR SINGKAT', 'A SHORT TOUR')}\n")
    _print_counts()
    _print_reasons()
    site = installation.site_url
    print(f"\n{say('Portal', 'Portal')}: {site}")
    print(f"{say('Masuk di', 'Sign in at')}: {site}/user/login")
    for person in people:
        print(f"  {person.name:17} {person.password}   {person.title}")
    print(f"  ({say('tersimpan di', 'kept in')} {installation.secrets}/login-*)")
    print(
        "\n"
        + say("API terpadu, satu panggilan (token berlaku singkat):", "The unified API, one call (short-lived token):")
    )
    print(_curl(f"{site}{LIST}", _fresh_token()))


def _print_counts() -> None:
    from ckanext.satudata.catalog.tables import record, source  # noqa: PLC0415  # only where the plugin is loaded

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count(sa.case((condition, record.c.id)))

    rows = model.Session.execute(
        sa.select(
            source.c.name,
            count(record.c.status == "tayang"),
            count(record.c.status == "menunggu"),
            count((record.c.hasil == "perlu_perbaikan") & (record.c.status != "tayang")),
            count(record.c.hasil == "tidak_dimuat"),
        )
        .select_from(source.outerjoin(record, record.c.source_id == source.c.id))
        .where(source.c.connector != "formulir")
        .group_by(source.c.name)
        .order_by(source.c.name)
    ).all()
    headings = [say("Sumber", "Source"), "tayang", "menunggu", "perlu perbaikan", "tidak dimuat"]
    widths = [max(len(headings[0]), *(len(row[0]) for row in rows))] if rows else [len(headings[0])]
    print("  ".join([headings[0].ljust(widths[0]), *headings[1:]]))
    for name, *numbers in rows:
        cells = [str(number).rjust(len(heading)) for number, heading in zip(numbers, headings[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *cells]))


def _print_reasons() -> None:
    from ckanext.satudata.catalog.tables import issue, record  # noqa: PLC0415
    from ckanext.satudata.harvest.messages import render  # noqa: PLC0415

    datasets = sa.func.count(sa.distinct(record.c.id))
    rows = model.Session.execute(
        sa.select(
            record.c.hasil,
            issue.c.code,
            datasets,
            sa.func.min(issue.c.pointer),
            sa.func.min(sa.cast(issue.c.params, sa.Text)),
        )
        .select_from(issue.join(record, issue.c.record_id == record.c.id))
        .where(issue.c.severity == "error", record.c.hasil != "layak")
        .group_by(record.c.hasil, issue.c.code)
        .order_by(record.c.hasil, datasets.desc())
    ).all()
    lang: Literal["id", "en"] = "en" if say("id", "en") == "en" else "id"
    words = {"perlu_perbaikan": "perlu perbaikan", "tidak_dimuat": "tidak dimuat"}
    for hasil, title in words.items():
        found = [row for row in rows if row[0] == hasil]
        if found:
            print(f"\n{say('Mengapa', 'Why')} {title}:")
        for _, code, number, pointer, params in found[:REASONS_SHOWN]:
            values: dict[str, Any] = json.loads(params or "{}")
            message, remedy = render(code, values, lang, pointer)
            print(f"  {number:4} x {message} {remedy} [{code}]")


def _fresh_token() -> str:
    from ckanext.satudata.api import clients  # noqa: PLC0415

    try:
        clients.find(model.Session, CLIENT)
    except clients.ClientRefused:
        clients.add(model.Session, name=CLIENT, scopes=["catalog:read", "dataset:read"])
    return clients.issue_token(model.Session, CLIENT)


def _curl(url: str, token: str) -> str:
    """Return a command that is complete in itself: no variable, nothing to fill in."""
    header = shlex.quote(f"Authorization: Bearer {token}")
    return f"curl -sS -H {header} {shlex.quote(url)}"
