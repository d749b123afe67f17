"""`ckan satudata …`: what an administrator and the Walidata do from the command line, one module a group."""

from __future__ import annotations

import click

from ckanext.satudata.cli import (
    assess,
    client,
    dataset,
    harvest,
    incident,
    index,
    key,
    opd,
    operations,
    run,
    secrets,
    source,
)
from ckanext.satudata.cli.start import explain_missing_database

explain_missing_database()


@click.group()
def satudata() -> None:
    """Satu Data: sumber data, penarikan data, peninjauan.

    (Satu Data: sources, harvests, review.)

    \b
    Contoh / examples:
      ckan satudata source add portal-kabupaten --file sumber.yaml --organization diskominfo
      ckan satudata harvest portal-kabupaten
      ckan satudata run list
      ckan satudata doctor

    Kode keluar / exit codes: 0 baik; 1 yang ditanyakan bermasalah; 2 perintah tidak dipahami atau tidak diizinkan;
    3 Postgres, Redis, atau Solr platform tidak dapat dihubungi.
    """


for command in (
    source.source,
    harvest.harvest,
    assess.assess,
    run.run,
    opd.opd,
    client.client,
    key.key,
    dataset.dataset,
    incident.incident,
    index.index,
    secrets.secrets,
    operations.doctor,
    operations.tick,
):
    satudata.add_command(command)
