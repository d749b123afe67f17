"""Publishing through the API: one dataset of one source, judged and written as a harvest would.

Who may is decided from the token and the source's row, what becomes of the dataset by the same rules as in a harvest.
Nothing a client sends names an owner, a state, or an identity other than the address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import ETags

from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Fault, Problem
from ckanext.satudata.catalog import audit, roles, tables
from ckanext.satudata.catalog.write import Write, Written, write
from ckanext.satudata.catalog.writing import ERASED
from ckanext.satudata.harvest.standing import Known, standing, unchanged
from satudata_schemas import assess as judge
from satudata_schemas import contract, personal_data
from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset, fingerprint
from satudata_schemas.issue import Issue
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

#: Fields that the platform sets; a client that sends them is told so.
SERVER_SET = frozenset({"name", "owner_org", "hasil", "status", "skor_sdi", "sumber_aplikasi"})
LONGEST_IDENTIFIER = 1000
CONFLICT = "E-SMP-004"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a dataset that was sent."""

    id: str | None
    hasil: str
    status: str
    issues: tuple[Issue, ...]
    is_new: bool


def source_for(session: Session, caller: Caller, name: str) -> Row[Any]:
    """The source of that name or id, when the caller may write to it: 404 when there is none, 403 for another OPD's."""
    source = tables.source
    asked = select(source).where(or_(source.c.name == name, source.c.id == name)).order_by(source.c.id != name)
    row = None if "\x00" in name else session.execute(asked).first()
    if row is None:
        raise Problem(404)
    if not may_act(session, caller, row.organization_id):
        raise Problem(403, "E-API-433")
    return row


def may_act(session: Session, caller: Caller, organization_id: str) -> bool:
    """Whether the caller may write what belongs to this OPD; a token's own confinement holds beside its client's."""
    if caller.org_id is not None and caller.org_id != organization_id:
        return False
    return roles.acts_for(session, caller.actor, organization_id) or roles.is_walidata(session, caller.actor)


def read_dataset(sent: Any, identifier: str) -> Dataset:
    """The dataset in a body; 422 with a pointer for each key that is not the client's to send."""
    if not isinstance(sent, dict):
        raise Problem(400, faults=[Fault("E-API-430", "")])
    faults = list(_foreign_keys(sent))
    if sent.get("identifier", identifier) != identifier:
        faults.append(Fault("E-API-432", "/identifier"))
    if faults:
        raise Problem(422, faults=faults[:50])
    return Dataset({name: value for name, value in sent.items() if value is not None}, identifier=identifier)


def put(
    session: Session, caller: Caller, source: Row[Any], dataset: Dataset, *, if_match: ETags, if_none_match: ETags
) -> Outcome:
    """Judge a dataset and write it; commits. 428 and 412 guard against overwriting what the client has not read."""
    (outcome,) = put_all(session, caller, source, [dataset], if_match=if_match, if_none_match=if_none_match)
    if isinstance(outcome, Problem):
        session.rollback()
        raise outcome
    return outcome


def put_all(
    session: Session,
    caller: Caller,
    source: Row[Any],
    datasets: Sequence[Dataset],
    *,
    if_match: ETags,
    if_none_match: ETags,
    overwrite: bool = False,
) -> list[Outcome | Problem]:
    """Judge datasets and write them as one batch; commits. What is wrong with one stops no other and is its answer.

    `overwrite` says that the client knows of no other writer, and replaces what is there without having read it.
    """
    rules = _Rules.of(source)
    known = _records(session, source.id, [dataset["identifier"] for dataset in datasets])
    tags = {} if overwrite or if_match.star_tag else _tags(session, [row.id for row in known.values()])
    settled: dict[int, Outcome | Problem] = {}
    asked: dict[int, tuple[Write, Assessment]] = {}
    for place, dataset in enumerate(datasets):
        before = known.get(dataset["identifier"])
        try:
            if not overwrite:
                _check_preconditions(before, tags, if_match, if_none_match)
            planned = _planned(source, rules, dataset, before)
        except Problem as problem:
            settled[place] = problem
            continue
        if isinstance(planned, Outcome):
            settled[place] = planned
        else:
            asked[place] = planned
    writes = [one for one, _ in asked.values()]
    written = dict(zip(asked, write(session, writes, actor=caller.actor, run=None, cause="put"), strict=True))
    for place, (_, assessment) in asked.items():
        settled[place] = _outcome(assessment, written[place], known.get(datasets[place]["identifier"]))
    kept = [made.record_id for made in written.values() if made.outcome != "refused"]
    audit.note(session, "dataset.put", "dataset", kept, actor=caller.actor)
    _touch(session, kept)
    session.commit()
    return [settled[place] for place in range(len(datasets))]


def withdraw(session: Session, caller: Caller, source: Row[Any], identifier: str, *, if_match: ETags) -> None:
    """Withdraw a dataset of the source; commits. Doing it again changes nothing."""
    before = _records(session, source.id, [identifier]).get(identifier)
    if before is None or before.package_id is None:
        raise Problem(404)
    if before.status == "ditarik":
        return
    _check_preconditions(before, _tags(session, [before.id]), if_match, ETags())
    asked = Write(
        source.id,
        identifier,
        "withdraw",
        before.owner_org,
        package_id=before.id,
        expected_version=before.version,
        standing={"tidak_ditemukan_sejak": None},  # taken back on purpose, and not lost: no harvest brings it back
    )
    (written,) = write(session, [asked], actor=caller.actor, run=None, cause="put")
    if written.outcome == "refused":
        session.rollback()
        raise _refusal(written)
    audit.note(session, "dataset.withdraw", "dataset", [written.record_id], actor=caller.actor)
    session.commit()


