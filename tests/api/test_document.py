"""The OpenAPI document is true: it lists every route, says which need a token, and its examples and answers fit it."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

BASE = "/api/satudata/v1"


@pytest.fixture
def document(app):
    return json.loads(app.get(f"{BASE}/openapi.json").body)


def resolved(document, node):
    while "$ref" in node:
        found = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            yield path, method.upper(), operation


def validator(document, schema):
    return Draft202012Validator({**schema, "components": document["components"]})


def test_every_route_is_listed_and_every_listed_one_is_there(document):
    from ckanext.satudata.api import routes

    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", "{}", declared.rule), method)
        for declared in routes.declared()
        for method in declared.methods
    }
    listed = {(re.sub(r"\{\w+\}", "{}", path), method) for path, method, _ in operations(document)}
    assert listed == there


def test_public_routes_and_scopes_are_listed_as_they_are(document):
    from ckanext.satudata.api import routes

    scopes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", "{}", declared.rule), method): declared.scope
        for declared in routes.declared()
        for method in declared.methods
    }
    usual = document["security"]
    listed = {}
    for path, method, operation in operations(document):
        (needed,) = operation.get("security", usual) or [{}]
        listed[(re.sub(r"\{\w+\}", "{}", path), method)] = needed.get("token", [None])[0]
    assert listed == scopes


def test_every_parameter_is_listed_and_every_listed_one_is_known(document):
    from ckanext.satudata.api import routes

    known = {
        re.sub(r"<(?:\w+:)?(\w+)>", "{}", declared.rule): set(declared.parameters)
        for declared in routes.declared()
        if "GET" in declared.methods and declared.parameters is not None
    }
    for path, method, operation in operations(document):
        if method == "GET" and re.sub(r"\{\w+\}", "{}", path) in known:
            parameters = [resolved(document, one) for one in operation.get("parameters", ())]
            listed = {one["name"] for one in parameters if one["in"] == "query"}
            assert listed == known[re.sub(r"\{\w+\}", "{}", path)], path


def test_every_answer_of_content_has_an_example_that_fits_its_schema(document):
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            for media, content in resolved(document, response).get("content", {}).items():
                assert "example" in content, (path, method, status, media)
                if "json" in media and "ndjson" not in media:
                    validator(document, content["schema"]).validate(content["example"])


def test_operation_ids_are_unique_and_tags_are_described(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    described = {tag["name"] for tag in document["tags"]}
    assert {tag for _, _, operation in operations(document) for tag in operation["tags"]} <= described


def test_protected_routes_are_401_without_a_token(document, app):
    for path, method, operation in operations(document):
        if operation.get("security") == []:
            continue
        called = app.test_client(use_cookies=False).open(BASE + re.sub(r"\{\w+\}", "x", path), method=method)
        assert called.status_code == 401, path
        assert called.json["code"] == "E-API-401"


def test_answers_fit_what_the_document_says_of_them(document, office, read, client_of, addressed):
    from ckanext.satudata.api.clients import SCOPES

    everyone = client_of(*SCOPES)
    office.put("2", hak_akses="tertutup", dasar_pengecualian="UU 14/2008 Pasal 17 huruf h")
    for path, method, operation in operations(document):
        content = resolved(document, operation["responses"].get("200", {})).get("content", {})
        if method != "GET" or not content:
            continue
        answer = read(addressed(path), by=everyone)
        assert answer.status_code == 200, (path, answer.body)
        media = answer.content_type.partition(";")[0]
        assert media in content, path
        if "json" in media and "ndjson" not in media:
            validator(document, content[media]["schema"]).validate(answer.json)


def test_the_page_needs_nothing_from_elsewhere(app):
    answer = app.get(f"{BASE}/docs")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert not re.findall(r"<(?:script|link|img|iframe)\b", answer.body)
    assert 'id="datasets"' in answer.body
    assert len(answer.data) < 200_000


def test_the_contract_of_a_dataset_is_served(read):
    assert read("/dataset.schema.json").json["properties"]["title"]["type"] == "string"
