"""The writer: states, versions, changes, refusals; on a real database."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


def test_a_published_dataset_is_a_public_package(office, act):
    written = office.put()
    assert (written.outcome, written.status, written.hasil, written.version) == ("created", "tayang", "layak", 1)
    shown = act("package_show", id=written.record_id)
    assert (shown["state"], shown["private"], shown["name"]) == (
        "active",
        False,
        "jumlah-penduduk-menurut-kecamatan-tahun-2024",
    )
    assert shown["organization"]["id"] == office.id
    assert [resource["name"] for resource in shown["resources"]] == ["Penduduk 2024", "Penduduk 2024"]
    assert sorted(tag["name"] for tag in shown["tags"]) == ["kecamatan", "penduduk"]


def test_the_same_again_changes_nothing(office):
    office.put()
    again = office.put()
    assert (again.outcome, again.version) == ("unchanged", 1)
    assert len(office.rows("change")) == 1
