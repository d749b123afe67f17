"""What a preview calls a record that is not to be loaded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

NIK = "3204115708909999"


@pytest.mark.parametrize(
    ("item", "called"),
    [
        ({"hasil": "layak", "title": "Jumlah Penduduk", "identifier": "1"}, "Jumlah Penduduk"),
        ({"hasil": "tidak_dimuat", "title": f"Data {NIK}", "identifier": "aduan-7"}, "aduan-7"),
        ({"hasil": "tidak_dimuat", "title": f"Data {NIK}", "identifier": NIK}, "/3"),
        ({"hasil": "tidak_dimuat", "title": "Tanpa pengenal", "identifier": None}, "/3"),
    ],
)
def test_a_record_that_is_not_loaded_is_named_without_a_person_s_number(loaded_ckan, item, called):
    from ckanext.satudata.portal import previewing

    shown = SimpleNamespace(**item, pointer="/3", issues=[], dataset={}, assessment=SimpleNamespace(score=None))
    assert previewing._shown(shown).title == called
