"""Whether everyone may read how a dataset was judged: its score, and what is to be mended in it.

They are for its OPD and the Walidata, unless the configuration opens them: then for what is published and open, and
never of a version that is not: what was found in one that waits, or that may not be loaded, stays inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckan.common import config

#: The configuration's key; closed unless it says otherwise.
OPENED = "ckanext.satudata.open_assessment"


def is_open() -> bool:
    """Whether the configuration opens assessments."""
    return bool(config.get(OPENED))


def tells_score(record: Mapping[str, Any]) -> bool:
    """Whether everyone may read the score of a record's published version (`status, hak_akses, hasil`)."""
    open_to_all = (
        record["status"] == "tayang" and record["hak_akses"] == "terbuka" and record["hasil"] != "tidak_dimuat"
    )
    return open_to_all and is_open()


def tells_issues(record: Mapping[str, Any], *, waits: bool) -> bool:
    """Whether everyone may read its issues: those of its newest version, unless that `waits` beside the published."""
    return not waits and tells_score(record)
