"""Every recorded answer of a real portal, served as `package_search` and harvested under `transisi`.

What is expected was read from the files: 39 packages with 37 ids (swiss-seco repeats two), of which eight of hdx-search
have no link at all; nothing else keeps any of them from being published.
"""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from satudata_schemas import contract
from tests.harvest.conftest import Catalogue

#: file -> (packages, ids, layak)
PORTALS = {
    "canada-obd": (4, 4, 4),
    "hdx-search": (10, 10, 2),
    "id-katalog.data.go.id": (2, 2, 2),
    "id-muaraenim": (1, 1, 1),
    "swiss-seco": (12, 10, 10),
    "uk-birmingham": (10, 10, 10),
}


@pytest.fixture(scope="module")
def recorded_packages(recorded):
    def read(name):
        return [json.loads(line) for line in (recorded / "ckan" / f"{name}.jsonl").read_text("utf-8").splitlines()]

    return read


def test_the_expectation_covers_every_recorded_portal(recorded):
    assert {path.stem for path in (recorded / "ckan").glob("*.jsonl")} == set(PORTALS)
    assert sum(ids for _, ids, _ in PORTALS.values()) == 37
    assert sum(layak for _, _, layak in PORTALS.values()) == 29


@pytest.mark.parametrize("name", PORTALS)
def test_a_recorded_portal_is_harvested_whole(name, recorded_packages, portal, add_source, harvest, records, query):
    packages, ids, layak = PORTALS[name]
    source_id = add_source(portal(Catalogue(recorded_packages(name))), config={"page_size": 3})

    run = harvest(source_id)

    assert (run["state"], run["complete"], run["read"], run["created"]) == ("selesai", True, packages, ids)
    assert (run["layak"], run["perlu_perbaikan"], run["tidak_dimuat"]) == (layak, ids - layak, 0)
    assert run["issues"].get("W-DUP-001", 0) == packages - ids
    found = records(source_id)
    assert len(found) == ids
    assert {row["status"] for row in found.values() if row["hasil"] == "layak"} == {"tayang"}
    _second_harvest_changes_nothing(source_id, harvest, query, ids)


def _second_harvest_changes_nothing(source_id, harvest, query, ids):
    query(sa.delete(t.outbox))
    changes = query(sa.select(t.change.c.seq))

    run = harvest(source_id)

    assert (run["created"], run["updated"], run["unchanged"], run["missing"]) == (0, 0, ids, 0)
    assert query(sa.select(t.change.c.seq)) == changes
    assert query(sa.select(t.outbox)) == []


def test_what_needs_mending_are_the_datasets_without_any_link(recorded_packages, portal, add_source, harvest, records):
    packages = recorded_packages("hdx-search")
    source_id = add_source(portal(Catalogue(packages)))
    harvest(source_id)

    linkless = {item["id"] for item in packages if not any(one.get("url") for one in item.get("resources") or ())}
    assert len(linkless) == 8
    assert {id_ for id_, row in records(source_id).items() if row["hasil"] != "layak"} == linkless


@pytest.mark.parametrize("name", PORTALS)
def test_none_of_the_source_s_keys_is_lost(name, recorded_packages, portal, add_source, harvest, records):
    packages = recorded_packages(name)
    source_id = add_source(portal(Catalogue(packages)))
    harvest(source_id)

    found = records(source_id)
    for item in {item["id"]: item for item in reversed(packages)}.values():
        dataset, rest = found[item["id"]]["dataset"], found[item["id"]]["rest"]
        extras = {one["key"]: one["value"] for one in item.get("extras") or ()}
        assert _lost(item, dataset, rest, contract.field_name) <= {"id", "tags", "extras", "resources"}
        assert _lost(extras, dataset, rest | rest.get("extras", {}), contract.field_name) == set()
        for at, resource in enumerate(item.get("resources") or ()):
            other = rest["resources"][at] if "resources" in rest else {}
            assert _lost(resource, dataset["resources"][at], other, contract.resource_field_name) == set()


def _lost(source, dataset, rest, contract_name):
    """Keys that hold something at the source and stand neither in a contract field nor, unchanged, in the other
    keys.
    """
    lost = set()
    for key, value in source.items():
        if value in (None, "", [], {}):
            continue
        field = contract_name(key)
        read = dataset.get(key) or (field and dataset.get(field))
        if rest.get(key) != value and not read:
            lost.add(key)
    return lost
