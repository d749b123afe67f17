"""Replacing the key that seals credentials of sources: a new one first, everything sealed with it, the old one last.

Killed at any step it is repeated: what the new key has sealed opens, and so does what the old one still seals.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from ckan.common import config
from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest import secrets
from ckanext.satudata.harvest.errors import SourceRefused


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many sources were sealed anew, and the names of those that no present key opens."""

    sealed: int
    shut: tuple[str, ...]


def draw_key() -> None:
    """Put a new key before the others in the key file; `SourceRefused` E-SRC-007 where it cannot be read or written."""
    secrets.check()
    _write([Fernet.generate_key().decode(), *_lines()])


def seal_anew(session: Session) -> Sealed:
    """Seal every credential with the newest key; the caller commits."""
    source, done, shut = t.source.c, 0, []
    rows = session.execute(
        sa.select(source.id, source.name, source.secrets)
        .where(source.secrets != sa.text("'{}'::jsonb"))
        .order_by(source.id)
        .with_for_update()
    ).all()
    for row in rows:
        try:
            anew = secrets.sealed_anew(row.secrets, name=row.name)
        except SourceRefused:
            shut.append(row.name)
            continue
        session.execute(sa.update(t.source).where(source.id == row.id).values(secrets=anew))
        done += 1
    return Sealed(done, tuple(sorted(shut)))


def retire() -> int:
    """Keep only the newest key; how many went."""
    newest, *older = _lines()
    _write([newest])
    return len(older)


def _path() -> Path:
    return Path(str(config.get("ckanext.satudata.secrets_file")))


def _lines() -> list[str]:
    return _path().read_text("ascii").split()


def _write(lines: list[str]) -> None:
    """Replace the file in one step, readable for its owner only, and the same owner as before."""
    path = _path()
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".kunci-")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        before = path.stat()
        if os.geteuid() == 0:
            os.chown(name, before.st_uid, before.st_gid)
        Path(name).replace(path)
    except OSError as error:
        raise SourceRefused("E-SRC-007") from error
