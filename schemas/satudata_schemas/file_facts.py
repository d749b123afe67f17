"""What is known of a linked file after it was looked at: the rules judge by it, and count nothing that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from satudata_schemas.personal_data import Finding


@dataclass(frozen=True)
class FileFacts:
    """Facts about one link. None always means "not looked at", never "no".

    `reachable`: the link answered; `format`: what the content is, as a code of the vocabulary `format`; `readable`:
    it could be read as that;
    `columns`: names of its columns; `personal`: the personal data found in it.
    """

    reachable: bool | None = None
    format: str | None = None
    readable: bool | None = None
    columns: tuple[str, ...] | None = None
    rows: int | None = None
    personal: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, for keeping."""
        return {
            "reachable": self.reachable,
            "format": self.format,
            "readable": self.readable,
            "columns": list(self.columns) if self.columns is not None else None,
            "rows": self.rows,
            "personal": [one.to_dict() for one in self.personal],
        }

    @staticmethod
    def from_dict(kept: Mapping[str, Any]) -> FileFacts:
        """What `to_dict` gave."""
        columns = kept.get("columns")
        return FileFacts(
            kept.get("reachable"),
            kept.get("format"),
            kept.get("readable"),
            tuple(columns) if columns is not None else None,
            kept.get("rows"),
            tuple(
                Finding(one["kind"], one["count"], one["example"], one.get("column"))
                for one in kept.get("personal") or ()
            ),
        )
