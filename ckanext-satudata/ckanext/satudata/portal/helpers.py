"""What templates may call, each under the prefix `satudata_`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def all_helpers() -> dict[str, Callable[..., Any]]:
    """Template helpers by the name under which templates call them."""
    return {}
