"""Remember which renamed offices still have datasets under their old name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "008"
down_revision: str | None = "007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "satudata_renamed",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id"),
    )


def downgrade() -> None:
    op.drop_table("satudata_renamed")
