"""Keep what sources sent of their records in its own bytes, for mapping it anew and for its OPD to see."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "012"
down_revision: str | None = "010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "satudata_raw",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    # Compressed already; and where it fits a page it is stored in its row, without a second table to write to.
    op.execute("ALTER TABLE satudata_raw ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE satudata_raw SET (toast_tuple_target = 8160)")
    op.drop_column("satudata_record", "raw")


def downgrade() -> None:
    op.add_column("satudata_record", sa.Column("raw", postgresql.JSONB(), nullable=True))
    op.drop_table("satudata_raw")
