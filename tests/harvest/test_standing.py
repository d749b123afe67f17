from datetime import date

import pytest

from ckanext.satudata.harvest.standing import Known, Standing, standing, unchanged


def known(status, *, missing=None, reviewed=False, hasil="layak"):
    return Known("r", "a", "f1", "v1", hasil, status, missing, "r", reviewed)


@pytest.mark.parametrize(
    ("before", "hasil", "penayangan", "expected"),
    [
        (None, "layak", "otomatis", Standing("publish")),
        (None, "layak", "diperiksa", Standing("hold", "menunggu")),
        (None, "perlu_perbaikan", "otomatis", Standing("hold", "draf")),
        (None, "tidak_dimuat", "otomatis", Standing("hold", "draf")),
        (known("draf"), "layak", "diperiksa", Standing("hold", "menunggu")),
        (known("tayang"), "layak", "diperiksa", Standing("publish")),
        (known("tayang"), "perlu_perbaikan", "diperiksa", Standing("hold", "draf")),
        (known("dikembalikan"), "layak", "diperiksa", Standing("hold", "menunggu")),
        (known("dikembalikan"), "perlu_perbaikan", "diperiksa", Standing("hold", "dikembalikan")),
        (known("ditarik", missing=date(2026, 1, 1)), "layak", "otomatis", Standing("restore")),
        (known("ditarik", missing=date(2026, 1, 1), reviewed=True), "layak", "diperiksa", Standing("restore")),
        (known("ditarik", missing=date(2026, 1, 1)), "layak", "diperiksa", Standing("hold", "menunggu")),
    ],
)
def test_where_a_record_is_to_stand(before, hasil, penayangan, expected):
    assert standing(before, hasil, penayangan=penayangan, rules_version="v1") == expected


def test_a_changed_mapping_makes_the_walidata_look_again():
    before = Known("r", "a", "f1", "mapping1:rules1", "layak", "tayang", None, "r", True)

    assert standing(before, "layak", penayangan="diperiksa", rules_version="mapping1:rules2") == Standing("publish")
    assert standing(before, "layak", penayangan="diperiksa", rules_version="mapping2:rules1") == Standing(
        "hold", "menunggu"
    )
    assert standing(before, "layak", penayangan="otomatis", rules_version="mapping2:rules1") == Standing("publish")


def test_nothing_is_written_for_equal_content_under_equal_rules():
    assert unchanged(known("tayang"), "f1", "v1")


@pytest.mark.parametrize(
    ("before", "fingerprint", "rules"),
    [
        (None, "f1", "v1"),
        (known("tayang"), "f2", "v1"),
        (known("tayang"), "f1", "v2"),
        (known("tayang", missing=date(2026, 1, 1)), "f1", "v1"),
    ],
)
def test_new_changed_rejudged_and_returning_records_are_written(before, fingerprint, rules):
    assert not unchanged(before, fingerprint, rules)


def test_a_dataset_withdrawn_by_a_person_is_told_from_one_that_vanished():
    assert known("ditarik").gone_by_hand
    assert known("ditarik", missing=date(2026, 1, 1)).gone_by_absence
