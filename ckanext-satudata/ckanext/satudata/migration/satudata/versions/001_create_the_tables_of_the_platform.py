"""Create the tables of the platform."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "satudata_answer",
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("package_id", "audience"),
    )
    op.create_table(
        "satudata_audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="ok", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("satudata_audit_object", "satudata_audit", ["object_type", "object_id"], unique=False)
    op.create_table(
        "satudata_change",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(op.f("ix_satudata_change_package_id"), "satudata_change", ["package_id"], unique=False)
    op.create_index(op.f("ix_satudata_change_run_id"), "satudata_change", ["run_id"], unique=False)
    op.create_table(
        "satudata_client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("granted", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "satudata_held",
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), server_default="", nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("source_value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("package_id", "field", "resource_id"),
    )
    op.create_table(
        "satudata_issue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("pointer", sa.Text(), server_default="", nullable=False),
        sa.Column("principle", sa.Text(), nullable=True),
        sa.Column(
            "params", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_satudata_issue_record_id"), "satudata_issue", ["record_id"], unique=False)
    op.create_index("satudata_issue_run", "satudata_issue", ["run_id", "code"], unique=False)
    op.create_table(
        "satudata_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_table(
        "satudata_opd",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("kode_skpd", sa.Text(), nullable=True),
        sa.Column("berlaku_mulai", sa.Date(), nullable=True),
        sa.Column("berlaku_sampai", sa.Date(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id"),
        sa.UniqueConstraint("kode_skpd"),
    )
    op.create_table(
        "satudata_opd_alias",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alias"),
    )
    op.create_index(
        op.f("ix_satudata_opd_alias_organization_id"), "satudata_opd_alias", ["organization_id"], unique=False
    )
    op.create_table(
        "satudata_outbox",
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("package_id"),
    )
    op.create_table(
        "satudata_page",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "validators", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("rules_version", sa.Text(), nullable=True),
        sa.Column("identifiers", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", "key"),
    )
    op.create_table(
        "satudata_record",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("package_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("owner_org", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dataset", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("pending", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("rest", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("hasil", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("perbaikan_tertunda", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tidak_ditemukan_sejak", sa.Date(), nullable=True),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column(
            "principles", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "suggestions",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("hak_akses", sa.Text(), server_default="terbuka", nullable=False),
        sa.Column("jatuh_tempo", sa.Date(), nullable=True),
        sa.Column("source_modified", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_changed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("metadata_changed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("return_deadline", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("package_id"),
        sa.UniqueConstraint("source_id", "identifier"),
    )
    op.create_index(
        "satudata_record_missing",
        "satudata_record",
        ["source_id"],
        unique=False,
        postgresql_where=sa.text("tidak_ditemukan_sejak IS NOT NULL"),
    )
    op.create_index("satudata_record_status", "satudata_record", ["status", "owner_org"], unique=False)
    op.create_table(
        "satudata_revocation",
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("jti"),
    )
    op.create_index(op.f("ix_satudata_revocation_client_id"), "satudata_revocation", ["client_id"], unique=False)
    op.create_table(
        "satudata_run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="antre", nullable=False),
        sa.Column("trigger", sa.Text(), server_default="command", nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        sa.Column("complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "progress", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_params", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("removals", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "report", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "satudata_run_open",
        "satudata_run",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state IN ('antre', 'berjalan', 'terputus', 'ditahan')"),
    )
    op.create_index(
        "satudata_run_source", "satudata_run", ["source_id", sa.literal_column("created DESC")], unique=False
    )
    op.create_table(
        "satudata_seen",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "record_id"),
    )
    op.create_table(
        "satudata_source",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column(
            "definition", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "secrets", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("penayangan", sa.Text(), server_default="diperiksa", nullable=False),
        sa.Column("identitas", sa.Text(), server_default="baru", nullable=False),
        sa.Column("profile", sa.Text(), server_default="transisi", nullable=False),
        sa.Column("state", sa.Text(), server_default="aktif", nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="Asia/Jakarta", nullable=False),
        sa.Column("next_run", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index(op.f("ix_satudata_source_organization_id"), "satudata_source", ["organization_id"], unique=False)
    op.create_index(
        "satudata_source_due",
        "satudata_source",
        ["next_run"],
        unique=False,
        postgresql_where=sa.text("state = 'aktif'"),
    )


def downgrade() -> None:
    op.drop_index("satudata_source_due", table_name="satudata_source", postgresql_where=sa.text("state = 'aktif'"))
    op.drop_index("ix_satudata_source_organization_id", table_name="satudata_source")
    op.drop_table("satudata_source")
    op.drop_table("satudata_seen")
    op.drop_index("satudata_run_source", table_name="satudata_run")
    op.drop_index(
        "satudata_run_open",
        table_name="satudata_run",
        postgresql_where=sa.text("state IN ('antre', 'berjalan', 'terputus', 'ditahan')"),
    )
    op.drop_table("satudata_run")
    op.drop_index("ix_satudata_revocation_client_id", table_name="satudata_revocation")
    op.drop_table("satudata_revocation")
    op.drop_index("satudata_record_status", table_name="satudata_record")
    op.drop_index(
        "satudata_record_missing",
        table_name="satudata_record",
        postgresql_where=sa.text("tidak_ditemukan_sejak IS NOT NULL"),
    )
    op.drop_table("satudata_record")
    op.drop_table("satudata_page")
    op.drop_table("satudata_outbox")
    op.drop_index("ix_satudata_opd_alias_organization_id", table_name="satudata_opd_alias")
    op.drop_table("satudata_opd_alias")
    op.drop_table("satudata_opd")
    op.drop_table("satudata_key")
    op.drop_index("satudata_issue_run", table_name="satudata_issue")
    op.drop_index("ix_satudata_issue_record_id", table_name="satudata_issue")
    op.drop_table("satudata_issue")
    op.drop_table("satudata_held")
    op.drop_table("satudata_client")
    op.drop_index("ix_satudata_change_run_id", table_name="satudata_change")
    op.drop_index("ix_satudata_change_package_id", table_name="satudata_change")
    op.drop_table("satudata_change")
    op.drop_index("satudata_audit_object", table_name="satudata_audit")
    op.drop_table("satudata_audit")
    op.drop_table("satudata_answer")
