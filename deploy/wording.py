"""What the operator reads: Indonesian, or English with `SATUDATA_LANG=en`; the machine's own LANG plays no part."""

from __future__ import annotations

import os


def say(indonesian: str, english: str) -> str:
    """Choose the operator's language; both sentences stand beside each other where they are used."""
    return english if os.environ.get("SATUDATA_LANG", "id").lower().startswith("en") else indonesian
