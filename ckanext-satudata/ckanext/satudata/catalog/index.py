"""The catalogue's side of Solr: our own fields in CKAN's documents, the outbox, and what must not be found any more."""

from __future__ import annotations

from typing import Any


def add_fields(document: dict[str, Any]) -> dict[str, Any]:
    """Add our declared `sd_*` fields to a document on its way to Solr."""
    return document


def exclude_hidden(search_params: dict[str, Any]) -> dict[str, Any]:
    """Keep datasets that are hidden in Postgres, but still stand in Solr, out of a search of CKAN's."""
    return search_params
