"""CKAN portals: order, pages that shift, gateways, portals that only list."""

from __future__ import annotations

import json

import pytest

from satudata_harvesters.connectors.ckan import Ckan
from satudata_harvesters.errors import SourceError
from tests.harvesters.portal import listing, packages, searching
from tests.harvesters.site import answer
from tests.harvesters.until import until_it_fails


@pytest.fixture
def ckan(client):
    def make(at, **config):
        return Ckan({"url": at.url, "page_size": 10, **config}, client(at))

    return make


def ids(pages):
    return [record["id"] for page in pages for record in page.records]


def test_every_package_is_read_once_in_the_order_of_ids(serve, ckan):
    at = serve(searching(packages(35)))
    pages = list(ckan(at).pages())
    assert ids(pages) == [package["id"] for package in packages(35)]
    assert [page.last for page in pages] == [False, False, False, True]
    assert {page.total for page in pages} == {35}
    assert all(asked.query["sort"] == "id asc" for asked in at.asked)


def test_pages_are_read_when_they_are_asked_for(serve, ckan):
    at = serve(searching(packages(35)))
    next(iter(ckan(at).pages()))
    assert len(at.asked) == 1


def test_an_empty_portal_is_complete_at_once(serve, ckan):
    [page] = ckan(serve(searching([]))).pages()
    assert page.last
    assert page.records == []


def test_reading_goes_on_behind_a_checkpoint(serve, ckan):
    at = serve(searching(packages(35)))
    _, second, *rest = ckan(at).pages()
    assert ids(ckan(at).pages(after=second.checkpoint)) == ids(rest)
    assert [page.key for page in ckan(at).pages(after=second.checkpoint)] == [page.key for page in rest]


def test_a_portal_that_gives_fewer_rows_than_asked_is_read_to_its_end(serve, ckan):
    at = serve(searching(packages(35), cap=7))
    assert ids(ckan(at).pages()) == [package["id"] for package in packages(35)]


@pytest.mark.parametrize("gone", [0, 3, 9])
def test_a_package_removed_while_paging_hides_no_other(serve, ckan, gone):
    everything = packages(35)
    at = serve(searching(lambda: everything))
    read = []
    for page in ckan(at).pages():
        read += [record["id"] for record in page.records]
        if len(read) == 10:
            del everything[gone]
    assert set(read) >= {package["id"] for package in everything}
    assert len(read) == len(set(read))


def test_a_package_added_while_paging_is_no_duplicate(serve, ckan):
    everything = packages(35, first=10)
    at = serve(searching(lambda: everything))
    read = []
    for page in ckan(at).pages():
        read += [record["id"] for record in page.records]
        if len(read) == 10:
            everything.insert(0, packages(1)[0])
    assert len(read) == len(set(read)) == 36


def test_a_gateway_without_success_is_understood(serve, ckan):
    at = serve(searching(packages(3), envelope={"status": "200 OK", "message": "Sucess"}))
    assert len(ids(ckan(at).pages())) == 3


def test_a_failure_inside_a_200_answer_is_one(serve, ckan):
    at = serve(lambda _: answer({"success": False, "error": {"message": "Search error"}}))
    with pytest.raises(SourceError) as caught:
        list(ckan(at).pages())
    assert caught.value.code == "E-TRK-016"


@pytest.mark.parametrize(
    "value", [[], {"result": []}, {"result": {"results": {}}}, {"result": {"results": [], "count": "x"}}, 7, None]
)
def test_an_answer_of_another_shape_is_an_error_of_the_source(serve, ckan, value):
    with pytest.raises(SourceError) as caught:
        list(ckan(serve(lambda _: answer(value))).pages())
    assert caught.value.code == "E-TRK-015"


def test_a_portal_that_ignores_start_is_noticed(serve, ckan):
    page = packages(10)
    at = serve(lambda _: answer({"success": True, "result": {"count": 1000, "results": page}}))
    with pytest.raises(SourceError) as caught:
        list(ckan(at).pages())
    assert caught.value.code == "E-TRK-017"
    assert len(at.asked) < 10


def test_a_portal_that_stops_before_its_total_is_incomplete(serve, ckan):
    def short(asked):
        start, rows = int(asked.query["start"]), int(asked.query["rows"])
        return answer({"success": True, "result": {"count": 40, "results": packages(12)[start : start + rows]}})

    pages = []
    with pytest.raises(SourceError) as caught:
        pages += ckan(serve(short)).pages()
    assert (caught.value.code, caught.value.params["read"], caught.value.params["total"]) == ("E-TRK-019", 12, 40)


