"""A catalogue to be read: datasets of the corpus, written in bulk and indexed, and a client that may read them.

Called in the process that has CKAN loaded (`bench.driven`).
"""

from __future__ import annotations

import random
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

from bench import corpus

BATCH = 1000
SEED = 8


def fill(datasets: int) -> dict[str, str]:
    """Publish so many datasets of one office; the id and token of a client, and the id of one dataset.

    All are written with the assessment of the first: what is measured afterwards is reading.
    """
    from ckan import model
    from ckan.plugins import toolkit
    from sqlalchemy import insert

    from ckanext.satudata.api import clients
    from ckanext.satudata.catalog import tables
    from ckanext.satudata.catalog.write import Write, write
    from satudata_schemas.assess import assess
    from satudata_schemas.dataset import Dataset
    from satudata_schemas.profile import Profile
    from satudata_schemas.reference import Reference

    site = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    office = toolkit.get_action("organization_create")(
        {"user": site, "ignore_auth": True}, {"name": "dinas-kesehatan", "title": "Dinas Kesehatan"}
    )["id"]
    source = str(uuid.uuid4())
    row = {"id": source, "name": "portal-terukur", "title": "Portal terukur", "organization_id": office}
    session = model.Session()
    session.execute(insert(tables.source).values(**row, connector="ckan", penayangan="otomatis"))
    session.commit()
    judged, one = None, ""
    for batch in _batches(datasets):
        writes = []
        for fields in batch:
            dataset = Dataset({**fields, "owner_org": office})
            judged = judged or assess(dataset, Profile.load("transisi"), reference=Reference.load())
            more: dict[str, Any] = {"assessment": judged, "fingerprint": dataset["identifier"], "rules_version": "1"}
            writes.append(Write(source, dataset["identifier"], "publish", office, dataset, **more))
        one = write(session, writes, actor=None, run=None)[-1].record_id
        session.commit()
        _index(session)
        session.expunge_all()
    made = clients.add(session, name="pengukur", scopes=["catalog:read"])
    return {"token": clients.issue_token(session, made.client), "dataset": one}


def _index(session: Any) -> None:
    """Send what waits; a node that has just started may need a second try."""
    from ckanext.satudata.catalog.index import IndexUnavailable, drain

    for attempt in range(20):
        try:
            while drain(session, limit=500):
                pass
        except IndexUnavailable:  # noqa: PERF203 - twenty tries
            time.sleep(attempt)
        else:
            return
    raise RuntimeError("Solr takes no documents")


def _batches(datasets: int) -> Iterator[list[dict[str, Any]]]:
    from satudata_harvesters.mapping import Mapping

    draw, mapping = random.Random(SEED), Mapping("ckan")
    for start in range(0, datasets, BATCH):
        numbers = range(start, min(start + BATCH, datasets))
        mapped = [mapping.apply(corpus.package(number, draw)) for number in numbers]
        yield [
            {**one.dataset, "identifier": one.identifier, "title": f"{one.dataset['title']} {_subject(draw)}"}
            for one in mapped
        ]


def _subject(draw: random.Random) -> str:
    """What makes a title its own, as in every portal: an affair of government, a regency, a year."""
    affairs, regencies = _affairs_and_regencies()
    return f"{draw.choice(affairs)} {draw.choice(regencies)} Tahun {draw.randint(2015, 2025)}"


def queries(count: int) -> list[str]:
    """So many different things that people look for: something of a subject, or of a place.

    Of 100,000 datasets a subject names some 3,000 and a place some 200. Both words have to be met, whoever searches.
    """
    affairs, regencies = _affairs_and_regencies()
    subjects = {word for affair in affairs for word in affair.lower().replace(",", " ").split() if len(word) > 3}
    places = {one.lower().split(maxsplit=1)[1] for one in regencies}
    asked = [f"{what} {of}" for of in sorted(subjects) for what in corpus.WORDS if of not in corpus.WORDS]
    where = [f"{what} {of}" for of in sorted(places) for what in corpus.WORDS if of.isalpha() and of not in subjects]
    draw = random.Random(2019)
    return draw.sample(draw.sample(asked, count // 2) + draw.sample(where, count - count // 2), count)


@cache
def _affairs_and_regencies() -> tuple[list[str], list[str]]:
    from satudata_schemas import contract
    from satudata_schemas.reference import Reference

    affairs = sorted({str(entry["label"]) for entry in contract.vocabulary("urusan").to_list()})
    regencies = sorted(one.name for one in Reference.load().wilayah if one.level == "kabkota")
    return affairs, regencies


def solr_parameters(queries: list[str]) -> list[str]:
    """What our search asks Solr for these words, as the query of an address."""
    from ckanext.satudata.catalog import search

    asked = [search.Query(search.Reader(), text=words, sort="score desc") for words in queries]
    return [urllib.parse.urlencode(search._parameters(query)) for query in asked]  # noqa: SLF001


def statements(token: str, paths: list[str]) -> list[int]:
    """How many SQL statements each address costs, asked a second time."""
    from flask import current_app
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from werkzeug.test import Client

    sent: list[str] = []

    def note(*told: Any) -> None:
        sent.append(told[2])

    client = Client(current_app.wsgi_app)
    counted = []
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for path in paths:
            for _ in range(2):
                sent.clear()
                answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} answers {answer.status}")
            counted.append(len(sent))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return counted
