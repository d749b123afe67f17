"""A `$ref`, a context or an entity that names another address is never followed: a schema is no way out (SSRF)."""

from __future__ import annotations

import ast
import contextlib
import json
from pathlib import Path

import pytest

from satudata_harvesters import check, source
from satudata_harvesters.errors import ConfigError
from satudata_schemas.profile import Profile
from tests.harvesters.site import answer

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas/satudata_schemas", "harvesters/satudata_harvesters", "ckanext-satudata/ckanext/satudata")


#: What makes or asks a validator in the library.
MAKERS = {"validate", "validator_for", "Draft202012Validator", "Draft201909Validator", "Draft7Validator"}


def validators():
    """(file:line, the names of its keyword arguments) of every call that makes a validator of JSON Schema."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            written = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(written)) if "from jsonschema" in written else ():
                if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MAKERS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", {word.arg for word in node.keywords}


def test_every_validator_looks_references_up_in_a_registry_of_its_own():
    found = dict(validators())
    assert found
    assert [where for where, words in found.items() if "registry" not in words] == []


def test_a_schema_that_refers_to_an_address_asks_nobody(serve):
    at = serve(lambda _: answer({"type": "object"}))
    with contextlib.suppress(Exception):
        source._against({"$ref": f"{at.url}/skema.json"}, {"a": 1}, "")
    assert at.asked == []


DOCUMENTS = {
    "d.json": '{{"$ref": "{url}", "identifier": "1", "title": "Luas Panen", "resources": [{{"$ref": "{url}"}}]}}',
    "d.jsonld": '{{"@context": "{url}", "@id": "https://a.go.id/1", "@type": "dcat:Dataset", "dct:title": "Luas"}}',
    "d.rdf": '<?xml version="1.0"?><!DOCTYPE r SYSTEM "{url}"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>',
    "d.ttl": "@base <{url}> . @prefix dcat: <http://www.w3.org/ns/dcat#> . <a> a dcat:Dataset ; dcat:theme <b> .",
    "d.yaml": "$ref: {url}\ntitle: Luas Panen\nidentifier: '1'\nresources: []\n",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_refers_to_an_address_asks_nobody(serve, tmp_path, name):
    at = serve(lambda _: answer({}))
    path = tmp_path / name
    path.write_text(DOCUMENTS[name].format(url=f"{at.url}/x"))
    with contextlib.suppress(ConfigError):
        json.dumps(check.check_file(path, check.Terms(Profile.load())).to_dict())
    assert at.asked == []
