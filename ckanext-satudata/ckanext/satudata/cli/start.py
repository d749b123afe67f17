"""A database that is down stops CKAN before any command of ours begins: also then a sentence and exit code 3, no
traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from sqlalchemy.exc import OperationalError

from satudata_harvesters.errors import render

SERVICE = 3


def explain_missing_database() -> None:
    """Where this process is a `ckan satudata …`, put words in the place of the traceback of a failed connection."""
    if Path(sys.argv[0]).name == "ckan" and "satudata" in sys.argv:
        sys.excepthook = _explain


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, OperationalError):
        sys.__excepthook__(kind, error, trace)
        return
    english = any(pair == ("--lang", "en") for pair in zip(sys.argv, sys.argv[1:], strict=False))
    cause, remedy = render("E-SVC-001", {"service": "Postgres"}, "en" if english else "id")
    sys.stderr.write(f"{cause} {remedy} [E-SVC-001]\n")
    sys.stderr.flush()
    os._exit(SERVICE)
