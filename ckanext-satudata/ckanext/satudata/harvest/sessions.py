"""Database sessions of the harvest's own, apart from a web request's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ckan import model
from sqlalchemy.orm import Session


@contextmanager
def session() -> Iterator[Session]:
    """A session on CKAN's database; what is not committed by its user is rolled back."""
    opened: Session = model.meta.create_local_session()
    try:
        yield opened
    finally:
        opened.close()
