"""How alembic reaches the database: the tables of the platform, with a version table of their own."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import engine_from_config, pool

from ckanext.satudata.catalog.tables import metadata

VERSION_TABLE = "satudata_alembic_version"


def _ours(_object: Any, name: str | None, type_: str, *_rest: Any) -> bool:
    """Leave CKAN's own tables out of what alembic compares."""
    return type_ != "table" or str(name).startswith("satudata_")


def _configure(**how: Any) -> None:
    context.configure(target_metadata=metadata, version_table=VERSION_TABLE, include_object=_ours, **how)
    with context.begin_transaction():
        context.run_migrations()


def _run() -> None:
    if context.is_offline_mode():
        _configure(url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True)
        return
    section = context.config.get_section(context.config.config_ini_section) or {}
    engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        _configure(connection=connection)


_run()
