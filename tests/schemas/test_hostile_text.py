"""Whatever reads outside text does so in linear time: 100 kB made to be slow take less than 50 ms."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from satudata_schemas import cell, personal_columns, personal_data
from satudata_schemas.checks import readable_time, usable_link
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import excerpt
from satudata_schemas.personal_columns import in_rows
from satudata_schemas.reference import Reference, plain_name
from satudata_schemas.suggest import suggest

SIZE = 100_000
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
    "suggest": lambda text: list(suggest(Dataset(title=text, notes=text, tags=[text]), Reference.load())),
}


@pytest.mark.heavy
@pytest.mark.parametrize("reader", sorted(READERS))
def test_hostile_text_is_read_quickly(reader):
    read = READERS[reader]
    slow = {}
    read("1")
    for piece in PIECES:
        text = piece * (SIZE // len(piece)) + "!"
        taken = min(_timed(read, text) for _ in range(3))
        if taken > 0.05:
            slow[piece] = taken
    assert slow == {}


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
