"""What stands in Postgres beside CKAN's own tables: every table of the platform, prefixed `satudata_`.

Times are UTC (`timestamptz`). Nothing here has a foreign key to CKAN's tables: a record outlives a purged package and
becomes its tombstone. Migration 001 creates exactly these; a later table comes with a migration of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()


def _time(name: str, *, nullable: bool = True, now: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=text("now()") if now else None)


def _json(name: str, default: str | None = None) -> Column[Any]:
    return Column(
        name, JSONB, nullable=default is None, server_default=text(f"'{default}'::jsonb") if default else None
    )


#: One application or catalogue that is harvested. `definition` is the source file as it was given, secrets replaced.
source = Table(
    "satudata_source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("organization_id", Text, nullable=False, index=True),
    Column("connector", Text, nullable=False),  # `formulir`: the built-in source of what an OPD's people make by hand
    Column("url", Text),
    _json("definition", "{}"),
    _json("secrets", "{}"),  # path in `definition` -> sealed value
    Column("penayangan", Text, nullable=False, server_default="diperiksa"),
    Column("identitas", Text, nullable=False, server_default="baru"),
    Column("profile", Text, nullable=False, server_default="transisi"),
    Column("state", Text, nullable=False, server_default="aktif"),  # aktif | jeda
    Column("paused_reason", Text),
    Column("schedule", Text),
    Column("timezone", Text, nullable=False, server_default="Asia/Jakarta"),
    _time("next_run"),
    _time("last_success"),
    _time("failing_since"),
    _time("last_complete"),  # the start of the last run that met, or marked as missing, everything there is
    Column("approved_by", Text),  # the Walidata user who allowed `otomatis`
    Column("created_by", Text),
    _time("created", nullable=False, now=True),
    _time("modified", nullable=False, now=True),
)
Index("satudata_source_due", source.c.next_run, postgresql_where=source.c.state == "aktif")

#: One harvest of one source. `counts`: read, created, updated, unchanged, missing, withdrawn, layak, perlu_perbaikan, …
run = Table(
    "satudata_run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="antre"),
    Column("trigger", Text, nullable=False, server_default="command"),  # command | schedule | form | api
    Column("actor", Text),
    Column("attempt", Integer, nullable=False, server_default="0"),
    _time("lease_until"),
    _time("created", nullable=False, now=True),
    _time("started"),
    _time("finished"),
    Column("checkpoint", Text),
    Column("complete", Boolean, nullable=False, server_default=text("false")),
    _json("counts", "{}"),
    _json("progress", "{}"),  # {phase, records, total, rate, eta}
    Column("error_code", Text),
    _json("error_params"),
    _json("removals"),  # held removals: list of record ids
    Column("decided_by", Text),
    _time("decided_at"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("requests", Integer, nullable=False, server_default="0"),
    _json("report", "{}"),  # titles withdrawn, fields changed
)
Index("satudata_run_source", run.c.source_id, run.c.created.desc())
Index("satudata_run_open", run.c.state, postgresql_where=run.c.state.in_(("antre", "berjalan", "terputus", "ditahan")))

#: What a source says of one dataset, what we made of it, where it stands. `id` is also the package's, written or not.
record = Table(
    "satudata_record",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("package_id", Text, unique=True),  # null: never written as a dataset (tidak_dimuat)
    Column("name", Text, unique=True),  # the URL name, kept also while withdrawn
    Column("owner_org", Text, nullable=False),
    Column("fingerprint", Text),
    Column("rules_version", Text),
    Column("version", Integer, nullable=False, server_default="0"),
    _json("dataset"),  # the published version in contract fields, with what people hold applied
    _json("pending"),  # the next version, while it is mended or waits and the published one stays
    _time("menunggu_sejak"),  # since when it, or its next version, has waited for the one whose turn it is
    Column("pending_status", Text),  # disetujui: it waits for the Pembina; dikembalikan: by whom it was returned
    _json("rest"),  # the source's other keys
    Column("hasil", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("perbaikan_tertunda", Boolean, nullable=False, server_default=text("false")),
    Column("tidak_ditemukan_sejak", Date),
    Column("score", SmallInteger),
    _json("principles", "{}"),
    _json("suggestions", "[]"),
    Column("issue_codes", Text, nullable=False, server_default=""),  # `E-META-001*3 W-INT-002*1`, notes aside
    Column("hak_akses", Text, nullable=False, server_default="terbuka"),
    Column("jatuh_tempo", Date),  # when the next release is due; late or not is derived when read
    _time("source_modified"),
    _time("data_changed"),
    _time("metadata_changed"),
    _time("first_seen", nullable=False, now=True),
    _time("last_seen"),
    Column("last_run", Text),
    Column("reviewed_by", Text),
    _time("reviewed_at"),
    Column("return_reason", Text),
    Column("return_deadline", Date),
    _time("erased"),  # since when nothing of it may exist; its identifier and name are hashes from then on
    UniqueConstraint("source_id", "identifier"),
)
Index("satudata_record_status", record.c.status, record.c.owner_org)
Index("satudata_record_missing", record.c.source_id, postgresql_where=record.c.tidak_ditemukan_sejak.is_not(None))
Index("satudata_record_erased", record.c.source_id, postgresql_where=record.c.erased.is_not(None))

#: What its source sent of a record, in its own bytes: a JSON object, compressed (zstd). Of the version that bears this
#: fingerprint (its first half); of a record that is no dataset there is no row.
raw = Table(
    "satudata_raw",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: The issues of a record's newest version; rendered by language when read.
issue = Table(
    "satudata_issue",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("record_id", Text, nullable=False, index=True),
    Column("run_id", Text),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("pointer", Text, nullable=False, server_default=""),
    Column("principle", Text),
    _json("params", "{}"),
)
Index("satudata_issue_run", issue.c.run_id, issue.c.code)
#: Notes on how a record came, which are no judgement of its content.
is_note = text("(code = 'W-DUP-001' OR code LIKE 'E-TRK-%' OR code LIKE 'E-SMP-%')")
Index("satudata_issue_note", issue.c.record_id, postgresql_where=is_note)

#: The change log: what mirrors read, and what undo restores from. `before` is the version before; null for a creation.
change = Table(
    "satudata_change",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),  # drawn under a lock: what commits later is numbered later
    _time("at", nullable=False, now=True),
    Column("package_id", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),  # created | changed | removed | restored
    Column("audience", Text, nullable=False),  # public | full
    _json("before"),
    Column("actor", Text),
    Column("run_id", Text),
    Column("cause", Text),  # harvest | edit | put | review | undo | assess | remap | opd | erase | …: why there is it
)
Index("satudata_change_run", change.c.run_id, change.c.seq, postgresql_where=change.c.run_id.is_not(None))

#: Packages whose document in Solr is older than their rows. `op`: index | delete.
outbox = Table(
    "satudata_outbox",
    metadata,
    Column("package_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("op", Text, nullable=False),
    _time("at", nullable=False, now=True),
)

#: Packages whose document could not be made or was refused by Solr: the version, why, and when it is tried again. Their
#: outbox rows stay.
unindexable = Table(
    "satudata_unindexable",
    metadata,
    Column("package_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="1"),
    _time("retry_at", nullable=False, now=True),
)

#: How far a full re-index has come; one row while one is under way.
rebuild = Table(
    "satudata_rebuild",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("after", Text, nullable=False, server_default=""),  # the id up to which documents are made anew
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False),
    _time("started", nullable=False, now=True),
)

#: The API's answer for a dataset, rendered in the transaction that wrote it.
answer = Table(
    "satudata_answer",
    metadata,
    Column("package_id", Text, primary_key=True),
    Column("audience", Text, primary_key=True),  # public | full
    Column("version", Integer, nullable=False),
    Column("etag", Text, nullable=False),
    Column("body", Text, nullable=False),
)

#: What a source's page held when last read, so that an unchanged page need not be parsed.
page = Table(
    "satudata_page",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _json("validators", "{}"),  # {etag, last_modified, hash}
    Column("rules_version", Text),
    Column("identifiers", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("prints", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # of each: of its bytes, of its content
    Column("run_id", Text),
)

#: Which records a run has met; emptied when the run has ended.
seen = Table(
    "satudata_seen",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
)

#: Values a person has set, which a harvest leaves alone.
held = Table(
    "satudata_held",
    metadata,
    Column("package_id", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("resource_id", Text, primary_key=True, server_default=""),
    _json("value"),
    _json("source_value"),
    Column("user_id", Text),
    _time("at", nullable=False, now=True),
    Column("inferred", Text),  # code of the reason, where it was accepted as a suggestion; null where a person said it
)

#: An application that uses the API by OAuth2 client credentials; the secret is kept as a hash.
client = Table(
    "satudata_client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("organization_id", Text),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column(
        "granted", ARRAY(Text), nullable=False, server_default=text("'{}'")
    ),  # OPDs whose `terbatas` datasets it may read
    Column("secret_hash", Text, nullable=False),
    Column("created_by", Text),
    _time("created", nullable=False, now=True),
    _time("last_used"),
    Column("uses", BigInteger, nullable=False, server_default="0"),
    _time("revoked_at"),
)

#: A long-lived reading key for people with pandas, R or Power Query.
key = Table(
    "satudata_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("user_id", Text),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("key_hash", Text, nullable=False, unique=True),
    _time("created", nullable=False, now=True),
    _time("last_used"),
    Column("uses", BigInteger, nullable=False, server_default="0"),
    _time("revoked_at"),
)

#: Tokens taken back before they expire; rows go when `expires` has passed.
revocation = Table(
    "satudata_revocation",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("client_id", Text, index=True),
    _time("expires", nullable=False),
    _time("revoked_at", nullable=False, now=True),
)

#: Who did what to which thing, when and why.
audit = Table(
    "satudata_audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _time("at", nullable=False, now=True),
    Column("actor", Text),
    Column("action", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text),
    Column("outcome", Text, nullable=False, server_default="ok"),
    Column("reason", Text),
    _json("details", "{}"),
    Column("request_id", Text),
)
Index("satudata_audit_object", audit.c.object_type, audit.c.object_id)

#: What UU 27/2022 Pasal 46 asks to be told within 3 x 24 hours of an erased leak: which data, when and how it came out,
#: what was done. Of the data it holds names of fields and kinds, never a value.
incident = Table(
    "satudata_incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("package_id", Text, nullable=False, index=True),
    Column("source_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    _time("known_at", nullable=False),  # when it became known, from which the clock runs
    _time("deadline", nullable=False),
    Column("actor", Text),
    Column("reason", Text, nullable=False),
    _json("data", "{}"),  # {fields, kinds: {kind: count}, files, versions}
    _json("exposure", "{}"),  # {public, since, until, source, connector, access}
    _json("done", "[]"),  # [{step, count, at}]
    _json("notify", "[]"),  # codes of whom to tell: subjek_data, lembaga_pdp, masyarakat
    _json("remaining", "{}"),  # what is still to be removed: {files: [resource ids]}; empty when nothing is left
    _time("cleaned"),  # index and files are clean too
    _time("notified_at"),
    Column("notified_by", Text),
    Column("notes", Text),
    _time("lifted_at"),
    Column("lifted_by", Text),
)
Index("satudata_incident_open", incident.c.deadline, postgresql_where=incident.c.notified_at.is_(None))

#: An OPD as the regional government lists it; the row of its CKAN organisation. Names and aliases resolve publishers.
opd = Table(
    "satudata_opd",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("kode_skpd", Text, unique=True),
    Column("berlaku_mulai", Date),
    Column("berlaku_sampai", Date),
    Column("merged_into", Text),  # organisation id; its URL redirects there
)

#: Renamed offices with many datasets: up to which id (`after`) they bear the new name.
renamed = Table(
    "satudata_renamed",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("after", Text, nullable=False, server_default=""),
    Column("actor", Text),
    _time("at", nullable=False, now=True),
)

#: Other names under which an OPD appears in applications, folded for comparison.
opd_alias = Table(
    "satudata_opd_alias",
    metadata,
    Column("alias", Text, primary_key=True),
    Column("organization_id", Text, nullable=False, index=True),
)

#: How a published table came about, one row each time it changed: which rows of which pages, by which rules.
trace = Table(
    "satudata_trace",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _time("at", nullable=False, now=True),
    Column("package_id", Text, nullable=False, index=True),
    Column("run_id", Text),
    Column("template", Text),
    Column("template_version", Text),
    Column("rules_hash", Text, nullable=False),
    _json("rules", "{}"),
    Column("rows_read", BigInteger, nullable=False),
    _json("pages", "[]"),  # [{key, rows, hash}], SHA-256 of what the source sent
    _json("periods", "[]"),  # [{period, cells, suppressed, state}]
    _json("columns", "{}"),  # {read: [names], dropped: [hashes of names]}
    _json("counts", "{}"),  # {cells, suppressed, small, level, k}
    _json("files", "{}"),  # {csv: {hash, size}, parquet: {hash, size}}
    _json("shown", "{}"),  # {columns, rows, chart}: what the dataset's page shows of the table
)

#: What has been published of a table, by period: part of its next release, and what keeps hidden cells hidden.
released = Table(
    "satudata_released",
    metadata,
    Column("package_id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    _json("shape", "{}"),
    _json("cells", "{}"),
    Column("run_id", Text),
    _time("at", nullable=False, now=True),
)
