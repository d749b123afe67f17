"""The whole index is made anew while it is searched, resumes where it was stopped, and equals what CKAN would make."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.usefixtures("clean_catalog")
#: what two indexings of one dataset differ in
OF_THE_MOMENT = {"_version_", "indexed_ts"}


@pytest.fixture
def rebuild(session, search_index):
    from ckanext.satudata.catalog import index

    def go(**more):
        done = index.rebuild(session, **more)
        search_index.commit()
        return done

    return go


@pytest.fixture
def many(office):
    """Eight published datasets, one that waits, one withdrawn; nothing indexed."""
    made = [office.put(str(n), "publish", office.layak(title=f"Dataset {n}")).record_id for n in range(8)]
    office.put("tunggu", "hold", status="menunggu")
    office.put("ditarik")
    office.settle(office.ask("ditarik", "withdraw"))
    return made


def _documents(search_index):
    """Every document by id, with what is stored and what only can be asked for."""
    stored = {
        one["id"]: {name: value for name, value in one.items() if name not in OF_THE_MOMENT}
        for one in search_index.documents()
    }
    asked = ("sd_status", "sd_hasil", "sd_skor", "sd_version", "sd_labels", "sd_format", "permission_labels")
    for one in stored.values():
        one |= {name: json.loads(one[name]) for name in ("data_dict", "validated_data_dict")}
    for one in search_index.documents(fl=",".join(("id", *asked))):
        stored[one["id"]] |= one
    return stored


def test_it_equals_what_ckan_s_own_rebuild_makes(many, rebuild, search_index, session):
    from ckan.lib.search import clear_all
    from ckan.lib.search import rebuild as ckans_own

    assert rebuild(size=3).indexed == 9
    ours = _documents(search_index)
    clear_all()
    session.commit()
    ckans_own(force=True)
    search_index.commit()
    theirs = _documents(search_index)
    assert len(theirs) == 9
    assert ours == theirs


def test_the_index_is_never_empty_meanwhile_and_what_is_left_over_goes(many, rebuild, search_index, session):
    from ckan import model

    rebuild()
    search_index.commit()
    gone = many[0]
    session.execute(sa.update(model.package_table).where(model.package_table.c.id == gone).values(state="deleted"))
    session.commit()
    seen = []
    done = rebuild(size=2, progress=lambda state: seen.append((state["records"], len(search_index.documents()))))
    assert done.removed == 1
    assert [records for records, _ in seen] == [2, 4, 6, 8]
    assert {count for _, count in seen} == {9}
    assert gone not in {one["id"] for one in search_index.documents()}
    assert len(search_index.documents()) == 8


def test_interrupted_it_goes_on_where_it_stopped(many, rebuild, search_index, monkeypatch, office):
    from ckanext.satudata.catalog import index, solr

    send, sent = solr.send, []

    def failing(documents, gone, **more):
        if len(sent) >= 4:
            raise index.IndexUnavailable("ConnectionError")
        sent.extend(document["id"] for document in documents)
        return send(documents, gone, **more)

    with monkeypatch.context() as broken:
        broken.setattr(solr, "send", failing)
        with pytest.raises(index.IndexUnavailable):
            rebuild(size=2)
    [state] = office.rows("rebuild")
    assert 4 <= state["done"] < 9
    told = []
    assert rebuild(size=2, progress=told.append).indexed == 9
    assert told[0]["records"] > state["done"]
    assert len(search_index.documents()) == 9
    assert office.rows("rebuild") == office.rows("outbox") == []


def test_two_processes_share_the_work(many, search_index, session, office):
    from concurrent.futures import ThreadPoolExecutor

    from ckan import model

    from ckanext.satudata.catalog import index

    office.settle(*[office.ask(f"lagi-{n}", "publish", office.layak(title=f"Dataset lagi {n}")) for n in range(20)])

    def part(_):
        with model.meta.create_local_session() as own:
            return index.rebuild(own, size=3)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(part, range(2)))
    search_index.commit()
    assert len(search_index.documents()) == 29
    assert office.rows("rebuild") == office.rows("outbox") == []


def test_a_dataset_written_meanwhile_is_not_overtaken_by_its_older_document(many, rebuild, search_index, office):
    def write(state):
        office.put("0", "publish", office.layak(title=f"Judul pada {state['records']}"))

    rebuild(size=2, progress=write)
    [newest] = office.rows("record", id=many[0])
    [document] = search_index.documents(f"id:{many[0]}", fl="title,sd_version")
    assert document == {"title": newest["dataset"]["title"], "sd_version": newest["version"]}
    assert document["title"] == "Judul pada 9"
