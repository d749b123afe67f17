"""Know a record that has not changed by the bytes its source sends, without mapping it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "010"
down_revision: str | None = "009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    texts = postgresql.ARRAY(sa.Text())
    prints: sa.Column[list[str]] = sa.Column("prints", texts, server_default=sa.text("'{}'"), nullable=False)
    op.add_column("satudata_page", prints)


def downgrade() -> None:
    op.drop_column("satudata_page", "prints")
