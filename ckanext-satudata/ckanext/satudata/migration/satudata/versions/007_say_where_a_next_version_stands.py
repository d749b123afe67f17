"""Say where a next version stands while the published one stays: approved and waiting for the Pembina, or returned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "007"
down_revision: str | None = "006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("satudata_record", sa.Column("pending_status", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("satudata_record", "pending_status")
