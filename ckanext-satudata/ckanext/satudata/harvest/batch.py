"""One portion of a source becomes one transaction: mapped, compared with what is known, judged, written.

A portion costs a fixed number of SQL statements, however many records it holds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import erase, raw
from ckanext.satudata.catalog import held as held_values
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.opd import Resolver
from ckanext.satudata.catalog.stopwatch import during
from ckanext.satudata.catalog.write import Write, Written, write
from ckanext.satudata.harvest import removal
from ckanext.satudata.harvest.pages_read import PagesRead, Printed, bodies, entry, prints
from ckanext.satudata.harvest.portions import Portion, Slice
from ckanext.satudata.harvest.reading import Reading, Rules
from ckanext.satudata.harvest.reckoning import Reckoning
from ckanext.satudata.harvest.runs import Claim
from ckanext.satudata.harvest.standing import Known, standing, unchanged
from satudata_harvesters.errors import RecordError
from satudata_schemas import personal_data
from satudata_schemas.checks_personal import people_in
from satudata_schemas.dataset import Dataset, canonical, fingerprint, plain_text
from satudata_schemas.issue import Issue, excerpt

REPEATED = "W-DUP-001"
UNKNOWN_PUBLISHER = "W-OPD-001"

_rec = t.record.c


@dataclass(frozen=True, slots=True)
class Item:
    """One record on its way: `dataset` is None for one known to be unchanged, and for one that could not be read."""

    identifier: str
    dataset: Dataset | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    owner_org: str = ""
    fingerprint: str = ""
    error: RecordError | None = None
    print: str = ""  # of the bytes it came in
    body: bytes = b""  # these bytes, of one that was read


def settle(
    session: Session, reading: Reading, held: Claim, portion: Portion, reckoning: Reckoning, *, size: int
) -> tuple[Portion, Portion, list[Written]]:
    """Do what a portion asks for, up to the slice with which `size` records have been mapped; the caller has prolonged
    the run's lease before and commits after.

    What was settled, what is left of the portion, and what was written.
    """
    with during("rows"):
        if _settle_unchanged(session, reading.source_id, held.run_id, portion, reckoning):
            return portion, Portion(checkpoint=portion.checkpoint), []
        return _settle(session, reading, held, portion, reckoning, size)


def _settle_unchanged(session: Session, source_id: str, run_id: str, portion: Portion, reckoning: Reckoning) -> bool:
    """Meet unchanged pages without touching one of their records; False where it takes a closer look.

    That is so where something of the portion has to be read, and where a record stands on two pages of this run.
    """
    keys = sorted({part.page.key for part in portion.slices})
    if not all(part.page.unchanged for part in portion.slices) or portion.errors or len(keys) < len(portion.slices):
        return False
    page, of_source = t.page.c, t.page.c.source_id == source_id
    here = (
        sa.select(sa.func.unnest(page.identifiers).label("identifier")).where(of_source, page.key.in_(keys)).cte("here")
    )
    before = removal.listed(source_id, run_id)
    again = sa.select(sa.literal(1)).where(_rec.source_id == source_id, _rec.identifier == here.c.identifier)
    told = session.execute(
        sa.select(
            sa.select(sa.func.count()).where(of_source, page.key.in_(keys)).scalar_subquery(),
            sa.func.count(),
            sa.func.count(here.c.identifier.distinct()),
            # IN within an aggregate: looked up in a hash, whatever Postgres takes the sizes for.
            sa.func.bool_or(here.c.identifier.in_(sa.select(before.c.identifier))),
            sa.exists(again.where(t.seen.c.run_id == run_id, t.seen.c.record_id == _rec.id).correlate(None)),
        ).select_from(here)
    ).one()
    known, records, different, listed, seen = told
    if known < len(keys) or different < records or listed or seen:
        return False
    session.execute(sa.update(t.page).where(of_source, page.key.in_(keys)).values(run_id=run_id))
    for _ in keys:
        reckoning.unchanged_page()
    reckoning.add(read=records, unchanged=records)
    return True


def _settle(
    session: Session, reading: Reading, held: Claim, portion: Portion, reckoning: Reckoning, size: int
) -> tuple[Portion, Portion, list[Written]]:
    resolver = Resolver(session)
    keys = [part.page.key for part in portion.slices]
    pages = PagesRead(
        session, reading.source_id, keys, rules_version=reading.rules_version, circumstances=resolver.circumstances
    )
    meeting = _Meeting(session, reading.source_id, held.run_id, skipped_pages=reckoning.skipped_pages)
    items: list[Item] = []
    mapped = settled = 0
    for part in portion.slices:
        if part.page.unchanged:
            found = [Item(identifier) for identifier in pages.held(part.page.key)]
            reckoning.unchanged_page()
        else:
            found = _read(reading, resolver, meeting, part, pages.printed(part.page.key))
        pages.add(part, [(item.identifier, entry(item.print, item.fingerprint)) for item in found])
        items += found
        mapped += sum(item.dataset is not None for item in found)
        settled += 1
        if mapped >= size:
            break
    done, left = portion.divided(settled)
    items += [Item(error.identifier or "", error=error) for error in done.errors]
    reckoning.add(read=len(items))
    with during("postgres"):
        meeting.look({item.identifier for item in items if item.identifier})
    known = meeting.known
    once, repeats = _first_of_each(meeting, items, reckoning)
    differing = [item for item in once if _differs(reading, item, known.get(item.identifier))]
    with during("postgres"):
        packages = [row.id for item in differing if (row := known.get(item.identifier)) and row.package_id]
        holding = held_values.load(session, packages) if packages else {}
        now = session.scalar(sa.select(sa.func.now())) if differing else None
    writes = [replace(one, standing={"last_seen": now}) for one in _writes(reading, differing, known, holding)]
    results = write(session, writes, actor=None, run=held.run_id) if writes else []
    reckoning.written(
        results,
        datasets={item.identifier: item.assessment.hasil != "tidak_dimuat" for item in writes if item.assessment},
    )
    reckoning.add(unchanged=len([item for item in once if item.error is None]) - len(writes))
    if not reading.aggregates:
        _keep_sent(session, differing, writes, results)
    met = {known[item.identifier].id for item in once if item.identifier in known}
    stored = {result.identifier: result.record_id for result in results if result.outcome != "refused"}
    ids = {row.identifier: row.id for row in known.values()} | stored
    with during("postgres"):
        _meet(session, held.run_id, met | set(stored.values()))
        _note(session, held.run_id, ids, _notes(repeats, once, results))
        pages.store(held.run_id)
    return done, left, results


def _read(
    reading: Reading, resolver: Resolver, meeting: _Meeting, part: Slice, printed: Mapping[str, Printed]
) -> list[Item]:
    """The records of part of a page: mapped, but for those that came before in the same bytes and stand unchanged."""
    with during("fingerprint"):
        sent = bodies(part.records)
        made = prints(sent, resolver.circumstances)
    before = [printed.get(one) for one in made]
    with during("postgres"):
        meeting.look({told.identifier for told in before if told})
    erased = erase.of_source(meeting.session, meeting.source_id) if None in before else ()
    items = []
    for place, (one, told) in enumerate(zip(made, before, strict=True)):
        known = meeting.known.get(told.identifier) if told else None
        if told and known and known.fingerprint and _stands(known, told, reading.rules_version):
            items.append(Item(told.identifier, fingerprint=known.fingerprint, print=one))
        else:
            with during("parse"):
                record = part.records[place]
            item = _unless_erased(item_of(reading, resolver, record), reading.source_id, erased)
            items.append(replace(item, print=one, body=sent[place]))
    return items


def _stands(known: Known, told: Printed, rules_version: str) -> bool:
    """Whether what is stored is what these bytes were mapped to."""
    fingerprint = known.fingerprint or ""
    return fingerprint.startswith(told.fingerprint) and unchanged(known, fingerprint, rules_version)


def item_of(reading: Rules, resolver: Resolver, record: Any) -> Item:
    """A record of the source as its rules map it, with the office it belongs to."""
    with during("map"):
        mapped = reading.map(record)
    issues = list(mapped.issues)
    publisher = plain_text(mapped.dataset.get("produsen_data_name"))
    owner = reading.organization_id
    if publisher:
        match = resolver.resolve(publisher)
        if match.organization_id:
            owner = match.organization_id
        else:
            candidates = [str(candidate) for candidate in match.candidates] or ["–"]
            issues.append(
                Issue(
                    UNKNOWN_PUBLISHER,
                    "warning",
                    "/owner_org",
                    None,
                    {"publisher": excerpt(publisher), "candidates": candidates},
                )
            )
    dataset = Dataset(mapped.dataset, owner_org=owner)
    with during("fingerprint"):
        print_ = fingerprint(dataset, mapped.rest, reading.volatile)
    return Item(
        identifier=_key(mapped.identifier, dataset, mapped.rest),
        dataset=dataset,
        rest=mapped.rest,
        issues=tuple(issues),
        owner_org=owner,
        fingerprint=print_,
    )


def _unless_erased(item: Item, source_id: str, erased: Collection[str]) -> Item:
    """The record; of one that was erased nothing but the hash under which its tombstone is kept."""
    if not erased:
        return item
    mark = erase.erased_identifier(source_id, item.identifier)
    return Item(mark) if mark in erased else item


def _key(identifier: str | None, dataset: Dataset, rest: Mapping[str, Any]) -> str:
    """Under what a record is kept. One without identifier, or with a person's number as one, is kept under a hash.

    Neither is ever loaded as a dataset, but its issues must have a place.
    """
    if not identifier:
        return "tanpa-pengenal:" + hashlib.sha256(canonical(dataset) + canonical(rest)).hexdigest()[:32]
    if personal_data.may_hold_nik(identifier) and any(personal_data.niks(identifier)):
        return "tersamar:" + hashlib.sha256(identifier.encode()).hexdigest()[:32]
    return identifier


class _Meeting:
    """What is known of the records a portion brings, and which of them this run has met before."""

    def __init__(self, session: Session, source_id: str, run_id: str, *, skipped_pages: bool) -> None:
        self.session, self.source_id = session, source_id
        self.known: dict[str, Known] = {}
        self.before: set[str] = set()
        self._looked: set[str] = set()
        met: sa.ColumnElement[bool] = sa.exists().where(t.seen.c.run_id == run_id, t.seen.c.record_id == _rec.id)
        if skipped_pages:
            on_pages = removal.listed(source_id, run_id)
            met |= _rec.identifier.in_(sa.select(on_pages.c.identifier))
        self._query = sa.select(*_KNOWN, met.label("met")).where(_rec.source_id == source_id)

    def look(self, identifiers: Collection[str]) -> None:
        """Read what is known of these, unless that has been done."""
        wanted = set(identifiers) - self._looked
        if not wanted:
            return
        self._looked |= wanted
        for row in self.session.execute(self._query.where(_rec.identifier.in_(wanted))):
            self.known[row.identifier] = Known(*row[:9])
            if row.met:
                self.before.add(row.identifier)


_KNOWN = (
    _rec.id,
    _rec.identifier,
    _rec.fingerprint,
    _rec.rules_version,
    _rec.hasil,
    _rec.status,
    _rec.tidak_ditemukan_sejak,
    _rec.package_id,
    _rec.reviewed_at.is_not(None).label("reviewed"),
)


def _first_of_each(meeting: _Meeting, items: Sequence[Item], reckoning: Reckoning) -> tuple[list[Item], Counter[str]]:
    """The records this run meets for the first time, and how often each further one came again."""
    first: dict[str, Item] = {}
    repeats: Counter[str] = Counter()
    for item in items:
        if not item.identifier and item.error is not None:
            reckoning.loose[item.error.code] += 1
        elif item.identifier in meeting.before or item.identifier in first:
            repeats[item.identifier] += 1
        else:
            first[item.identifier] = item
    return list(first.values()), repeats


Holding = Mapping[str, Sequence[held_values.Held]]


def _differs(reading: Reading, item: Item, before: Known | None) -> bool:
    """Whether a record has to be judged and written."""
    if item.dataset is None or (before is not None and before.gone_by_hand):
        return False
    return not unchanged(before, item.fingerprint, reading.rules_version)


def _writes(reading: Reading, items: Iterable[Item], known: Mapping[str, Known], holding: Holding) -> Iterator[Write]:
    for item in items:
        before = known.get(item.identifier)
        if item.dataset is not None:
            yield judged(reading, item, item.dataset, before, holding.get(before.id, ()) if before else ())


def judged(
    reading: Rules, item: Item, dataset: Dataset, before: Known | None, kept: Sequence[held_values.Held]
) -> Write:
    """What is to be written of a record with this dataset, beside what people hold of it (`kept`)."""
    # What people hold stays, so it is what will be shown that is judged.
    keep = reading.keeps_identity
    stands = held_values.apply(dataset, kept, before.id, keep_resource_ids=keep) if before and kept else dataset
    with during("assess"):
        assessment = reading.assess(stands)
    people = list(people_in(item.rest)) if assessment.hasil != "tidak_dimuat" else []
    assessment = replace(
        assessment,
        hasil="tidak_dimuat" if people else assessment.hasil,
        issues=(*assessment.issues, *people, *item.issues),
    )
    refused = assessment.hasil == "tidak_dimuat"
    place = standing(before, assessment.hasil, penayangan=reading.penayangan, rules_version=reading.rules_version)
    return Write(
        source_id=reading.source_id,
        identifier=item.identifier,
        action=place.action,
        owner_org=item.owner_org,
        # What must not be loaded must not be kept either: it may hold personal data.
        dataset=None if refused else dataset,
        rest={} if refused else item.rest,
        assessment=assessment,
        fingerprint=item.fingerprint,
        rules_version=reading.rules_version,
        status=place.status,
        package_id=before.id if before else item.identifier if keep else None,
        name=(dataset.text("name") or None) if keep else None,
        created=_naive_utc(item.rest.get("metadata_created")) if keep else None,
    )


def _keep_sent(session: Session, items: Iterable[Item], writes: Sequence[Write], results: Sequence[Written]) -> None:
    """Keep what the source sent of what is written now; of what may not be loaded nothing stays."""
    bodies = {item.identifier: item.body for item in items}
    written = [(one, result) for one, result in zip(writes, results, strict=True) if result.outcome != "refused"]
    raw.keep(
        session,
        [
            raw.Sent(result.record_id, one.fingerprint or "", bodies[one.identifier])
            for one, result in written
            if one.dataset is not None
        ],
        replacing=[result.record_id for _, result in written if result.outcome != "created"],
    )


def _naive_utc(text: Any) -> datetime | None:
    """The moment CKAN writes without a zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def _meet(session: Session, run_id: str, met: set[str]) -> None:
    """Note that the run has met these records."""
    if not met:
        return
    ids = sa.func.unnest(sa.cast(sorted(met), ARRAY(sa.Text)))
    rows = sa.select(sa.literal(run_id), ids)
    session.execute(insert(t.seen).from_select(["run_id", "record_id"], rows).on_conflict_do_nothing())


