"""JSON APIs by description: envelopes, ways to page, failures that answer 200, details record by record."""

from __future__ import annotations

import json

import pytest

from satudata_harvesters.connectors.rest import Rest
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import ConfigError, SourceError
from tests.harvesters.site import answer
from tests.harvesters.until import until_it_fails

ROWS = [{"id": number, "nama": f"baris {number}"} for number in range(1, 24)]


@pytest.fixture
def rest(client):
    def make(at, **config):
        return Rest(
            {"url": at.url + config.pop("path", "/data"), **config}, client(at, auth=credentials(config.get("auth")))
        )

    return make


def read(connector, **options):
    return [record["id"] for page in connector.pages(**options) for record in page.records]


def numbered(asked, size=5):
    page = int(asked.query.get("page", 1))
    rows = ROWS[(page - 1) * size : page * size]
    return answer({"status": "success", "data": rows, "meta": {"page": page, "last_page": "5", "total": "23"}})


PAGE = {"style": "page", "last_page": "meta.last_page", "total": "meta.total"}


def test_numbered_pages_are_read_to_the_last_the_answer_names(serve, rest):
    at = serve(numbered)
    pages = list(rest(at, records="data", paging=PAGE).pages())
    assert [page.last for page in pages] == [False, False, False, False, True]
    assert pages[0].total == 23
    assert len(at.asked) == 5


def test_numbered_pages_without_a_last_page_end_with_the_total_or_an_empty_page(serve, rest):
    by_total, by_empty = serve(numbered), serve(numbered)
    assert read(rest(by_total, records="data", paging={"style": "page", "total": "meta.total"})) == list(range(1, 24))
    assert read(rest(by_empty, records="data", paging={"style": "page"})) == list(range(1, 24))
    assert (len(by_total.asked), len(by_empty.asked)) == (5, 6)


def test_offset_and_total_are_followed_also_where_the_source_gives_less_than_asked(serve, rest):
    def handle(asked):
        start, rows = int(asked.query["skip"]), min(int(asked.query["limit"]), 4)
        return answer([{**row, "rowtotal": "23"} for row in ROWS[start : start + rows]])

    paging = {"style": "offset", "offset": "skip", "size": "limit", "page_size": 10, "total": "[0].rowtotal"}
    assert read(rest(serve(handle), paging=paging)) == list(range(1, 24))


def test_the_next_address_is_followed_on_the_scheme_we_came_by(serve, rest):
    def handle(asked):
        page = int(asked.query.get("page", 1))
        following = f"http://{asked.headers['host']}/data?page={page + 1}&kunci=bocor" if page < 5 else None
        return answer({"results": {"data": ROWS[(page - 1) * 5 : page * 5], "next_page_url": following}})

    at = serve(handle)
    config = {"records": "results.data", "paging": {"style": "next_url", "next": "results.next_page_url"}}
    auth = {"type": "query", "name": "kunci", "value": "rahasia"}
    pages = list(rest(at, auth=auth, **config).pages())
    assert [len(page.records) for page in pages] == [5, 5, 5, 5, 3]
    assert not any("kunci" in page.checkpoint + page.key for page in pages)
    assert at.asked[3].query == {"page": "4", "kunci": "rahasia"}


def test_a_link_header_is_followed(serve, rest):
    def handle(asked):
        page = int(asked.query.get("page", 1))
        link = (
            f'</data?page={page + 1}>; rel="next", </data?page=1>; rel="first"' if page < 5 else '</data>; rel="first"'
        )
        return answer(ROWS[(page - 1) * 5 : page * 5], Link=link)

    assert read(rest(serve(handle), paging={"style": "link"})) == list(range(1, 24))


def test_a_cursor_is_followed_until_it_ends(serve, rest):
    def handle(asked):
        start = int(asked.query.get("sesudah", "c0")[1:])
        return answer({"rows": ROWS[start : start + 5], "kursor": f"c{start + 5}" if start + 5 < 23 else ""})

    assert read(
        rest(serve(handle), records="rows", paging={"style": "cursor", "cursor": "sesudah", "next": "kursor"})
    ) == list(range(1, 24))


