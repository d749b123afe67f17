"""Records that are stored, mapped again from what their source sent, where the source's mapping, template or defaults
have changed since: a record becomes what the next harvest would make of the same bytes, without a request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from ckanext.satudata.catalog import held as held_values
from ckanext.satudata.catalog import raw
from ckanext.satudata.catalog.opd import Resolver
from ckanext.satudata.catalog.write import Write, Written
from ckanext.satudata.harvest.batch import item_of, judged
from ckanext.satudata.harvest.reading import Rules
from ckanext.satudata.harvest.standing import Known
from satudata_harvesters.errors import ConfigError
from satudata_schemas.issue import Issue

#: Issues that mapping finds again or no more; those of how a record came besides (sent twice, not storable) stay.
_OF_MAPPING = ("W-MAP-", "E-MAP-", "W-OPD-")
#: The first half of the rules' version of what was sent over the API in the contract's own words.
_UNMAPPED = "api"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A batch mapped again: what is to be written of those that became another version, by record; those that are what
    they were (`same`); those whose mapping has changed and of which too little is kept (`left`).
    """

    writes: Mapping[str, Write]
    same: frozenset[str]
    left: int


class Remapping:
    """The rules a source's records are mapped by today."""

    def __init__(self, session: Session, source: Mapping[str, Any]) -> None:
        self.session = session
        self.rules = _rules(source)
        self._resolver: Resolver | None = None

    def map(
        self,
        rows: Sequence[Mapping[str, Any]],
        holding: Mapping[str, Sequence[held_values.Held]],
        notes: Mapping[str, Sequence[Issue]],
    ) -> Mapped:
        """Map those of these records (whole rows) whose rules are no longer today's; `notes` tell how each came."""
        rules = self.rules
        if rules is None:
            return Mapped({}, frozenset(), 0)
        outdated = [row for row in rows if row["rules_version"] != rules.rules_version and _is_mapped(row)]
        sent = raw.load(self.session, [row["id"] for row in outdated]) if outdated else {}
        writes: dict[str, Write] = {}
        same: set[str] = set()
        left = 0
        for row in outdated:
            known = Known.of(row)
            item = item_of(rules, self.resolver, sent[known.id]) if known.id in sent else None
            if item is None or item.dataset is None or item.identifier != known.identifier:
                left += known.shaped_otherwise(rules.rules_version)
            elif item.fingerprint == known.fingerprint:
                same.add(known.id)
            else:
                asked = judged(rules, item, item.dataset, known, holding.get(known.id, ()))
                writes[known.id] = _as_it_stands(asked, row, notes.get(known.id, ()))
        return Mapped(writes, frozenset(same), left)

    @property
    def resolver(self) -> Resolver:
        """The offices that publishers' names mean, read once."""
        if self._resolver is None:
            self._resolver = Resolver(self.session)
        return self._resolver

    def note(self, writes: Collection[Write], results: Collection[Written]) -> None:
        """What is kept of these records belongs to the versions that were written."""
        stored = {one.record_id: one.fingerprint or "" for one in writes}
        written = [result.record_id for result in results if result.outcome != "refused"]
        raw.rename(self.session, {id_: stored[id_] for id_ in written})


def _rules(source: Mapping[str, Any]) -> Rules | None:
    """None where nothing can be mapped: a definition that no longer holds, an application whose rows are counted."""
    try:
        rules = Rules.of(source)
    except ConfigError:
        return None
    return None if rules.aggregates else rules


def _is_mapped(row: Mapping[str, Any]) -> bool:
    shape, divided, _ = (row["rules_version"] or "").partition(":")
    return bool(divided) and shape != _UNMAPPED


def _as_it_stands(asked: Write, row: Mapping[str, Any], notes: Sequence[Issue]) -> Write:
    """The write a harvest would ask for, but for what only a harvest can tell: that the source still holds it."""
    assert asked.assessment is not None  # noqa: S101 - what is judged has one
    kept = [note for note in notes if not note.code.startswith(_OF_MAPPING)]
    return replace(
        asked,
        assessment=replace(asked.assessment, issues=(*asked.assessment.issues, *kept)),
        expected_version=row["version"],
        standing={"tidak_ditemukan_sejak": row["tidak_ditemukan_sejak"]},
    )
