"""How connectors are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import satudata_harvesters
from satudata_harvesters import connector
from satudata_harvesters.connector import Connector, registry


class _Point:
    def __init__(self, name, load):
        self.name, self.load = name, load


@pytest.fixture
def points(monkeypatch):
    """Entry points of other packages, for this test only."""
    given: list[_Point] = []
    monkeypatch.setattr(connector, "entry_points", lambda group: given if group == "satudata.connectors" else [])
    registry.cache_clear()
    yield given
    monkeypatch.undo()
    registry.cache_clear()


def test_the_built_in_connectors_are_found():
    assert {"ckan", "rest"} <= set(registry())
    assert registry().broken == {}


@pytest.mark.parametrize("kind", list(registry()))
def test_a_connector_declares_what_it_is_and_what_it_needs(kind):
    found = registry()[kind]
    Draft202012Validator.check_schema(found.config_schema)
    assert found.config_schema["additionalProperties"] is False
    assert set(found.title) == {"id", "en"}


def test_a_connector_of_another_package_is_found_by_its_entry_point(points):
    points.append(_Point("jdih", lambda: type("Jdih", (Connector,), {"kind": "jdih"})))
    assert "jdih" in registry()


def test_a_broken_connector_disables_only_itself(points):
    def explode():
        raise RuntimeError("no library")

    points += [_Point("rusak", explode), _Point("baik", lambda: type("Baik", (Connector,), {"kind": "baik"}))]
    assert registry().broken == {"rusak": "RuntimeError: no library"}
    assert {"ckan", "baik"} <= set(registry())


@pytest.mark.parametrize("loaded", [dict, type("Nameless", (Connector,), {})])
def test_what_is_no_connector_is_not_used_as_one(points, loaded):
    points.append(_Point("lain", lambda: loaded))
    assert "lain" in registry().broken


def test_nobody_takes_the_name_of_a_built_in_connector(points):
    points.append(_Point("palsu", lambda: type("Palsu", (Connector,), {"kind": "ckan"})))
    assert "palsu" in registry().broken
    assert registry()["ckan"].__module__ == "satudata_harvesters.connectors.ckan"


#: Libraries that take long to load, or need not be installed: imported by what needs them, when it does.
DEAR = {"rdflib", "openpyxl", "python_calamine", "sqlalchemy", "psycopg2", "pymysql", "duckdb", "requests"}


def test_nothing_dear_is_imported_before_it_is_used():
    found = {
        (file.name, name)
        for file in Path(satudata_harvesters.__file__).parent.rglob("*.py")
        for name in re.findall(r"^(?:import|from) (\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert len(found) > 100
    assert {(file, name) for file, name in found if name in DEAR} == set()