def test_a_page_number_can_stand_in_the_path(serve, rest):
    def handle(asked):
        page = int(asked.path.rsplit("/", 1)[1])
        return answer({"status": "OK", "data": [{"page": page, "pages": 5}, ROWS[(page - 1) * 5 : page * 5]]})

    connector = rest(
        serve(handle),
        path="/list/page/{page}",
        records="data[1]",
        paging={"style": "page", "last_page": "data[0].pages"},
    )
    assert read(connector) == list(range(1, 24))


def test_numbers_can_be_posted_as_text(serve, rest):
    def handle(asked):
        body = json.loads(asked.body)
        assert body["kategori"] == "dataset"
        page, size = int(body["page_no"]), int(body["page_size"])
        assert isinstance(body["page_no"], str)
        return answer({"data": ROWS[(page - 1) * size : page * size], "total": 23})

    paging = {
        "style": "page",
        "page": "page_no",
        "size": "page_size",
        "page_size": 10,
        "total": "total",
        "text_numbers": True,
    }
    connector = rest(serve(handle), method="POST", body={"kategori": "dataset"}, records="data", paging=paging)
    assert read(connector) == list(range(1, 24))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", ROWS),
        ("data", {"data": ROWS}),
        ("result", {"result": ROWS}),
        ("rows", {"rows": json.dumps(ROWS)}),
        ("results.data", {"results": {"data": ROWS}}),
    ],
)
def test_records_are_found_in_every_envelope(serve, rest, path, value):
    assert len(read(rest(serve(lambda _: answer(value)), records=path))) == 23


def test_one_record_without_its_list_is_a_list_of_one(serve, rest):
    assert read(rest(serve(lambda _: answer({"rows": ROWS[0]})), records="rows")) == [1]


@pytest.mark.parametrize("value", [{"rows": []}, {"data": None}, "teks", 5, None, {}])
def test_an_answer_without_the_list_is_an_error_that_names_the_path(serve, rest, value):
    with pytest.raises(SourceError) as caught:
        read(rest(serve(lambda _: answer(json.dumps(value).encode())), records="data"))
    assert (caught.value.code, caught.value.params["path"]) == ("E-TRK-015", "data")


@pytest.mark.parametrize(
    "value",
    [{"success": False}, {"status": "error"}, {"status": "Error", "data": ROWS}, {"success": "false", "data": []}],
)
def test_a_failure_inside_a_200_answer_is_one(serve, rest, value):
    with pytest.raises(SourceError) as caught:
        read(rest(serve(lambda _: answer(value)), records="data"))
    assert caught.value.code == "E-TRK-016"


def test_the_source_file_says_what_success_looks_like(serve, rest):
    at = serve(lambda asked: answer({"api_status": 1 if asked.query.get("ok") else 0, "data": ROWS}))
    rule = {"path": "api_status", "equals": 1}
    assert len(read(rest(at, records="data", success=rule, params={"ok": "1"}))) == 23
    with pytest.raises(SourceError) as caught:
        read(rest(at, records="data", success=rule))
    assert caught.value.code == "E-TRK-016"


def test_a_text_as_status_is_no_failure(serve, rest):
    assert (
        len(
            read(
                rest(serve(lambda _: answer({"status": "OK", "pesan": "Data Tersedia", "data": ROWS})), records="data")
            )
        )
        == 23
    )


def test_details_are_fetched_record_by_record_and_a_missing_one_is_a_bad_record(serve, rest):
    def handle(asked):
        if asked.path == "/datasets":
            return answer(
                {
                    "datasets": {
                        "data": [{"id": 1, "slug": "a b"}, {"id": 2, "slug": "../x"}, {"id": 3, "slug": "y"}],
                        "last_page": 1,
                    }
                }
            )
        return (
            answer(b"error", status=500)
            if asked.path.endswith("y")
            else answer({"success": True, "data": [asked.path]})
        )

    at = serve(handle)
    connector = rest(
        at, path="/datasets", records="datasets.data", paging={"style": "page", "last_page": "datasets.last_page"},
        detail={"url": "/dataset-value/{slug}", "record": "data", "into": "nilai"},
    )  # fmt: skip
    [page] = connector.pages()
    assert [record.get("nilai") for record in page.records] == [
        ["/dataset-value/a%20b"],
        ["/dataset-value/..%2Fx"],
        None,
    ]
    assert [error.code for error in page.errors] == ["E-TRK-021"]


