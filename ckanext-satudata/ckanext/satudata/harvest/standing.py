"""Where a dataset is to stand after a harvest has judged its newest version. Pure: no database, no clock.

The states and the ways between them are those of contracts.md; the law behind them is Perpres 39/2019 (the Walidata checks
before it publishes, and returns what does not conform).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

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

    @property
    def gone_by_absence(self) -> bool:
        """Withdrawn because its source no longer sent it, so that it comes back when the source does."""
        return self.status == "ditarik" and self.tidak_ditemukan_sejak is not None

    @property
    def gone_by_hand(self) -> bool:
        """Withdrawn by a person; a harvest leaves it alone."""
        return self.status == "ditarik" and self.tidak_ditemukan_sejak is None


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


def standing(known: Known | None, hasil: str, *, penayangan: str) -> Standing:
    """What becomes of a record whose newest version was judged `hasil`, in a source of that `penayangan`.

    What is published stays published: its next version is published without asking again when it is `layak`, and is kept
    beside it (`perbaikan_tertunda`) when it is not. What the Walidata returned comes back to its queue with the next changed
    version that is `layak`.
    """
    back = known is not None and known.gone_by_absence
    if hasil == "layak":
        published = known is not None and (known.status == "tayang" or (back and known.reviewed))
        if published or penayangan == "otomatis":
            return Standing("restore" if back else "publish")
        return Standing("hold", "menunggu")
    if known is not None and known.status == "dikembalikan":
        return Standing("hold", "dikembalikan")
    return Standing("hold", "draf")
