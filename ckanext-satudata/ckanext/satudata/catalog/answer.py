"""The API's answer for one dataset, rendered once when it is written and read many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from satudata_schemas.dataset import Dataset

Audience = Literal["public", "full"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A rendered answer: `etag` as it stands in the header, quotes included, and the JSON `body`."""

    etag: str
    body: str


def render(
    dataset: Dataset,
    *,
    record: Mapping[str, Any],
    organization: Mapping[str, Any],
    source: Mapping[str, Any],
) -> dict[Audience, Answer]:
    """The answers for both audiences.

    `record` is the row of `satudata_record` as written, `organization` has `id, name, title` of the owning OPD, `source`
    has `id, name, title, connector, url`.
    """
    raise NotImplementedError
