"""Where a dataset is to stand after a harvest has judged its newest version. Pure: no database, no clock.

The states and the ways between them are those of contracts.md; the law behind them is Perpres 39/2019 (the Walidata
checks before it publishes, and returns what does not conform).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ckanext.satudata.catalog.write import Action


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue already holds of a record."""

    id: str
    identifier: str
    fingerprint: str | None
    rules_version: str | None
    hasil: str
    status: str
    tidak_ditemukan_sejak: date | None
    package_id: str | None
    reviewed: bool

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Known:
        """From a record's whole row."""
        names = (
            "id", "identifier", "fingerprint", "rules_version", "hasil", "status", "tidak_ditemukan_sejak",
            "package_id",
        )  # fmt: skip
        return cls(**{name: record[name] for name in names}, reviewed=record["reviewed_at"] is not None)

    @property
    def gone_by_absence(self) -> bool:
        """Withdrawn because its source no longer sent it, so that it comes back when the source does."""
        return self.status == "ditarik" and self.tidak_ditemukan_sejak is not None

    @property
    def gone_by_hand(self) -> bool:
        """Withdrawn by a person; a harvest leaves it alone."""
        return self.status == "ditarik" and self.tidak_ditemukan_sejak is None

    def shaped_otherwise(self, rules_version: str) -> bool:
        """Whether the source's mapping, template or columns were others when the stored version was made."""
        return (self.rules_version or "").partition(":")[0] != rules_version.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """What `catalog.write` is to do with a record; `status` is where a held one stands."""

    action: Action
    status: str | None = None


def unchanged(known: Known | None, fingerprint: str, rules_version: str) -> bool:
    """Whether nothing has to be written: same content, same rules, and not on its way out."""
    return (
        known is not None
        and known.fingerprint == fingerprint
        and known.rules_version == rules_version
        and known.tidak_ditemukan_sejak is None
    )


def standing(known: Known | None, hasil: str, *, penayangan: str, rules_version: str) -> Standing:
    """What becomes of a record whose newest version was judged `hasil`, in a source of that `penayangan`.

    What is published stays published: its next version is published without asking again when it is `layak`, and is
    kept
    beside it when it is not, or when the source's mapping, template or columns changed and the Walidata has to look
    again. What the Walidata returned comes back to its queue with the next changed version that is `layak`.
    """
    back = known is not None and known.gone_by_absence
    if hasil == "layak":
        if penayangan == "otomatis":
            return Standing("restore" if back else "publish")
        approved = known is not None and (known.status == "tayang" or (back and known.reviewed))
        if known is not None and approved and not known.shaped_otherwise(rules_version):
            return Standing("restore" if back else "publish")
        return Standing("hold", "menunggu")
    if known is not None and known.status == "dikembalikan":
        return Standing("hold", "dikembalikan")
    return Standing("hold", "draf")