def _note(session: Session, run_id: str, ids: Mapping[str, str], notes: Iterable[tuple[str, Issue]]) -> None:
    """Attach to records what is wrong with how they came: sent twice, not readable or not storable this time."""
    rows = [{"record_id": ids[key], "run_id": run_id, **issue.to_dict()} for key, issue in notes if key in ids]
    if not rows:
        return
    issue = t.issue.c
    pairs = sa.tuple_(issue.record_id, issue.code).in_([(row["record_id"], row["code"]) for row in rows])
    session.execute(sa.delete(t.issue).where(pairs))
    session.execute(sa.insert(t.issue), rows)


def _notes(repeats: Counter[str], items: Iterable[Item], results: Iterable[Written]) -> Iterator[tuple[str, Issue]]:
    for identifier, times in repeats.items():
        yield identifier, Issue(REPEATED, "warning", "/identifier", None, {"times": times + 1})
    for item in items:
        if item.error is not None:
            yield item.identifier, Issue(item.error.code, "warning", item.error.pointer, None, item.error.params)
    for result in results:
        if result.outcome == "refused" and result.code:
            yield result.identifier, Issue(result.code, "error", "", None, result.params)


def forget_old_notes(session: Session, source_id: str, run_id: str) -> None:
    """Drop notes on how records came that a complete look at the source has not confirmed."""
    issue = t.issue.c
    of_source = sa.select(_rec.id).where(_rec.source_id == source_id)
    of_coming = sa.or_(issue.code == REPEATED, issue.code.like("E-TRK-%"), issue.code.like("E-SMP-%"))
    session.execute(sa.delete(t.issue).where(issue.record_id.in_(of_source), of_coming, issue.run_id != run_id))
