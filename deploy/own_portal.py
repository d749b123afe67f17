"""`make demo SOURCE=https://...`: one's own CKAN portal, harvested beside the demo."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from deploy.installation import WALIDATA
from deploy.steps import StepError
from deploy.wording import say

PREFIX = "portal-sendiri"
LONGEST_NAME = 60


def name(url: str) -> str:
    """Name the source after its host."""
    host = (urlsplit(url).hostname or "").lower()
    return f"{PREFIX}-{re.sub(r'[^a-z0-9]+', '-', host).strip('-')}"[:LONGEST_NAME].rstrip("-")


def source_file(url: str) -> str:
    """Write the source file; StepError for what is no address of a portal."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or re.search(r"[\s\"'\\]", url):
        raise StepError(
            say("SOURCE bukan alamat portal", "SOURCE is no address of a portal"),
            say(
                "Contoh: make demo SOURCE=https://data.contoh.go.id", "E.g.: make demo SOURCE=https://data.contoh.go.id"
            ),
        )
    values = {
        "name": name(url),
        "title": f"Portal {parts.hostname}",
        "organization": WALIDATA,
        "connector": "ckan",
        "url": f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}",
        "penayangan": "otomatis",
        "profile": "transisi",
    }
    return "".join(f'{key}: "{value}"\n' for key, value in values.items())
