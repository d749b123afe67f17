"""Reading a source up to the point where it fails."""

from __future__ import annotations

from collections.abc import Iterable

from satudata_harvesters.connector import Page
from satudata_harvesters.errors import SourceError


def until_it_fails(pages: Iterable[Page]) -> tuple[list[Page], SourceError]:
    """The pages that came, and the error that ended them."""
    came: list[Page] = []
    try:
        came.extend(pages)
    except SourceError as error:
        return came, error
    raise AssertionError("the source was read to its end")
