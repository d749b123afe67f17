"""A source with identitas `pertahankan` keeps ids, names and dates of creation; nothing is taken over."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


@pytest.fixture
def mirror(office, session):
    """The office's source, mirroring a portal under agreement."""
    from sqlalchemy import update

    from ckanext.satudata.catalog import tables

    session.execute(update(tables.source).where(tables.source.c.id == office.source).values(identitas="pertahankan"))
    session.commit()
    return office


def test_ids_names_and_creation_of_a_mirrored_portal_stay(mirror, act):
    package, file = str(uuid4()), str(uuid4())
    dataset = mirror.layak(resources=[{"id": file, "url": "https://data.example.go.id/a.csv", "format": "CSV"}])
    created = dt.datetime(2019, 5, 6, 7, 8, 9, 123000)  # noqa: DTZ001 - CKAN's columns are naive UTC
    written = mirror.put(package, dataset=dataset, package_id=package, name="nama_di-portal", created=created)
    shown = act("package_show", id=package)
    assert written.record_id == package
    assert (shown["name"], shown["metadata_created"]) == ("nama_di-portal", created.isoformat())
    assert [resource["id"] for resource in shown["resources"]] == [file]


def test_a_resource_id_of_another_dataset_is_not_taken(mirror, act):
    first, second, file = str(uuid4()), str(uuid4()), str(uuid4())
    dataset = mirror.layak(resources=[{"id": file, "url": "https://data.example.go.id/a.csv", "format": "CSV"}])
    mirror.put(first, dataset=dataset, package_id=first)
    mirror.put(second, dataset=dataset, package_id=second)
    assert [resource["id"] for resource in act("package_show", id=first)["resources"]] == [file]
    assert [resource["id"] for resource in act("package_show", id=second)["resources"]] != [file]


def test_a_dataset_that_ckan_has_already_is_not_taken_over(mirror, act):
    made = act("package_create", name=f"{mirror.name}-tangan", title="Buatan tangan", owner_org=mirror.id)
    refused = mirror.put(made["id"], package_id=made["id"])
    assert (refused.outcome, refused.code) == ("refused", "E-SMP-003")
    assert act("package_show", id=made["id"])["title"] == "Buatan tangan"


def test_a_name_that_is_taken_gets_the_id_added(mirror):
    first, second = str(uuid4()), str(uuid4())
    mirror.put(first, package_id=first, name="sama")
    mirror.put(second, package_id=second, name="sama")
    assert {row["name"] for row in mirror.rows("record")} > {"sama"}
