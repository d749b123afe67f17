"""Pages cut and gathered into portions of one transaction each, and the checkpoint that names where a portion ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from satudata_harvesters.connector import Page
from satudata_harvesters.errors import ReadingError, RecordError

#: Unchanged pages cost next to nothing; so many of them are settled in one transaction.
MAX_PAGES = 50
#: Bytes of records that are kept together; a batch of usual ones has a tenth of them.
MAX_BYTES = 64 * 1024 * 1024
#: A slow source's records are not kept waiting longer than this for a full portion.
SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a run has come: behind the page `after`, and `skip` records into the next one."""

    after: str | None = None
    skip: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Checkpoint:
        """Read what `str` wrote; the beginning for None."""
        if not text:
            return cls()
        stored = json.loads(text)
        return cls(stored["after"], stored["skip"])

    def __str__(self) -> str:
        return json.dumps({"after": self.after, "skip": self.skip})


@dataclass(slots=True)
class Slice:
    """Part of a page: its raw records from `start`, and whether the page ends with them."""

    page: Page
    start: int
    records: Sequence[dict[str, Any]]
    ends: bool
    checkpoint: Checkpoint = field(default_factory=Checkpoint)  # behind it


@dataclass(slots=True)
class Portion:
    """What one transaction settles, or several where much of it has to be written."""

    slices: list[Slice] = field(default_factory=list)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    last: bool = False

    @property
    def size(self) -> int:
        """How many raw records it holds."""
        return sum(len(part.records) for part in self.slices)

    @property
    def nbytes(self) -> int:
        """How many bytes of a source it keeps, where they are not parsed yet."""
        return sum(getattr(part.records, "nbytes", 0) for part in self.slices)

    @property
    def total(self) -> int | None:
        """How many records the source says it holds."""
        return next((part.page.total for part in reversed(self.slices) if part.page.total is not None), None)

    @property
    def errors(self) -> list[RecordError]:
        """Records that exist but could not be read."""
        return [error for part in self.slices if part.ends for error in part.page.errors]

    def divided(self, count: int) -> tuple[Portion, Portion]:
        """The first so many slices as a portion of its own, and what is left, which may be nothing."""
        head, rest = self.slices[:count], self.slices[count:]
        if not rest:
            return self, Portion(checkpoint=self.checkpoint)
        return Portion(head, head[-1].checkpoint), Portion(rest, self.checkpoint, self.last)


def portions(
    pages: Iterable[Page],
    start: Checkpoint,
    size: int,
    *,
    seconds: float = SECONDS,
    gather: Callable[[], int] | None = None,
) -> Iterator[Portion]:
    """Gather pages up to `size` records or for some `seconds`, and cut those that hold more; ends after the page with
    `last`.

    `gather` is asked for each page how many records are to come together, where that is more than `size`. What the
    pages raise is raised after a portion with what came before it.
    """
    portion, began = Portion(checkpoint=start), time.monotonic()
    after, skip = start.after, start.skip
    failure: ReadingError | None = None
    source = iter(pages)
    while not portion.last:
        try:
            page = next(source)
        except StopIteration:
            break
        except ReadingError as error:
            failure = error
            break
        for part in _cut(page, skip, size):
            part.checkpoint = (
                Checkpoint(page.checkpoint) if part.ends else Checkpoint(after, part.start + len(part.records))
            )
            portion.slices.append(part)
            portion.last, portion.checkpoint = page.last and part.ends, part.checkpoint
            late = time.monotonic() - began > seconds
            large = len(portion.slices) >= MAX_PAGES or portion.nbytes >= MAX_BYTES
            if late or large or portion.size >= (gather() if gather else size) or portion.last:
                yield portion
                portion, began = Portion(checkpoint=portion.checkpoint, last=portion.last), time.monotonic()
        after, skip = page.checkpoint, 0
    if portion.slices:
        yield portion
    if failure is not None:
        raise failure


def _cut(page: Page, skip: int, size: int) -> Iterator[Slice]:
    if len(page.records) <= skip:
        yield Slice(page, skip, [], ends=True)
        return
    for start in range(skip, len(page.records), size):
        records = page.records[start : start + size]
        yield Slice(page, start, records, ends=start + len(records) >= len(page.records))
