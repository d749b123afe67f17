"""Cuts a truth set in two halves by the hash of each entry: one to develop on, one that is never looked at."""

from __future__ import annotations

import hashlib


def unseen(key: str) -> bool:
    """Whether an entry belongs to the half that nobody looks at while developing."""
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 1
