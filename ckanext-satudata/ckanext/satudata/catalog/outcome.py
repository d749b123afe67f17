"""What a write makes of a record: where it stands after, and which of its versions the public sees. Pure.

The states are those of Perpres 39/2019's stages: checked before it is published, returned where it does not conform,
and a published dataset stays as it was while its next version is being mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Record = Mapping[str, Any]
Kept = Literal["new", "pending", "none"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a record stands after a write.

    `keep` says what becomes of the version that came with it: `new`, it is the dataset now; `pending`, it waits
    beside the published one; `none`, there is none, or it must not be kept (personal data).
    """

    status: str
    keep: Kept
    hasil: str

    @property
    def public(self) -> bool:
        """Whether everyone finds it."""
        return self.status == "tayang"

    @property
    def withdrawn(self) -> bool:
        """Whether it is gone from the catalogue, but for its tombstone."""
        return self.status == "ditarik"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a write asks for: its action and status, the judgement that came with it, whether it brings a version."""

    action: str
    status: str | None
    hasil: str | None
    brings: bool
    same_content: bool = False


def outcome(before: Record | None, asked: Asked, *, status_before_withdrawal: str | None = None) -> Outcome:
    """Decide. `before` is the record's row, None for a new one.

    Nothing is published that is not `layak`: asked to, it is held as `draf`. Asked to hold a new version of what is
    published, the published one stays and the new one waits, unless the published one itself is what must not be seen.
    """
    hasil = asked.hasil or (str(before["hasil"]) if before else "perlu_perbaikan")
    if asked.action == "withdraw":
        return Outcome("ditarik", "new" if asked.brings else "none", hasil)
    if asked.action == "restore":
        back = asked.status or ("tayang" if asked.hasil == "layak" else status_before_withdrawal or "draf")
        return _shown(back, asked, hasil)
    if asked.action == "publish" and hasil == "layak":
        return _shown("tayang", asked, hasil)
    return _held(before, asked, hasil)


def _shown(status: str, asked: Asked, hasil: str) -> Outcome:
    keep: Kept = "new" if asked.brings and hasil != "tidak_dimuat" else "none"
    if status == "tayang" and hasil != "layak":
        status = "draf"
    return Outcome(status, keep, hasil)


def _held(before: Record | None, asked: Asked, hasil: str) -> Outcome:
    standing = asked.status or ("menunggu" if hasil == "layak" else "draf")
    published = before is not None and before["status"] == "tayang"
    if standing == "tayang" and not published:
        standing = "menunggu"  # nothing becomes public by being held
    if hasil == "tidak_dimuat":
        stays = published and not asked.same_content
        return Outcome("tayang" if stays else "draf", "none", hasil)
    if published and asked.hasil is not None and (asked.brings or asked.same_content):
        if asked.same_content:
            return Outcome("tayang", "none", hasil)
        return Outcome("tayang", "pending", hasil)
    return Outcome(standing, "new" if asked.brings else "none", hasil)


def waits_for(row: Record) -> str | None:
    """Whose decision a record, or the next version beside its published one, waits for: `menunggu` the Walidata's,
    `disetujui` the Pembina's; None where it waits for nobody's (`status.waits` says the same in SQL).
    """
    if row["status"] in ("menunggu", "disetujui"):
        return str(row["status"])
    if row["status"] == "tayang" and row["pending"] is not None and row["hasil"] == "layak":
        turn = row["pending_status"] or "menunggu"
        return turn if turn in ("menunggu", "disetujui") else None
    return None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the change log."""

    kind: Literal["created", "changed", "removed", "restored"]
    audience: Literal["public", "full"]


def entries(before: Record | None, after: Outcome, *, seen_changed: bool) -> list[Entry]:
    """What readers of the change log are told. `seen_changed`: whether what the public sees differs.

    Public to private is a removal for the public and a change for those who may still see it.
    """
    known = before is not None and before["package_id"] is not None
    was_public = known and before is not None and before["status"] == "tayang"
    was_withdrawn = known and before is not None and before["status"] == "ditarik"
    if after.withdrawn:
        return [] if was_withdrawn or not known else [Entry("removed", "public" if was_public else "full")]
    if was_withdrawn:
        return [Entry("restored", "public" if after.public else "full")]
    if was_public and not after.public:
        return [Entry("removed", "public"), Entry("changed", "full")]
    if was_public:
        return [Entry("changed", "public" if seen_changed else "full")]
    if after.public:
        return [Entry("created", "public")]
    return [Entry("changed" if known else "created", "full")]
