"""What no search of CKAN's may show: what is hidden in Postgres but still stands in Solr, and our internal fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ckanext.satudata.catalog import hidden, labels
from ckanext.satudata.catalog.solr_fields import INTERNAL_FIELDS

#: as many ids as one clause of a query may hold
_IDS_A_CLAUSE = 500
_MENTIONS_INTERNAL = re.compile(rf"\b(?:{'|'.join(INTERNAL_FIELDS)})\b")
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
#: Solr's ways to name fields without their names: globs, functions and transformers
_NOT_A_PLAIN_NAME = re.compile(r"[*?\[\](){}:]")


def exclude_hidden(search_params: dict[str, Any]) -> dict[str, Any]:
    """Keep out of a search of CKAN's what is hidden in Postgres but still stands in Solr, and our internal fields.

    A search by or for an internal field finds nothing for those who are neither Walidata nor act for an OPD.
    """
    found = hidden.ids()
    clauses = list(search_params.get("fq_list") or [])
    for start in range(0, len(found), _IDS_A_CLAUSE):
        some = " OR ".join(f'"{id_}"' for id_ in found[start : start + _IDS_A_CLAUSE])
        clauses.append(f"-id:({some})")
    if not labels.sees_internals() and _mentions_internal(search_params):
        clauses.append("-*:*")
    if clauses:
        search_params["fq_list"] = clauses
    if search_params.get("fl"):
        search_params["fl"] = _without_answers(search_params["fl"])
    return search_params


def _mentions_internal(search_params: Mapping[str, Any]) -> bool:
    return any(_MENTIONS_INTERNAL.search(_unescaped(str(value))) for key, value in search_params.items() if key != "fl")


def _unescaped(text: str) -> str:
    """A query's text as Solr's parser reads field names in it: `sd\\_hasil` and `sd\\u005fhasil` are `sd_hasil`."""
    plain = text.replace("\\\\", "\\")  # a list's repr doubles them
    return _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), plain).replace("\\", "")


def _without_answers(wanted: Any) -> Any:
    """`fl` without rendered answers, which are the API's to give, and without what could bring them unnamed."""
    names = wanted if isinstance(wanted, list) else str(wanted).replace(",", " ").split()
    kept = [
        name for name in names if not _MENTIONS_INTERNAL.search(_unescaped(name)) and not _NOT_A_PLAIN_NAME.search(name)
    ] or ["id"]
    return kept if isinstance(wanted, list) else " ".join(kept)
