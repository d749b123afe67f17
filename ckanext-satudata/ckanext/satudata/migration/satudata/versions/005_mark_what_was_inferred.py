"""Mark a held value that was accepted as a suggestion: it was inferred, not given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "005"
down_revision: str | None = "004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("satudata_held", sa.Column("inferred", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("satudata_held", "inferred")