def test_the_same_page_for_ever_is_noticed(serve, rest):
    at = serve(lambda _: answer({"data": ROWS[:5], "meta": {"total": 1000}}))
    with pytest.raises(SourceError) as caught:
        read(rest(at, records="data", paging={"style": "page", "total": "meta.total"}))
    assert caught.value.code == "E-TRK-017"
    assert len(at.asked) == 2


def test_the_same_records_under_another_page_number_are_noticed(serve, rest):
    at = serve(lambda asked: answer({"page": asked.query["page"], "data": ROWS[:5]}))
    with pytest.raises(SourceError) as caught:
        read(rest(at, records="data", paging={"style": "page"}))
    assert caught.value.code == "E-TRK-017"


def test_a_cursor_that_loops_is_noticed(serve, rest):
    turns = iter(range(100))
    at = serve(lambda _: answer({"data": [{"id": next(turns)}], "c": "selalu"}))
    with pytest.raises(SourceError) as caught:
        read(rest(at, records="data", paging={"style": "cursor", "next": "c"}))
    assert caught.value.code == "E-TRK-017"


@pytest.mark.parametrize("limits", [{"max_pages": 3}, {"max_records": 12}])
def test_a_source_that_never_ends_is_ended(serve, client, limits):
    turns = iter(range(10_000))
    at = serve(lambda _: answer([{"id": next(turns)} for _ in range(5)]))
    connector = Rest({"url": at.url, "paging": {"style": "page"}}, client(at, limits=limits))
    with pytest.raises(SourceError) as caught:
        read(connector)
    assert caught.value.code == "E-TRK-018"
    assert len(at.asked) <= 4


def test_a_total_that_is_not_reached_is_an_incomplete_run(serve, rest):
    at = serve(lambda asked: answer({"data": ROWS[:5] if asked.query["page"] == "1" else [], "total": 23}))
    with pytest.raises(SourceError) as caught:
        read(rest(at, records="data", paging={"style": "page", "total": "total"}))
    assert caught.value.code == "E-TRK-019"


def test_a_total_that_changes_while_paging_is_taken_as_it_comes(serve, rest):
    totals = iter([23, 24, 22, 23, 23])
    at = serve(
        lambda asked: answer(
            {"data": ROWS[(int(asked.query["page"]) - 1) * 5 : int(asked.query["page"]) * 5], "total": next(totals)}
        )
    )
    assert read(rest(at, records="data", paging={"style": "page", "total": "total"})) == list(range(1, 24))


def test_a_key_that_expires_in_the_middle_ends_the_run_incomplete(serve, rest):
    at = serve(lambda asked: answer({}, status=401) if asked.query["page"] == "3" else numbered(asked))
    pages, error = until_it_fails(rest(at, records="data", paging=PAGE).pages())
    assert error.code == "E-TRK-003"
    assert len(pages) == 2
    assert not pages[-1].last
    assert pages[-1].checkpoint == "3"


def test_reading_goes_on_behind_a_checkpoint(serve, rest):
    at = serve(numbered)
    assert read(rest(at, records="data", paging=PAGE), after="4") == list(range(16, 24))


def test_unchanged_pages_lead_on_without_being_parsed(serve, rest):
    at = serve(numbered)
    known = {page.key: page.validators for page in rest(at, records="data", paging=PAGE).pages()}
    again = list(rest(at, records="data", paging=PAGE).pages(validators=known))
    assert [page.unchanged for page in again] == [True] * 5
    assert again[-1].last


