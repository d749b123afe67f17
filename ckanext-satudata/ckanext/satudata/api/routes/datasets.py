"""Datasets: searching the catalogue and reading one."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem
from ckanext.satudata.api.routing import route

# Everything one answer needs, in one statement: who may read it is decided from the same row.
_ONE = text("""
SELECT r.package_id, r.owner_org, r.status, r.hak_akses, r.last_seen, a.audience, a.etag, a.body,
       r.status = 'ditarik' AND EXISTS (
         SELECT 1 FROM satudata_change c WHERE c.package_id = r.package_id AND c.audience = 'public') AS was_public
  FROM satudata_record r LEFT JOIN satudata_answer a ON a.package_id = r.package_id
 WHERE r.package_id = :asked OR r.name = :asked
""")


@route("/datasets/<id_or_name>", scope="catalog:read")
def dataset(caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """One dataset by its id or its URL name, with the time it was last seen at its source."""
    if "\x00" in id_or_name or len(id_or_name) > 200:
        raise Problem(404)
    rows = database.rows(_ONE, {"asked": id_or_name})
    if not rows:
        raise Problem(404)
    row = rows[0]
    inside = caller.reader.everything or row.owner_org in caller.reader.own
    if row.status == "ditarik" and (inside or row.was_public):
        raise Problem(410)
    if row.status != "tayang" and not inside:
        raise Problem(404)
    audience = "full" if caller.reader.reads_full(row.owner_org, row.hak_akses) else "public"
    found = next((one for one in rows if one.audience == audience), None)
    if found is None:
        raise Problem(404)
    body = found.body
    if found.last_seen is not None:
        body = f'{body[:-1]},"last_checked":"{found.last_seen.isoformat(timespec="seconds")}"}}'
    return answering.item(body.encode(), etag=found.etag)