def _foreign_keys(sent: Mapping[str, Any]) -> Iterator[Fault]:
    known = contract.fields()
    for key in sent:
        field = known.get(key)
        national = field is None and contract.NATIONAL_KEY.match(key)
        if key in SERVER_SET or (field is None and not national) or (field is not None and field.computed):
            yield _foreign(f"/{_escaped(key)}", key)
    resources = sent.get("resources")
    for number, resource in enumerate(resources if isinstance(resources, list) else ()):
        if isinstance(resource, dict):
            for key in resource.keys() - contract.resource_fields().keys():
                yield _foreign(f"/resources/{number}/{_escaped(key)}", key)


def _foreign(pointer: str, key: str) -> Fault:
    return Fault("E-API-431", pointer[:300], {"name": key})


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _records(session: Session, source_id: str, identifiers: Sequence[str]) -> dict[str, Row[Any]]:
    record = tables.record
    asked = select(record).where(record.c.source_id == source_id, record.c.identifier.in_(identifiers))
    return {row.identifier: row for row in session.execute(asked)}


def _tags(session: Session, package_ids: Sequence[str]) -> dict[str, list[str]]:
    """The entity tags of both answers of each dataset: having read either is having read it."""
    answer = tables.answer.c
    found: dict[str, list[str]] = {}
    if package_ids:
        for row in session.execute(select(answer.package_id, answer.etag).where(answer.package_id.in_(package_ids))):
            found.setdefault(row.package_id, []).append(row.etag)
    return found


def _check_preconditions(
    before: Row[Any] | None, tags: Mapping[str, Sequence[str]], if_match: ETags, if_none_match: ETags
) -> None:
    """RFC 9110 §13: what exists is only replaced by who has read it."""
    if before is None or before.package_id is None:
        if if_match:
            raise Problem(412)
        return
    if if_none_match.star_tag:
        raise Problem(412)
    if not if_match:
        raise Problem(428)
    if not if_match.star_tag and not any(if_match.contains_weak(tag[3:-1]) for tag in tags.get(before.id, ())):
        raise Problem(412)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the datasets of a source are judged by, read once for a batch."""

    profile: Profile
    reference: Reference
    today: dt.date
    version: str

    @classmethod
    def of(cls, source: Row[Any]) -> _Rules:
        profile, reference, today = Profile.load(source.profile), Reference.load(), dt.date.today()  # noqa: DTZ011
        version = judge.rules_version(profile, reference, ("api", source.penayangan), today=today)
        return cls(profile, reference, today, f"api:{version[:32]}")

    def judge(self, dataset: Dataset) -> Assessment:
        return judge.assess(dataset, self.profile, reference=self.reference, today=self.today)


def _planned(
    source: Row[Any], rules: _Rules, dataset: Dataset, before: Row[Any] | None
) -> Outcome | tuple[Write, Assessment]:
    """What is to be written of a dataset, or what is known already; raises `Problem` 410 for one a person withdrew."""
    whole = dataset.with_fields(owner_org=source.organization_id)
    assessment, mark, known = rules.judge(whole), fingerprint(whole), _known(before)
    if known is not None and known.gone_by_hand:
        raise Problem(410)
    if before is not None and unchanged(known, mark, rules.version):
        return Outcome(before.package_id, before.hasil, before.status, assessment.issues, is_new=False)
    refused = assessment.hasil == "tidak_dimuat"
    place = standing(known, assessment.hasil, penayangan=source.penayangan, rules_version=rules.version)
    asked = Write(
        source.id,
        dataset["identifier"],
        place.action,
        source.organization_id,
        dataset=None if refused else whole,  # what must not be loaded may hold personal data
        assessment=assessment,
        fingerprint=mark,
        rules_version=rules.version,
        status=place.status,
        package_id=before.id if before is not None else None,
        expected_version=before.version if before is not None else 0,
    )
    return asked, assessment


def _outcome(assessment: Assessment, written: Written, before: Row[Any] | None) -> Outcome | Problem:
    if written.outcome == "refused":
        return _refusal(written)
    nowhere = assessment.hasil == "tidak_dimuat" and (before is None or before.package_id is None)
    id_ = None if nowhere else written.record_id
    return Outcome(id_, assessment.hasil, written.status, assessment.issues, is_new=before is None)


def _refusal(written: Written) -> Problem:
    if written.code == CONFLICT:
        return Problem(412)
    if written.code == ERASED:
        return Problem(410)
    return Problem(422, faults=[Fault(written.code or "E-API-422", "", written.params)])


def _known(before: Row[Any] | None) -> Known | None:
    if before is None:
        return None
    return Known(
        id=before.id,
        identifier=before.identifier,
        fingerprint=before.fingerprint,
        rules_version=before.rules_version,
        hasil=before.hasil,
        status=before.status,
        tidak_ditemukan_sejak=before.tidak_ditemukan_sejak,
        package_id=before.package_id,
        reviewed=before.reviewed_at is not None,
    )


def _touch(session: Session, record_ids: Sequence[str]) -> None:
    seen = {"last_seen": dt.datetime.now(dt.timezone.utc)}
    session.execute(update(tables.record).where(tables.record.c.id.in_(record_ids)).values(**seen))


def holds_person(identifier: str) -> bool:
    """Whether an identifier is itself a person's number, which must not become part of an address or a record."""
    return personal_data.may_hold_nik(identifier) and any(personal_data.niks(identifier))