def test_changes_are_asked_for_where_the_source_can_tell(serve, rest):
    at = serve(lambda _: answer([]))
    list(rest(at, since={"param": "diubah_sejak"}).pages(since="2026-01-01T00:00:00+00:00"))
    assert at.asked[0].query["diubah_sejak"] == "2026-01-01T00:00:00+00:00"


def test_what_is_no_record_is_one_bad_record(serve, rest):
    [page] = rest(serve(lambda _: answer([ROWS[0], "x", None, 5]))).pages()
    assert len(page.records) == 1
    assert len(page.errors) == 3


@pytest.mark.parametrize(
    "config",
    [{"records": "a["}, {"paging": {"style": "page", "total": "b..c"}}, {"detail": {"url": "/x", "record": "]"}}],
)
def test_a_path_that_cannot_be_parsed_is_found_when_the_source_is_saved(config):
    with pytest.raises(ConfigError) as caught:
        Rest.check(config)
    assert caught.value.code == "E-CFG-008"


def test_a_condition_leaves_records_out_without_losing_count_of_the_pages(serve, rest):
    def handle(asked):
        start = int(asked.query["offset"])
        return answer(
            [{**row, "status": "AKTIF" if row["id"] % 2 else "X", "rowtotal": 23} for row in ROWS[start : start + 5]]
        )

    paging = {"style": "offset", "page_size": 5, "total": "[0].rowtotal"}
    assert read(rest(serve(handle), where="status == 'AKTIF'", paging=paging)) == list(range(1, 24, 2))


def elsewhere(site):
    """An address of a server of this test under another host's name."""
    return f"http://localhost:{site.port}/data"


@pytest.mark.parametrize("begin", [None, "the other"])
def test_a_next_address_on_another_host_gets_no_key_however_it_was_written(serve, client, begin):
    other = serve(lambda _: answer({"data": [], "next_page_url": None}))
    at = serve(lambda _: answer({"data": ROWS[:2], "next_page_url": elsewhere(other)}))
    auth = {"type": "header", "name": "X-API-Key", "value": "rahasia-2"}
    config = {
        "url": at.url + "/data",
        "records": "data",
        "paging": {"style": "next_url"},
        "headers": {"X-Token": "rahasia-1", "Accept-Language": "id"},
        "auth": auth,
    }
    http = client(at, other, auth=credentials(auth), origin=at.url)
    read(Rest(config, http), after=begin and elsewhere(other))

    [seen] = other.asked
    assert "rahasia" not in json.dumps([seen.target, seen.headers])
    assert [asked.headers["x-token"] for asked in at.asked] == ([] if begin else ["rahasia-1"])


def test_a_body_goes_to_no_other_host_than_the_source_s(serve, client):
    other = serve(lambda _: answer({"data": []}))
    at = serve(lambda _: answer({"data": ROWS[:2], "next_page_url": elsewhere(other)}))
    config = {"url": at.url, "records": "data", "method": "POST", "body": {"sandi": "rahasia"}}
    connector = Rest({**config, "paging": {"style": "next_url"}}, client(at, other, origin=at.url))
    _pages, error = until_it_fails(connector.pages())
    assert (error.code, other.asked) == ("E-TRK-013", [])


@pytest.mark.parametrize("sent", [answer(status=500), answer({"success": False}), answer({"data": 1}), answer(b"{")])
@pytest.mark.parametrize("way", ["next_url", "cursor"])
def test_an_error_of_a_page_the_source_named_shows_nothing_of_its_name(serve, client, sent, way):
    first = answer({"data": [{"id": 1}], "next": "/warga/Fulan" if way == "next_url" else "Fulan"})
    at = serve(lambda asked: sent if "Fulan" in asked.target else first)
    paging = {"style": way, "next": "next"}
    config = {"url": at.url + "/api/{cursor}" if way == "cursor" else at.url + "/api", "records": "data"}
    pages, error = until_it_fails(Rest({**config, "paging": paging}, client(at)).pages())
    assert len(pages) == 1
    assert "Fulan" not in repr(error.params)
    assert error.params["url"].startswith(at.url + "/api")
