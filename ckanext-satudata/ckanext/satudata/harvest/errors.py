"""What the harvest room refuses, each with an issue code and parameters; sentences are rendered in the reader's
language.
"""

from __future__ import annotations

from typing import Any

from satudata_harvesters.errors import ConfigError, clean


class Refused(Exception):  # noqa: N818 - the caller asked for something that may not be; nothing has failed
    """Something that was asked for is not done: `code` and `params` say why; nothing has been changed."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params: dict[str, Any] = {name: clean(value) for name, value in params.items()}
        super().__init__(code)


class SourceRefused(Refused):
    """A source cannot be added, changed or found as asked. `errors` are all mistakes of its file, each with pointer
    and line.
    """

    def __init__(self, code: str, *, errors: tuple[ConfigError, ...] = (), **params: Any) -> None:
        super().__init__(code, **params)
        self.errors = errors


class RunRefused(Refused):
    """A run cannot be started, stopped or decided as asked."""


class RunLost(Exception):  # noqa: N818 - a signal to stop, not an error
    """The run was cancelled or taken up by another worker: stop without a trace."""
