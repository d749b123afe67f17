"""Keep one answer of a dataset that everyone reads whole, the public's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "013"
down_revision: str | None = "012"
branch_labels = None
depends_on = None

_TWICE = sa.text("""
DELETE FROM satudata_answer a USING satudata_record r
 WHERE a.package_id = r.package_id AND a.audience = 'full' AND r.status = 'tayang' AND r.hak_akses = 'terbuka'
""")
_BACK = sa.text("""
INSERT INTO satudata_answer (package_id, audience, version, etag, body)
SELECT a.package_id, 'full', a.version, a.etag, a.body
  FROM satudata_answer a JOIN satudata_record r ON r.package_id = a.package_id
 WHERE a.audience = 'public' AND r.status = 'tayang' AND r.hak_akses = 'terbuka'
    ON CONFLICT DO NOTHING
""")


def upgrade() -> None:
    op.execute(_TWICE)


def downgrade() -> None:
    op.execute(_BACK)