def test_only_what_changed_since_is_asked_for(serve, ckan):
    at = serve(searching(packages(1)))
    list(ckan(at, filter="organization:dinkes").pages(since="2026-01-02T03:04:05+00:00"))
    assert at.asked[0].query["fq"] == "+(organization:dinkes) +(metadata_modified:[2026-01-02T03:04:05Z TO *])"


def test_unchanged_pages_are_not_parsed_and_lead_on(serve, ckan):
    at = serve(searching(packages(25)))
    known = {page.key: page.validators for page in ckan(at).pages()}
    again = list(ckan(at).pages(validators=known))
    assert [(page.unchanged, page.records, page.last) for page in again] == [
        (True, [], False), (True, [], False), (True, [], True)
    ]  # fmt: skip
    assert {page.key: page.validators for page in again} == known


def test_a_changed_page_between_unchanged_ones_is_read(serve, ckan):
    everything = packages(25)
    at = serve(searching(lambda: everything))
    known = {page.key: page.validators for page in ckan(at).pages()}
    everything[14] = {**everything[14], "title": "Baru"}
    again = list(ckan(at).pages(validators=known))
    assert [page.unchanged for page in again] == [True, False, True]
    assert "Baru" in [record["title"] for record in again[1].records]


def test_a_portal_that_only_lists_is_read_package_by_package(serve, ckan):
    at = serve(listing(packages(23)))
    pages = list(ckan(at).pages())
    assert ids(pages) == [package["id"] for package in packages(23)]
    assert [page.last for page in pages] == [False, False, True]
    assert ids(ckan(at).pages(after=pages[0].checkpoint)) == ids(pages[1:])


def test_a_package_gone_between_list_and_show_is_not_missed(serve, ckan):
    at = serve(listing(packages(5), lambda name: 404 if name == "n-2" else None))
    pages = list(ckan(at).pages())
    assert len(ids(pages)) == 4
    assert pages[-1].last


def test_a_package_that_cannot_be_shown_makes_the_run_incomplete(serve, ckan):
    at = serve(listing(packages(5), lambda name: 500 if name == "n-2" else None))
    pages, error = until_it_fails(ckan(at).pages())
    assert error.code == "E-TRK-019"
    assert len(ids(pages)) == 4
    assert not any(page.last for page in pages)


def test_an_address_without_a_portal_is_said_to_be_wrong_and_not_something_else(serve, ckan):
    with pytest.raises(SourceError) as caught:
        list(ckan(serve(lambda _: answer("<html>tidak ada</html>", status=404))).pages())
    assert caught.value.code == "E-TRK-004"


@pytest.mark.parametrize(
    "path", ["", "/", "/api/3/action", "/api/3/action/package_search?q=x", "/dataset", "/dataset/n-1", "/api"]
)
def test_any_address_of_a_portal_leads_to_its_api(serve, client, path):
    at = serve(searching(packages(2)))
    assert len(ids(Ckan({"url": at.url + path}, client(at)).pages())) == 2


def test_a_result_that_is_no_package_is_one_bad_record(serve, ckan):
    at = serve(searching([packages(1)[0], "rusak", None, packages(2)[1]]))
    [page] = ckan(at).pages()
    assert len(page.records) == 2
    assert [error.code for error in page.errors] == ["E-TRK-021", "E-TRK-021"]


def test_a_failing_line_in_the_middle_keeps_what_was_read(serve, ckan):
    whole = searching(packages(35))
    at = serve(lambda asked: answer({}, status=500) if asked.query["start"] == "19" else whole(asked))
    pages, error = until_it_fails(ckan(at).pages())
    assert error.code == "E-TRK-005"
    assert [page.checkpoint for page in pages] == ["10", "20"]


def test_a_broken_package_is_still_there_and_stops_none_of_the_others(serve, ckan):
    """It has no title any more: it is not published anew, and what is published of it stays."""
    whole = json.dumps({"success": True, "result": {"count": 3, "results": packages(3)}})
    broken = whole.replace('"title": "Judul 1"', '"title": "Judul 1", "title": "Judul lain"')
    [page] = ckan(serve(lambda _: answer(broken.encode()))).pages()
    assert page.last
    assert list(page.records) == [packages(3)[0], {"id": "id-00001", "name": "n-1"}, packages(3)[2]]
