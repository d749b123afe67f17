"""Whatever reads outside text does so in linear time: four times the text takes about four times as long.

How long 100 kB take is measured by `make bench ONLY=hostile_pattern_ms`; here only growth is looked at, in one run
and against itself, so that a busy machine cannot fail it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from satudata_harvesters import values
from satudata_schemas import cell, personal_columns, personal_data
from satudata_schemas.checks import readable_time, usable_link
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import excerpt
from satudata_schemas.personal_columns import in_rows
from satudata_schemas.reference import Reference, plain_name
from satudata_schemas.suggest import suggest

SIZE = 1_500
#: A pattern that looks at every pair of characters takes sixteen times as long.
GROWTH = 10
#: In seconds: what is quicker than this on the longer text would take 100 kB less than 50 ms even if it were quadratic.
QUICK = 0.000_2
PIECES = [
    "1",
    "1 ",
    "a",
    "a@",
    "a.",
    "(",
    "( ",
    " ",
    ".",
    "_",
    "-",
    "0812-",
    "12/",
    "nik ",
    "kota a ",
    "data ",
    "[a",
    "rp ",
    "2020 ",
    "di Aa ",
    "://a@",
]
READERS = {
    "cell.clean": cell.clean,
    "cell.number": cell.number,
    "cell.decimal_style": cell.decimal_style,
    "cell.as_date": cell.as_date,
    "niks": lambda text: list(personal_data.niks(text)),
    "contacts": personal_data.contacts_in_text,
    "header": personal_columns.header_kind,
    "column": lambda text: in_rows(["a"], [[text]]),
    "excerpt": excerpt,
    "link": usable_link,
    "time": readable_time,
    "region code": Reference.load().wilayah.read,
    "region name": plain_name,
    "may hold": lambda text: (personal_data.may_hold_nik(text), personal_data.may_hold_contacts(text)),
    "mapping text": values.text,
    "mapping html": values.html_text,
    "mapping number": values.number,
    "mapping day": values.day,
    "mapping period": values.period,
    "mapping url": values.url,
    "suggest": lambda text: list(suggest(Dataset(title=text, notes=text, tags=[text]), Reference.load())),
}


@pytest.mark.parametrize("reader", sorted(READERS))
def test_four_times_the_hostile_text_takes_about_four_times_as_long(reader):
    read = READERS[reader]
    read("1")
    grown = {piece: growth for piece in PIECES if (growth := _growth(read, piece)) > GROWTH}
    assert grown == {}


def test_a_pattern_that_looks_at_every_pair_would_be_found():
    quadratic = re.compile("a+b")
    assert _growth(quadratic.search, "a") > GROWTH


def _growth(read, piece):
    """How many times longer the longer text takes; 1 where it is quick however it grows."""
    short, long = (piece * (size // len(piece)) + "!" for size in (SIZE, 4 * SIZE))
    if _timed(read, long) < QUICK:
        return 1.0
    return min(_timed(read, long) for _ in range(3)) / max(min(_timed(read, short) for _ in range(3)), 1e-6)


def _timed(read, text):
    began = time.process_time()
    read(text)
    return time.process_time() - began


RECORDED = Path(__file__).parents[3] / "shared" / "recorded" / "tables"


@pytest.mark.heavy
@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded tables are not here")
def test_no_recorded_table_of_statistics_is_taken_for_personal_data():
    from satudata_schemas.examine import examine

    assert {
        path.name: examine(path).facts.personal for path in sorted(RECORDED.glob("*")) if examine(path).facts.personal
    } == {}
