"""Secrets: drawn on this machine, one a file of mode 600, never in the repository, never in a command line."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from deploy.layout import Account, write_private


def hexadecimal() -> str:
    """Draw 32 random bytes as hexadecimal digits: safe in URLs and INI files."""
    return secrets.token_hex(32)


def sealing_key() -> str:
    """Draw a key of the form Fernet takes."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def readable_password() -> str:
    """Draw a password that a person can type: 20 characters without look-alikes."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    drawn = [secrets.choice(letters) for _ in range(20)]
    return "-".join("".join(drawn[at : at + 5]) for at in range(0, 20, 5))


def kept(file: Path, account: Account, draw: Callable[[], str] = hexadecimal) -> str:
    """Return the secret in `file`, which is drawn and written the first time."""
    if not file.exists():
        write_private(file, draw() + "\n", account)
    return file.read_text("utf-8").strip()
