"""`ckan satudata …`: what an administrator and the Walidata do from the command line."""

from __future__ import annotations

import click


@click.group()
def satudata() -> None:
    """Satu Data: sumber data, penarikan data, peninjauan (sources, harvests, review)."""
