"""Walk the changes of a run in order, however many it has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "004"
down_revision: str | None = "003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_satudata_change_run_id", table_name="satudata_change")
    op.create_index(
        "satudata_change_run",
        "satudata_change",
        ["run_id", "seq"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("satudata_change_run", table_name="satudata_change")
    op.create_index("ix_satudata_change_run_id", "satudata_change", ["run_id"], unique=False)
