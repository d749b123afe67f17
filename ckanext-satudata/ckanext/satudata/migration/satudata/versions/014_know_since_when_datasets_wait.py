"""Know since when a dataset, or its next version, has waited for a decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "014"
down_revision: str | None = "013"
branch_labels = None
depends_on = None

#: Of what waits already the newest line of the change log tells when it came to do so, or a later change of it.
_SO_FAR = sa.text("""
UPDATE satudata_record r
   SET menunggu_sejak = coalesce((SELECT max(at) FROM satudata_change c WHERE c.package_id = r.id), r.metadata_changed)
 WHERE r.status IN ('menunggu', 'disetujui')
    OR (r.status = 'tayang' AND r.pending IS NOT NULL AND r.hasil = 'layak'
        AND coalesce(r.pending_status, '') <> 'dikembalikan')
""")


def upgrade() -> None:
    op.add_column("satudata_record", sa.Column("menunggu_sejak", sa.DateTime(timezone=True), nullable=True))
    op.execute(_SO_FAR)


def downgrade() -> None:
    op.drop_column("satudata_record", "menunggu_sejak")
