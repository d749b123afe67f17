"""A connector for a protocol the package does not know: an agency's regulations in its legal network (JDIH)."""

from __future__ import annotations

from typing import Any, ClassVar

from satudata_harvesters.connector import Connector, Page
from satudata_harvesters.credentials import AUTH_SCHEMA
from satudata_harvesters.errors import SourceError


class Jdih(Connector):
    """Regulations that an agency publishes as one JSON array."""

    kind = "jdih"
    title: ClassVar[dict[str, str]] = {"id": "JDIH", "en": "Legal documentation network"}
    config_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {"url": {"type": "string", "title": "Alamat"}, "auth": AUTH_SCHEMA},
    }

    def pages(self, after=None, validators=None, since=None):
        """One page with everything."""
        answer = self.http.request("GET", self.config["url"], validators=(validators or {}).get("semua"))
        if answer.unchanged:
            yield Page("semua", [], "", last=True, unchanged=True, validators=answer.validators)
            return
        # Some agencies wrap the array in {"data": …}; the guideline says it is bare.
        found = answer.json()
        found = found.get("data") if isinstance(found, dict) else found
        if not isinstance(found, list):
            raise SourceError("E-TRK-015", url=answer.asked, path="(akar)")
        yield Page(
            "semua", [item for item in found if isinstance(item, dict)], "", last=True, validators=answer.validators
        )
