"""The regency of the demo fits the codes and vocabularies of the rule book, and its list of offices can be imported."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from demo.regency import CODE, NAME, districts, indicators, offices
from satudata_schemas import contract
from satudata_schemas.reference import Reference

DEMO = Path(__file__).parents[2] / "demo"


def test_districts_are_those_of_the_reference_codes():
    wilayah = Reference.load().wilayah
    assert wilayah.get(CODE).name == NAME
    assert {district.code: district.name for district in districts()} == {
        district.code: wilayah.get(district.code).name for district in districts()
    }
    assert len(districts()) == 14


@pytest.mark.parametrize("field", ["kategori", "satuan", "ukuran"])
def test_words_of_the_indicators_are_the_vocabularies_or_allowed_beside_them(field):
    words = contract.vocabulary(field)
    unknown = {
        getattr(indicator, field) for indicator in indicators() if words.resolve(getattr(indicator, field)) is None
    }
    assert words.open or unknown == set()


def test_schedules_and_urusan_are_known():
    schedules, urusan = contract.vocabulary("jadwal_pemutakhiran"), contract.vocabulary("urusan")
    assert all(schedules.resolve(indicator.jadwal) for indicator in indicators())
    assert all(urusan.resolve(indicator.kode_urusan) for indicator in indicators())


def test_every_indicator_is_kept_by_an_office_that_exists():
    existing = {office.name for office in offices() if not office.ended}
    assert {indicator.opd for indicator in indicators()} <= existing


def test_the_list_of_offices_names_each_once_in_the_form_of_the_regulation():
    assert all(re.fullmatch(r"(\d\.\d{2}\.){3}\d{2}\.\d{4}", office.kode_skpd) for office in offices())
    names = Counter(
        name
        for office in offices()
        for name in {one.casefold() for one in (office.name, office.title, *office.aliases)}
    )
    assert [name for name, count in names.items() if count > 1] == []
    assert len({office.kode_skpd for office in offices()}) == len(offices()) >= 30


def test_validity_is_in_calendar_days():
    with (DEMO / "opd.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            begun = date.fromisoformat(row["berlaku_mulai"])
            assert not row["berlaku_sampai"] or begun < date.fromisoformat(row["berlaku_sampai"])
