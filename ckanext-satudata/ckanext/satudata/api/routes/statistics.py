"""What a dashboard needs, in one call: how much there is, how fresh it is, and how the harvests go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database, problems
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import route
from satudata_schemas import contract

# Only what is published is counted, and of what is closed only that it is there: a number must not tell what a reader
# may not see.
_FIGURES = text("""
WITH shown AS (SELECT * FROM satudata_record WHERE status = 'tayang'),
     readable AS (SELECT *, principles <> '{}' AND NOT EXISTS (
                    SELECT 1 FROM jsonb_each(principles) p WHERE p.value->>'met' IS DISTINCT FROM 'true') AS conforms
                    FROM shown WHERE hak_akses <> 'tertutup')
SELECT jsonb_build_object(
  'datasets', (SELECT count(*) FROM shown),
  'resources', (SELECT coalesce(sum(jsonb_array_length(CASE jsonb_typeof(dataset->'resources')
                 WHEN 'array' THEN dataset->'resources' ELSE '[]' END)), 0) FROM readable),
  'organizations', (SELECT count(DISTINCT owner_org) FROM shown),
  'applications', (SELECT count(*) FROM satudata_source WHERE connector <> 'formulir'),
  'hak_akses', (SELECT coalesce(jsonb_object_agg(hak_akses, n), '{}') FROM
                 (SELECT hak_akses, count(*) n FROM shown GROUP BY 1) t),
  'freshness', (SELECT jsonb_build_object(
      'mutakhir', count(*) FILTER (WHERE jatuh_tempo >= current_date),
      'terlambat', count(*) FILTER (WHERE jatuh_tempo < current_date),
      'tanpa_jadwal', count(*) FILTER (WHERE jatuh_tempo IS NULL)) FROM readable),
  'label', (SELECT jsonb_build_object('memenuhi', count(*) FILTER (WHERE conforms),
      'proses', count(*) FILTER (WHERE NOT conforms)) FROM readable),
  'kategori', (SELECT coalesce(jsonb_object_agg(kategori, n), '{}') FROM
                (SELECT dataset->>'kategori' AS kategori, count(*) n FROM readable
                  WHERE jsonb_typeof(dataset->'kategori') = 'string' GROUP BY 1) t),
  'per_organization', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', g.name, 'title', g.title, 'datasets', t.n,
       'terlambat', t.late, 'memenuhi', t.conforming) ORDER BY t.n DESC, g.name), '[]')
     FROM (SELECT s.owner_org, count(*) n, count(*) FILTER (WHERE r.jatuh_tempo < current_date) late,
                  count(*) FILTER (WHERE r.conforms) conforming
             FROM shown s LEFT JOIN readable r ON r.id = s.id GROUP BY 1) t
     JOIN "group" g ON g.id = t.owner_org),
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
    figures = database.rows(_FIGURES)[0].figures
    return answering.document(figures | {"kategori": _by_code(figures["kategori"])})


def _by_code(counted: Mapping[str, int]) -> list[dict[str, Any]]:
    """Topics by code, as `/vocabularies/kategori` lists them; what is none of them is counted under no code."""
    topics, found = contract.vocabulary("kategori"), Counter[str]()
    for written, count in counted.items():
        found[topics.resolve(written) or ""] += count
    return [
        {"value": code or None, "label": topics.label_of(code, problems.preferred_language()), "datasets": count}
        for code, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]
