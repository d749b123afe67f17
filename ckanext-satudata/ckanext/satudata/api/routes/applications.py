"""Source applications: what each brings, and when it was last read."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import route

# `formulir` is the door for what people enter by hand, and no application.
_APPLICATIONS = text("""
SELECT s.id, s.name, s.title, s.connector, s.state, s.schedule, s.last_success, s.failing_since,
       g.id AS organization_id, g.name AS organization_name, g.title AS organization_title,
       coalesce(r.datasets, 0) AS datasets, greatest(r.last_checked, s.last_complete) AS last_checked
  FROM satudata_source s
  LEFT JOIN "group" g ON g.id = s.organization_id
  LEFT JOIN (SELECT source_id, count(*) FILTER (WHERE status = 'tayang') AS datasets, max(last_seen) AS last_checked
               FROM satudata_record GROUP BY source_id) r ON r.source_id = s.id
 WHERE s.connector <> 'formulir'
 ORDER BY s.title, s.id
""")


@route("/applications", scope="catalog:read")
def applications(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Every source application with its OPD, its published datasets and its times; never its address or secrets."""
    bodies = [
        orjson.dumps(
            {
                "name": row.name,
                "title": row.title,
                "connector": row.connector,
                "organization": {
                    "id": row.organization_id,
                    "name": row.organization_name,
                    "title": row.organization_title,
                },
                "state": row.state,
                "schedule": row.schedule,
                "datasets": row.datasets,
                "last_success": row.last_success,
                "last_checked": row.last_checked,
                "failing_since": row.failing_since,
            },
            option=orjson.OPT_UTC_Z,
        ).decode()
        for row in database.rows(_APPLICATIONS)
    ]
    return answering.listing(bodies, total=len(bodies))
