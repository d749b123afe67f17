"""What has changed since a mirror last asked, removals included."""

from __future__ import annotations

import re
from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database, parameters
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import Parameter, route

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100


def _sequence(sent: str) -> int:
    if not re.fullmatch(r"\d{1,18}", sent, re.ASCII):
        raise ValueError(sent)
    return int(sent)


PARAMETERS = {
    "after": Parameter(_sequence, "Gunakan nilai dari meta.cursor.", "Use the value of meta.cursor."),
    "limit": parameters.limit(MAX_LIMIT),
}

# A line tells its reader what that reader may know now: of what is not to be seen (any more), id and time only.
_CHANGES = """
SELECT c.seq, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, c.kind, c.package_id,
       CASE WHEN a.body IS NOT NULL THEN r.name END AS name, a.etag, a.body
  FROM satudata_change c
  LEFT JOIN satudata_record r ON r.package_id = c.package_id
  LEFT JOIN satudata_answer a ON a.package_id = c.package_id AND {answer}
 WHERE c.seq > :after AND {line}
 ORDER BY c.seq
 LIMIT :limit
"""
_PUBLIC = text(_CHANGES.format(answer="a.audience = 'public' AND r.status = 'tayang'", line="c.audience = 'public'"))
_MIXED = text(
    _CHANGES.format(
        answer=f"({database.VISIBLE}) AND a.audience = {database.AUDIENCE}",
        line="(c.audience = 'public' OR :everything OR r.owner_org = ANY(:own))",
    )
)


@route("/changes", scope="catalog:read", parameters=PARAMETERS)
def changes(caller: Caller, values: dict[str, Any]) -> Response:
    """Changes after a cursor, oldest first; a reader who goes on from `meta.cursor` never misses one."""
    after, limit = values.get("after", 0), values.get("limit", DEFAULT_LIMIT)
    asked = {"after": after, "limit": limit}
    if caller.reader.reads_public_only:
        rows = database.rows(_PUBLIC, asked)
    else:
        rows = database.rows(_MIXED, asked | database.readership(caller.reader))
    lines = [
        f'{{"seq":{seq},"at":"{at}","kind":"{kind}","id":{_quoted(id_)},"name":{_quoted(name)},'
        f'"etag":{_quoted(etag)},"dataset":{body or "null"}}}'
        for seq, at, kind, id_, name, etag, body in rows
    ]
    cursor = rows[-1].seq if rows else after
    response = Response(f'{{"data":[{",".join(lines)}],"meta":{{"cursor":{cursor}}}}}', content_type=answering.JSON)
    if len(rows) == limit:
        here = answering.here().partition("?")[0]
        response.headers["Link"] = f'<{here}?after={cursor}&limit={limit}>; rel="next"'
    return response


def _quoted(value: str | None) -> str:
    return "null" if value is None else orjson.dumps(value).decode()
