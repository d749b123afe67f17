"""Say in the change log why there is a version, mark what was erased, and keep the record of incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "002"
down_revision: str | None = "001"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, default: str) -> sa.Column:
    return sa.Column(
        name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(f"'{default}'::jsonb"), nullable=False
    )


def upgrade() -> None:
    op.add_column("satudata_change", sa.Column("cause", sa.Text(), nullable=True))
    op.add_column("satudata_record", _time("erased"))
    op.create_index(
        "satudata_record_erased",
        "satudata_record",
        ["source_id"],
        unique=False,
        postgresql_where=sa.text("erased IS NOT NULL"),
    )
    op.create_table(
        "satudata_incident",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        _time("known_at", nullable=False),
        _time("deadline", nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _json("data", "{}"),
        _json("exposure", "{}"),
        _json("done", "[]"),
        _json("notify", "[]"),
        _json("remaining", "{}"),
        _time("cleaned"),
        _time("notified_at"),
        sa.Column("notified_by", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        _time("lifted_at"),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_satudata_incident_package_id", "satudata_incident", ["package_id"], unique=False)
    op.create_index(
        "satudata_incident_open",
        "satudata_incident",
        ["deadline"],
        unique=False,
        postgresql_where=sa.text("notified_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("satudata_incident")
    op.drop_index("satudata_record_erased", table_name="satudata_record")
    op.drop_column("satudata_record", "erased")
    op.drop_column("satudata_change", "cause")
