"""How an application's API says that a request failed, whatever its HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FLAGS = ("success", "status", "api_status")
_FAILED = frozenset({"error", "failed", "failure", "fail", "gagal", "false"})


def flagged(value: Any) -> bool:
    """Whether one of the usual flags of an answer says so: `{"success": false}`, `{"status": "error"}`."""
    told = [value.get(flag) for flag in _FLAGS] if isinstance(value, Mapping) else []
    return any(str(one).lower() in _FAILED for one in told if isinstance(one, str | bool))
