"""What became of a source's datasets, in every place that says something of them, without what differs between two
sources that hold the same: ids, names and times.
"""

from __future__ import annotations

from typing import Any

_RECORDS = """
SELECT r.identifier, r.version, r.hasil, r.status, r.score, r.fingerprint, r.perbaikan_tertunda, r.hak_akses,
  r.tidak_ditemukan_sejak IS NOT NULL, r.dataset - 'name',
  (SELECT array_agg(i.code || ' ' || i.pointer ORDER BY i.code, i.pointer) FROM satudata_issue i
    WHERE i.record_id = r.id),
  (SELECT array_agg(c.kind || ' ' || c.audience || ' ' || c.version ORDER BY c.seq) FROM satudata_change c
    WHERE c.package_id = r.package_id),
  (SELECT array_agg(a.audience || ' ' || a.version || ' ' ||
      coalesce(nullif(a.body::jsonb ->> 'title', a.body::jsonb ->> 'name'), '') ORDER BY a.audience)
    FROM satudata_answer a WHERE a.package_id = r.package_id),
  (SELECT p.state || ' ' || p.private || ' ' || coalesce(nullif(p.title, p.name), '') || ' ' ||
      coalesce(p.notes, '') || p.extras FROM package p WHERE p.id = r.package_id),
  (SELECT array_agg(s.state || ' ' || s.url || ' ' || coalesce(s.name, '') ORDER BY s.position, s.state, s.url)
    FROM resource s WHERE s.package_id = r.package_id),
  (SELECT array_agg(t.name || ' ' || g.state ORDER BY t.name) FROM package_tag g JOIN tag t ON t.id = g.tag_id
    WHERE g.package_id = r.package_id)
FROM satudata_record r WHERE r.source_id = %s ORDER BY r.identifier
"""
_FIELDS = "name,title,notes,private,state,capacity,tags,sd_version,sd_status,sd_hasil,sd_skor"


def standing(stack: Any, source: str) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Records with all that hangs on them, and Solr's documents once the outbox is empty."""
    [[source_id]] = stack.sql("SELECT id FROM satudata_source WHERE name = %s", source)
    stack.settled()
    records = stack.sql(_RECORDS, source_id)
    ids = [row[0] for row in stack.sql("SELECT id FROM satudata_record WHERE source_id = %s", source_id)]
    documents = stack.platform.index.documents(f"id:({' OR '.join(ids)})", rows=10000, fl=_FIELDS)
    for document in documents:
        # Two sources share no name, and a dataset without title shows its name.
        if document.pop("name") == document.get("title"):
            del document["title"]
    return records, sorted(str(sorted(document.items())) for document in documents)
