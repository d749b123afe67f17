"""Keep how a table made of an application's rows came about, and what has been published of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "006"
down_revision: str | None = "005"
branch_labels = None
depends_on = None


def _at() -> sa.Column:
    return sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _json(name: str, default: str) -> sa.Column:
    return sa.Column(
        name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(f"'{default}'::jsonb"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "satudata_trace",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _at(),
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("template_version", sa.Text(), nullable=True),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        _json("rules", "{}"),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        _json("pages", "[]"),
        _json("periods", "[]"),
        _json("columns", "{}"),
        _json("counts", "{}"),
        _json("files", "{}"),
        _json("shown", "{}"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_satudata_trace_package_id"), "satudata_trace", ["package_id"])
    op.create_table(
        "satudata_released",
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        _json("shape", "{}"),
        _json("cells", "{}"),
        sa.Column("run_id", sa.Text(), nullable=True),
        _at(),
        sa.PrimaryKeyConstraint("package_id", "period"),
    )


def downgrade() -> None:
    op.drop_table("satudata_released")
    op.drop_index(op.f("ix_satudata_trace_package_id"), table_name="satudata_trace")
    op.drop_table("satudata_trace")
