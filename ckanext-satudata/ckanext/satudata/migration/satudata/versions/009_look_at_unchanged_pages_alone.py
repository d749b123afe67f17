"""Let a run that finds a page unchanged look at none of its records: when a source was last met whole, issue codes a
record.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "009"
down_revision: str | None = "008"
branch_labels = None
depends_on = None

_NOTES = sa.text("code = 'W-DUP-001' OR code LIKE 'E-TRK-%' OR code LIKE 'E-SMP-%'")


def upgrade() -> None:
    op.add_column("satudata_source", sa.Column("last_complete", sa.DateTime(timezone=True), nullable=True))
    op.add_column("satudata_record", sa.Column("issue_codes", sa.Text(), server_default="", nullable=False))
    op.create_index("satudata_issue_note", "satudata_issue", ["record_id"], postgresql_where=_NOTES)
    op.execute("""
        UPDATE satudata_record r SET issue_codes = told.codes FROM (
          SELECT record_id, string_agg(code || '*' || n, ' ' ORDER BY code) AS codes FROM (
            SELECT record_id, code, count(*) AS n FROM satudata_issue
             WHERE NOT (code = 'W-DUP-001' OR code LIKE 'E-TRK-%' OR code LIKE 'E-SMP-%')
             GROUP BY record_id, code) counted
           GROUP BY record_id) told
         WHERE told.record_id = r.id
    """)


def downgrade() -> None:
    op.drop_index("satudata_issue_note", table_name="satudata_issue", postgresql_where=_NOTES)
    op.drop_column("satudata_record", "issue_codes")
    op.drop_column("satudata_source", "last_complete")
