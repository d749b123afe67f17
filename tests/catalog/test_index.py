"""The outbox reaches Solr in one request a batch, and what is hidden is found by nobody from that moment on."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


@pytest.fixture
def drained(session, search_index):
    from ckanext.satudata.catalog import index

    def drain(**more):
        sent = 0
        while found := index.drain(session, **more):
            sent += found
        search_index.commit()
        return sent

    return drain


def _found(act_as, **more):
    return {item["id"] for item in act_as("package_search", rows=100, **more)["results"]}


def test_a_published_dataset_is_found_with_our_fields(office, drained, search_index, act):
    written = office.put(
        dataset=office.layak(kode_wilayah="32.04", periode_awal="2021", periode_akhir="2024", kategori="03")
    )
    assert drained() == 1
    assert office.rows("outbox") == []
    assert _found(act, q="penduduk") == {written.record_id}
    for query in (
        "sd_tahun:2022",
        'sd_kode_wilayah:"32"',
        'sd_kode_wilayah:"32.04"',
        "sd_kategori:03",
        "sd_hasil:layak",
    ):
        assert len(search_index.documents(query)) == 1, query
    [document] = search_index.documents("*:*")
    assert json.loads(document["sd_answer_public"])["title"] == office.layak()["title"]


def test_package_show_trusts_what_the_writer_indexed(office, drained, act, monkeypatch):
    from ckan.lib.dictization import model_dictize

    written = office.put()
    drained()
    monkeypatch.setattr(model_dictize, "package_dictize", lambda *_: pytest.fail("read from the database"))
    assert act("package_show", id=written.record_id)["title"] == office.layak()["title"]


def test_a_withdrawn_dataset_leaves_the_index(office, drained, search_index):
    office.put()
    drained()
    office.settle(office.ask("1", "withdraw"))
    drained()
    assert search_index.documents("*:*") == []


def test_a_batch_is_one_request_and_few_statements(office, drained, session, monkeypatch):
    from ckan import model
    from sqlalchemy import event

    from ckanext.satudata.catalog import index, solr

    office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(60)])
    requests, statements = [], []
    send = solr.post
    monkeypatch.setattr(solr, "post", lambda body, **more: requests.append(body) or send(body, **more))
    event.listen(model.meta.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert index.drain(session) == 60
    assert len(requests) == 1
    assert len(statements) <= 15


def test_a_session_of_its_own_costs_no_more(office, session, search_index):
    from ckan import model
    from sqlalchemy import event

    from ckanext.satudata.catalog import index

    office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(60)])
    statements = []
    event.listen(model.meta.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    mine = session()
    with model.meta.create_local_session() as own:
        assert index.drain(own) == 60
    assert len(statements) <= 15
    assert session() is mine
    search_index.commit()
    assert len(search_index.documents("*:*")) > 0


def _spoil(monkeypatch, ids, how):
    """Let what is made of these packages be wrong."""
    from ckanext.satudata.catalog import rendering

    make = rendering.documents_of

    def spoilt(session, asked):
        made = make(session, asked)
        for id_ in set(ids) & set(made):
            how(made[id_])
        return made

    monkeypatch.setattr(rendering, "documents_of", spoilt)


def _no_date(document):
    document["metadata_modified"] = "kemarin"


def _cannot_be_made(document):
    raise ValueError("a plugin's hook")


@pytest.mark.parametrize("how", [_no_date, _cannot_be_made])
def test_one_document_that_cannot_be_indexed_is_set_aside_and_the_others_go_through(
    office, drained, search_index, monkeypatch, how
):
    written = office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(5)])
    bad = written[2].record_id
    _spoil(monkeypatch, [bad], how)
    drained()
    assert len(search_index.documents("*:*")) == 4
    assert [row["code"] for row in office.rows("issue", record_id=bad, code="E-SMP-007")] == ["E-SMP-007"]
    assert [row["package_id"] for row in office.rows("outbox")] == [bad]
    [aside] = office.rows("unindexable")
    assert (aside["version"], aside["tries"]) == (1, 1)
    assert aside["reason"]
    assert "kemarin" not in aside["reason"]


def test_what_was_set_aside_is_tried_again_with_its_next_version_and_by_itself_later(
    office, drained, search_index, monkeypatch, session
):
    import sqlalchemy as sa

    from ckanext.satudata.catalog import tables

    first, second = (office.put(key, "publish", office.layak(title=f"Dataset {key}")).record_id for key in "12")
    with monkeypatch.context() as spoiling:
        _spoil(spoiling, [first, second], _no_date)
        drained()
    assert drained() == 0
    office.put("1", "publish", office.layak(title="Dataset 1, diperbaiki"))
    assert drained() == 1
    session.execute(sa.update(tables.unindexable).values(retry_at=sa.func.now() - sa.text("interval '1 s'")))
    session.commit()
    assert drained() == 1
    assert len(search_index.documents("*:*")) == 2
    for table in ("outbox", "unindexable"):
        assert office.rows(table) == []
    assert office.rows("issue", code="E-SMP-007") == []


def test_what_is_hidden_stays_hidden_while_its_document_is_set_aside(office, drained, act, monkeypatch):
    office.put()
    drained()
    written = office.settle(office.ask("1", "hold", status="draf"))[0]
    _spoil(monkeypatch, [written.record_id], _no_date)
    drained()
    assert _found(act) == set()


def test_a_solr_that_fails_on_one_document_keeps_no_other_waiting(office, drained, search_index, monkeypatch):
    from ckanext.satudata.catalog import solr

    written = office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(8)])
    bad, send = written[5].record_id, solr.post

    def failing(body, **more):
        return (500, "NullPointerException") if bad.encode() in body else send(body, **more)

    monkeypatch.setattr(solr, "post", failing)
    drained()
    assert len(search_index.documents("*:*")) == 7
    assert [row["package_id"] for row in office.rows("unindexable")] == [bad]


def test_a_solr_that_takes_nothing_is_ill_and_no_document_is_set_aside(office, session, monkeypatch):
    from ckanext.satudata.catalog import index, solr

    office.settle(*[office.ask(str(n), "publish", office.layak(title=f"Dataset {n}")) for n in range(8)])
    monkeypatch.setattr(solr, "post", lambda _body, **_more: (500, "No space left on device"))
    with pytest.raises(index.IndexUnavailable):
        index.drain(session)
    assert office.rows("unindexable") == []
    assert len(office.rows("outbox")) == 8


def test_a_solr_that_hangs_costs_no_more_than_the_deadline(office, session, monkeypatch):
    import socket
    import time

    from ckan.common import config

    from ckanext.satudata.catalog import index, solr

    office.put()
    assert solr.TIMEOUT < 60 / 2, "a worker's lease"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setitem(config, "solr_url", f"http://127.0.0.1:{silent.getsockname()[1]}/solr/ckan")
        began = time.monotonic()
        with pytest.raises(index.IndexUnavailable):
            index.drain(session, timeout=0.2)
    assert time.monotonic() - began < 3
    assert len(office.rows("outbox")) == 1


def test_a_newer_write_is_not_lost_while_an_older_one_is_sent(office, drained, session, search_index, monkeypatch):
    from ckan import model
    from sqlalchemy import select

    from ckanext.satudata.catalog import index, solr, tables

    office.put()
    send = solr.post

    def slowly(body, **more):
        with model.meta.create_local_session() as other:
            waiting = select(tables.outbox).with_for_update(skip_locked=True)
            assert other.execute(waiting).all() == []
        return send(body, **more)

    monkeypatch.setattr(solr, "post", slowly)
    assert index.drain(session) == 1


def test_nothing_is_lost_while_solr_is_away(office, session, monkeypatch):
    import requests

    from ckanext.satudata.catalog import index

    def away(*_args, **_more):
        raise requests.ConnectionError

    office.put()
    monkeypatch.setattr(requests.Session, "request", away)
    with pytest.raises(index.IndexUnavailable):
        index.drain(session)
    assert len(office.rows("outbox")) == 1


@pytest.mark.parametrize("how", ["hold", "withdraw"])
def test_what_is_hidden_is_found_by_nobody_before_solr_knows(how, office, drained, act, person):
    written = office.put()
    drained()
    office.settle(office.ask("1", how, status="draf"))
    for who in (act, person(office.name, "admin").act):
        assert _found(who, include_private=True) == set()
        assert who("package_search", facet="true", **{"facet.field": ["organization"]})["facets"]["organization"] == {}
    drained()
    assert written.record_id not in _found(person().act, include_private=True)


def test_what_solr_has_been_told_to_forget_is_found_by_nobody_while_it_still_shows_it(office, drained, session, act):
    from ckanext.satudata.catalog import index

    office.put()
    drained()
    office.settle(office.ask("1", "hold", status="draf"))
    assert index.drain(session, within=60) == 1  # and nobody commits
    assert _found(act) == set()


def test_what_was_hidden_stays_so_while_solr_shows_it_though_redis_was_emptied(office, drained, session, act):
    from ckan.lib.redis import connect_to_redis

    from ckanext.satudata.catalog import index

    office.put()
    drained()
    office.settle(office.ask("1", "hold", status="draf"))
    connect_to_redis().flushdb()
    assert index.drain(session, within=60) == 1
    assert _found(act) == set()


def test_what_is_hidden_is_found_by_nobody_though_redis_is_away_when_solr_is_told(
    office, drained, session, act, monkeypatch
):
    from redis.exceptions import ConnectionError as Away

    from ckanext.satudata.catalog import hidden, index

    office.put()
    drained()
    office.settle(office.ask("1", "hold", status="draf"))

    def away():
        raise Away

    monkeypatch.setattr(hidden, "_redis", away)
    assert index.drain(session, within=60) == 1
    assert _found(act) == set()


@pytest.mark.parametrize("typed", ["kependud", "kependudukan", "angka kepend", "Angka Kependudukan 2024"])
def test_long_words_and_several_of_them_are_completed(typed, office, drained, act):
    written = office.put(dataset=office.layak(title="Angka Kependudukan 2024 Kabupaten Contoh"))
    drained()
    assert [one["name"] for one in act("package_autocomplete", q=typed)] == [
        act("package_show", id=written.record_id)["name"]
    ]


def test_the_hidden_set_is_rebuilt_when_redis_was_emptied(office, drained, act):
    from ckan.lib.redis import connect_to_redis

    office.put()
    drained()
    office.settle(office.ask("1", "hold", status="draf"))
    connect_to_redis().flushdb()
    assert _found(act) == set()


def test_the_outbox_alone_hides_while_redis_is_away(office, drained, act, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    from ckanext.satudata.catalog import hidden

    office.put()
    drained()

    def away():
        raise Away

    monkeypatch.setattr(hidden, "_redis", away)
    office.settle(office.ask("1", "hold", status="draf"))
    assert _found(act) == set()


def test_what_is_shown_again_is_found_again(office, drained, act):
    office.put()
    drained()
    office.settle(office.ask("1", "hold", status="draf"))
    drained()
    written = office.settle(office.ask("1", "publish"))[0]
    drained()
    assert _found(act) == {written.record_id}


def test_a_long_extra_does_not_stop_the_index(office, drained, search_index):
    office.put(dataset=office.layak(rumus="r" * 40_000))
    drained()
    assert len(search_index.documents("*:*")) == 1


def test_what_is_hidden_while_an_older_version_is_sent_stays_hidden(office, drained, session, act, monkeypatch):
    from ckanext.satudata.catalog import hidden, index, solr

    written = office.put()
    drained()
    office.settle(office.ask("1", "hold", status="draf"))
    send = solr.post

    def hidden_again_meanwhile(body, **more):
        hidden.hide([written.record_id])
        return send(body, **more)

    monkeypatch.setattr(solr, "post", hidden_again_meanwhile)
    assert index.drain(session) == 1
    assert hidden.ids(session) == [written.record_id]
