"""What a dashboard needs, in one call: how much there is, how fresh it is, and how the harvests go."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import route

# Only what is published is counted: a number must not tell what a reader may not see.
_FIGURES = text("""
WITH shown AS (SELECT * FROM satudata_record WHERE status = 'tayang')
SELECT jsonb_build_object(
  'datasets', (SELECT count(*) FROM shown),
  'resources', (SELECT coalesce(sum(jsonb_array_length(CASE jsonb_typeof(dataset->'resources')
                 WHEN 'array' THEN dataset->'resources' ELSE '[]' END)), 0) FROM shown),
  'organizations', (SELECT count(DISTINCT owner_org) FROM shown),
  'applications', (SELECT count(*) FROM satudata_source WHERE connector <> 'formulir'),
  'hak_akses', (SELECT coalesce(jsonb_object_agg(hak_akses, n), '{}') FROM
                 (SELECT hak_akses, count(*) n FROM shown GROUP BY 1) t),
  'freshness', (SELECT jsonb_build_object(
      'mutakhir', count(*) FILTER (WHERE jatuh_tempo >= current_date),
      'terlambat', count(*) FILTER (WHERE jatuh_tempo < current_date),
      'tanpa_jadwal', count(*) FILTER (WHERE jatuh_tempo IS NULL)) FROM shown),
  'changed', (SELECT jsonb_build_object(
      'hari_ini', count(*) FILTER (WHERE metadata_changed > now() - interval '1 day'),
      'minggu_ini', count(*) FILTER (WHERE metadata_changed > now() - interval '7 days'),
      'bulan_ini', count(*) FILTER (WHERE metadata_changed > now() - interval '30 days')) FROM shown),
  'missing_at_source', (SELECT count(*) FROM shown WHERE tidak_ditemukan_sejak IS NOT NULL),
  'harvest', (SELECT jsonb_build_object(
      'last_finished', max(finished),
      'last_day', jsonb_build_object(
        'selesai', count(*) FILTER (WHERE state = 'selesai' AND finished > now() - interval '1 day'),
        'gagal', count(*) FILTER (WHERE state = 'gagal' AND finished > now() - interval '1 day')),
      'running', count(*) FILTER (WHERE state = 'berjalan')) FROM satudata_run),
  'sources_failing', (SELECT count(*) FROM satudata_source WHERE failing_since IS NOT NULL),
  'as_of', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
) AS figures
""")


@route("/statistics", scope="catalog:read")
def statistics(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Counts of what is published, its freshness, and the state of the harvests at this moment."""
    return answering.item(orjson.dumps(database.rows(_FIGURES)[0].figures))
