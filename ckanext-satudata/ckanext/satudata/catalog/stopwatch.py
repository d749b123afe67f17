"""How long a run's stages take: seconds by name, each without those within it. Where nobody measures, nothing is kept.

Stages run in several threads at once (fetching, writing, indexing), so their sum may be more than the run's own time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import TracebackType

_current: ContextVar[Stages | None] = ContextVar("satudata_stages", default=None)
_nothing: AbstractContextManager[None] = nullcontext()


class Stages:
    """Seconds by stage, going on from what is `stored`."""

    def __init__(self, stored: Mapping[str, float] | None = None) -> None:
        self._seconds: dict[str, float] = dict(stored or {})
        self._open = threading.local()
        self._lock = threading.Lock()

    def during(self, name: str) -> AbstractContextManager[None]:
        """Count the block's time for this stage, and not for the one around it."""
        return _Span(self, name)

    def add(self, name: str, seconds: float) -> None:
        """Count seconds that somebody else has measured."""
        with self._lock:
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def to_json(self) -> dict[str, float]:
        """Seconds by stage, to milliseconds."""
        return {name: round(max(value, 0.0), 3) for name, value in list(self._seconds.items())}

    @property
    def spans(self) -> list[_Span]:
        """What is open in this thread, the innermost last."""
        if not hasattr(self._open, "spans"):
            self._open.spans = []
        found: list[_Span] = self._open.spans
        return found


class _Span(AbstractContextManager[None]):
    __slots__ = ("_begun", "_name", "_stages", "within")

    def __init__(self, stages: Stages, name: str) -> None:
        self._stages, self._name = stages, name
        self._begun = self.within = 0.0

    def __enter__(self) -> None:
        self._stages.spans.append(self)
        self._begun = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        took = time.perf_counter() - self._begun
        spans = self._stages.spans
        spans.pop()
        if spans:
            spans[-1].within += took
        self._stages.add(self._name, took - self.within)


def during(name: str) -> AbstractContextManager[None]:
    """Count the block's time for a stage of the run that is being worked on, if there is one."""
    stages = _current.get()
    return stages.during(name) if stages is not None else _nothing


@contextmanager
def measuring(stages: Stages) -> Iterator[None]:
    """Keep what `during` measures in the block, also in threads that are given its context."""
    token = _current.set(stages)
    try:
        yield
    finally:
        _current.reset(token)
