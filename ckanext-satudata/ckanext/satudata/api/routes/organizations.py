"""OPDs: who produces the data."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import route

_OPDS = text("""
SELECT g.id, g.name, g.title, g.description, o.kode_skpd, o.berlaku_mulai, o.berlaku_sampai,
       (SELECT count(*) FROM satudata_record r WHERE r.owner_org = g.id AND r.status = 'tayang') AS datasets
  FROM "group" g LEFT JOIN satudata_opd o ON o.organization_id = g.id
 WHERE g.is_organization AND g.state = 'active' AND o.merged_into IS NULL
 ORDER BY g.title, g.id
""")


@route("/organizations", scope="catalog:read")
def organizations(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Every OPD with its code, validity and number of published datasets."""
    bodies = [
        orjson.dumps(
            {
                "id": row.id,
                "name": row.name,
                "title": row.title or row.name,
                "description": row.description or None,
                "kode_skpd": row.kode_skpd,
                "berlaku_mulai": row.berlaku_mulai,
                "berlaku_sampai": row.berlaku_sampai,
                "datasets": row.datasets,
            }
        ).decode()
        for row in database.rows(_OPDS)
    ]
    return answering.listing(bodies, total=len(bodies))
