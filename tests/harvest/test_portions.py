import threading

import msgspec
import pytest

from ckanext.satudata.harvest import portions as portions_module
from ckanext.satudata.harvest.ahead import ahead
from ckanext.satudata.harvest.portions import Checkpoint, portions
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import SourceError
from satudata_harvesters.strict_json import Records


def pages(*sizes, first=0):
    """Pages 0, 1, … of records numbered through, the last of them marked as last."""
    number = 0
    for page, size in enumerate(sizes):
        records = [{"n": number + i} for i in range(size)]
        number += size
        if page >= first:
            yield Page(str(page), records, str(page + 1), last=page == len(sizes) - 1)


def numbers(portion):
    return [record["n"] for part in portion.slices for record in part.records]


def all_numbers(found):
    return [number for portion in found for number in numbers(portion)]


def test_small_pages_are_gathered_into_one_transaction():
    found = list(portions(pages(2, 2, 2, 1), Checkpoint(), 4))

    assert [numbers(portion) for portion in found] == [[0, 1, 2, 3], [4, 5, 6]]
    assert [portion.last for portion in found] == [False, True]


def test_a_large_page_is_cut_and_only_its_end_completes_the_run():
    found = list(portions(pages(5), Checkpoint(), 2))

    assert [numbers(portion) for portion in found] == [[0, 1], [2, 3], [4]]
    assert [portion.last for portion in found] == [False, False, True]


@pytest.mark.parametrize("sizes", [(3, 3, 3), (7, 2), (1,), (0, 4), (4, 0)])
@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_a_run_resumed_at_any_checkpoint_reads_every_record_exactly_once(sizes, size):
    whole = [numbers(portion) for portion in portions(pages(*sizes), Checkpoint(), size)]
    for stop in range(len(whole)):
        before = list(portions(pages(*sizes), Checkpoint(), size))[: stop + 1]
        start = Checkpoint.parse(str(before[-1].checkpoint))
        after = portions(pages(*sizes, first=int(start.after or 0)), start, size) if not before[-1].last else []

        assert all_numbers([*before, *after]) == list(range(sum(sizes)))


def test_more_is_gathered_while_next_to_nothing_is_written():
    wanted = 2
    found = portions(pages(2, 2, 2, 2, 2), Checkpoint(), 2, gather=lambda: wanted)

    assert numbers(next(found)) == [0, 1]
    wanted = 4
    assert [numbers(portion) for portion in found] == [[2, 3, 4, 5], [6, 7, 8, 9]]


def test_heavy_pages_are_not_gathered(monkeypatch):
    monkeypatch.setattr(portions_module, "MAX_BYTES", 30)
    raws = [msgspec.Raw(b'{"n": 1}')] * 2  # 16 bytes
    heavy = [Page(str(page), Records(raws), str(page + 1), last=page == 4) for page in range(5)]
    found = portions(heavy, Checkpoint(), 100, gather=lambda: 1000)

    assert [portion.size for portion in found] == [4, 4, 2]


def test_a_portion_divided_anywhere_is_resumed_behind_what_was_settled():
    [portion] = portions(pages(2, 5, 1), Checkpoint(), 2, gather=lambda: 100)
    for count in range(1, len(portion.slices) + 1):
        done, left = portion.divided(count)
        assert (done.last, left.last) == ((True, False) if not left.slices else (False, True))
        start = Checkpoint.parse(str(done.checkpoint))
        after = portions(pages(2, 5, 1, first=int(start.after or 0)), start, 2) if left.slices else []
        assert all_numbers([done, left]) == all_numbers([done, *after]) == list(range(8))


def test_a_source_that_ends_without_its_last_page_never_completes():
    def broken():
        yield Page("0", [{"n": 0}], "1", last=False)

    assert [portion.last for portion in portions(broken(), Checkpoint(), 10)] == [False]


def test_what_came_before_a_failure_is_settled_before_the_failure_is_raised():
    def broken():
        yield Page("0", [{"n": 0}], "1", last=False)
        raise SourceError("E-TRK-007", url="https://sumber.example.go.id")

    found = portions(broken(), Checkpoint(), 10)
    assert numbers(next(found)) == [0]
    with pytest.raises(SourceError):
        next(found)


def test_records_of_a_slow_source_do_not_wait_for_a_full_portion():
    found = portions(pages(1, 1, 1), Checkpoint(), 10, seconds=-1)

    assert [numbers(portion) for portion in found] == [[0], [1], [2]]


def test_pages_come_in_order_and_the_next_is_fetched_while_one_is_worked_on():
    fetched = []
    second = threading.Event()

    def source():
        for number, page in enumerate(pages(1, 1, 1)):
            fetched.append(number)
            if number == 1:
                second.set()
            yield page

    seen = []
    for page in ahead(source(), idle=lambda: None, every=1):
        assert second.wait(5)
        seen.append(page.key)

    assert seen == ["0", "1", "2"]


def test_what_the_source_raises_arrives_after_the_pages_before_it():
    def source():
        yield from pages(1, 1, 1)
        raise SourceError("E-TRK-007", url="https://sumber.example.go.id")

    found = ahead(source(), idle=lambda: None, every=1)
    assert [next(found).key for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(SourceError):
        next(found)


def test_the_lease_is_kept_while_a_source_is_slow():
    answered, calls = threading.Event(), []

    def source():
        answered.wait(5)
        yield from pages(1)

    def idle():
        calls.append(1)
        answered.set()

    assert [page.key for page in ahead(source(), idle=idle, every=0.01)] == ["0"]
    assert calls
