"""A dataset made private, or erased, while Solr is down is found by nobody from that moment on."""

from __future__ import annotations

import pytest

from tests.e2e.stack import API
from tests.faults.arena import DISTURBED
from tests.faults.services import Control

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def reader(arena):
    """A client of the API that may read what everyone may."""
    return arena.stack.token("pembaca", "catalog:read")


def _shown(stack, reader):
    """(ids that CKAN's search finds, those of the API's list, what both count for the office)."""
    ckan = stack.get("/api/3/action/package_search?rows=200&facet.field=[%22organization%22]&facet=true").json()[
        "result"
    ]
    listed = stack.get(f"{API}/datasets?limit=100&facets=organization", headers=reader).json()
    ids = {item["id"] for item in ckan["results"]}
    seen = {item["id"] for item in listed["data"]}
    counts = {ckan["count"], *ckan["facets"]["organization"].values(), listed["meta"]["total"]}
    return ids, seen, counts


def _private(stack, dataset):
    stack.act("package_patch", {"id": dataset, "private": True})


def _withdrawn(stack, dataset):
    stack.act("package_delete", {"id": dataset})


def _erased(stack, dataset):
    ended = stack.ckan(
        "satudata", "dataset", "erase", dataset, "--as", "walidata", "--reason", "Kebocoran data uji", "--yes"
    )
    assert ended.code == 0, ended


@pytest.mark.parametrize("hide", [_private, _withdrawn, _erased])
def test_what_is_hidden_while_solr_is_down_is_found_by_nobody(arena, own_services, reader, hide):
    stack, control = arena.stack, Control(own_services)
    stack.act("status_show", {})  # signed in before: CKAN shows a dashboard after that, for which it searches
    stack.settled()
    [[dataset]] = stack.sql(
        "SELECT r.package_id FROM satudata_record r JOIN satudata_source s ON s.id = r.source_id"
        " WHERE s.name = %s AND r.status = 'tayang' ORDER BY r.identifier LIMIT 1", DISTURBED
    )  # fmt: skip
    before, _, _ = _shown(stack, reader)
    assert dataset in before
    with arena.tick_waits():
        control.stop("solr")
        try:
            hide(stack, dataset)
            for path in (f"/api/3/action/package_show?id={dataset}", f"{API}/datasets/{dataset}"):
                headers = reader if path.startswith(API) else {}
                assert stack.get(path, headers=headers).status_code in (403, 404, 410), path
            assert dataset not in stack.get("/api/3/action/package_search?rows=200").text
        finally:
            control.start("solr")
        # Solr is back with the old document, and nobody has told it yet.
        assert stack.platform.index.documents(f'id:"{dataset}"')
        ids, listed, counts = _shown(stack, reader)
        assert dataset not in ids | listed
        assert ids == before - {dataset}
        assert counts == {len(before) - 1}
    stack.settled()
    assert not [one for one in stack.platform.index.documents(f'id:"{dataset}"') if not one.get("private", True)]
    ids, listed, _ = _shown(stack, reader)
    assert dataset not in ids | listed
    arena.sound()
