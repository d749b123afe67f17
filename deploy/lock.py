"""Renew the locks: `python -m deploy.lock` pins every requirement with hashes, from releases at least a week old.

A malicious release is usually found within days; what is a week old has been looked at. Needs `uv` (in `.[dev]`). The
package index is whatever the machine is configured for; its address is not written down.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from deploy.layout import CHECKOUT

LOCKS = CHECKOUT / "deploy" / "requirements"
COOL_DOWN = timedelta(days=7)
OLDEST_PYTHON = "3.10"

BUILD = "deploy/requirements/build.in"
AGREEING = ["-c", "deploy/requirements/development.txt"]

#: lock -> what it is made from; the later ones hold a part of the first, but `stock`, which is never installed into it
INPUTS = {
    "development.txt": ["pyproject.toml", "--extra", "ckan", "--extra", "database", "--extra", "dev", BUILD],
    "platform.txt": ["pyproject.toml", "--extra", "ckan", "--extra", "database", BUILD, *AGREEING],
    "build.txt": [BUILD, *AGREEING],
    "stock.txt": ["deploy/requirements/stock.in"],
}


def renew(lock: Path, inputs: list[str], today: datetime) -> None:
    """Write one lock for every supported Python and machine."""
    published_before = (today - COOL_DOWN).date().isoformat()
    command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", *inputs, "--quiet", "--upgrade"]
    command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--exclude-newer", published_before, "-o", str(lock)]
    subprocess.run(command, check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
    header = f"# Pinned with hashes by `make lock`: published before {published_before}, written {today:%Y-%m-%d}.\n"
    lock.write_text(header + lock.read_text("utf-8"), "utf-8")


if __name__ == "__main__":
    for name, made_from in INPUTS.items():
        renew(LOCKS / name, made_from, datetime.now(timezone.utc))
