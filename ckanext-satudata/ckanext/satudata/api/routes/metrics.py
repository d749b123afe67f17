"""Figures for Prometheus; stands at `/metrics`, for this machine and for tokens of scope `admin`."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import text

from ckanext.satudata.api import access, addresses, database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import route

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_FIGURES = text("""
SELECT 'satudata_records' AS name, 'status' AS label, status AS value, count(*)::float AS figure
  FROM satudata_record GROUP BY status
UNION ALL SELECT 'satudata_records_result', 'hasil', hasil, count(*) FROM satudata_record GROUP BY hasil
UNION ALL SELECT 'satudata_runs', 'state', state, count(*) FROM satudata_run GROUP BY state
UNION ALL SELECT 'satudata_sources', 'state', state, count(*) FROM satudata_source GROUP BY state
UNION ALL SELECT 'satudata_sources_failing', '', '', count(*) FROM satudata_source WHERE failing_since IS NOT NULL
UNION ALL SELECT 'satudata_outbox', '', '', count(*) FROM satudata_outbox
UNION ALL SELECT 'satudata_outbox_age_seconds', '', '',
       coalesce(extract(epoch FROM now() - min(at)), 0) FROM satudata_outbox
UNION ALL SELECT 'satudata_change_seq', '', '', coalesce(max(seq), 0) FROM satudata_change
UNION ALL SELECT 'satudata_client_uses_total', '', '', coalesce(sum(uses), 0) FROM satudata_client
ORDER BY 1, 3
""")
_HELP = {
    "satudata_records": "Records by where the dataset stands.",
    "satudata_records_result": "Records by what the assessment says.",
    "satudata_runs": "Harvest runs by state.",
    "satudata_sources": "Sources by state.",
    "satudata_sources_failing": "Sources whose last runs failed.",
    "satudata_outbox": "Datasets whose document in Solr is older than their rows.",
    "satudata_outbox_age_seconds": "Age of the oldest of them.",
    "satudata_change_seq": "Number of the newest change.",
    "satudata_client_uses_total": "Requests of all clients, as written each minute.",
}


@route("/", scope=None, counted=False)
def metrics(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Counts of records, runs, sources, waiting index work and uses."""
    if request.remote_addr not in {"127.0.0.1", "::1"} or addresses.is_forwarded():
        access.require("admin")
    lines: list[str] = []
    told = ""
    for row in database.rows(_FIGURES):
        if row.name != told:
            told = row.name
            kind = "counter" if row.name.endswith("_total") else "gauge"
            lines += [f"# HELP {row.name} {_HELP[row.name]}", f"# TYPE {row.name} {kind}"]
        label = f'{{{row.label}="{row.value}"}}' if row.label else ""
        lines.append(f"{row.name}{label} {row.figure:g}")
    response = Response("\n".join(lines) + "\n", content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
