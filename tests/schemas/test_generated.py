"""What is derived from the contract is current, complete, and never rejects."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from satudata_schemas import contract, generate
from satudata_schemas.generators.form import scheming
from satudata_schemas.generators.openapi import openapi_components
from satudata_schemas.issue import messages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def form():
    return yaml.load(scheming(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are the safe one


def test_the_generators_are_current():
    assert generate.write(ROOT, check=True) == []


def test_writing_again_changes_nothing(tmp_path):
    assert set(generate.write(tmp_path)) == set(generate.FILES)
    assert generate.main(["--root", str(tmp_path), "--check"]) == 0
    (tmp_path / "docs/contract.md").write_text("alt")
    assert generate.main(["--root", str(tmp_path), "--check"]) == 1


def test_every_issue_code_has_its_place_in_the_docs():
    page = (ROOT / "docs/issue-codes.md").read_text(encoding="utf-8")
    assert [code for code in messages() if f"### {code}\n" not in page] == []


def test_every_field_and_vocabulary_has_its_place_in_the_docs():
    page = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
    every = [*contract.fields(), *contract.resource_fields(), *contract.column_fields()]
    assert [name for name in every if f"| `{name}`" not in page and name != "resources"] == []
    assert [name for name in contract.vocabularies if f"### {name}\n" not in page] == []


def test_the_form_asks_in_steps_and_shows_every_field_meant_for_it(form):
    pages = [field["start_form_page"]["title"]["id"] for field in form["dataset_fields"] if "start_form_page" in field]
    assert pages == [step["label"] for step in contract.steps() if step["name"] != "berkas"]
    asked = {field["field_name"] for field in form["dataset_fields"]}
    meant = {
        field.name for field in contract.fields().values() if field.in_form and field.kind != "objects" and field.step
    }
    assert meant - {"tags"} <= asked
    assert "tag_string" in asked
    assert {field["field_name"] for field in form["resource_fields"]} >= {"url", "name", "format", "kamus_data"}


def every(form):
    for field in (*form["dataset_fields"], *form["resource_fields"]):
        yield field
        yield from field.get("repeating_subfields", [])


def test_the_form_never_requires_and_never_rejects(form):
    rejecting = {
        "not_empty",
        "scheming_required",
        "scheming_choices",
        "scheming_multiple_choice",
        "isodate",
        "email_validator",
    }
    for field in every(form):
        assert not field.get("required")
        assert not rejecting & set(field.get("validators", "").split())
        assert field.get("preset") in {
            None,
            "title",
            "dataset_slug",
            "tag_string_autocomplete",
            "dataset_organization",
            "resource_url_upload",
        }


def test_the_form_speaks_both_languages(form):
    for field in every(form):
        assert set(field["label"]) == set(field["help_text"]) == {"id", "en"}
        for choice in field.get("choices", []):
            assert set(choice["label"]) == {"id", "en"}


# --- the API's schemas


@pytest.fixture(scope="module")
def components():
    return json.loads(openapi_components())["schemas"]


def test_the_api_names_every_field_it_answers_and_no_person_s_contact(components):
    answered = set(components["DatasetFields"]["properties"])
    public = {field.name for field in contract.fields().values() if not field.private}
    assert answered == public - {"owner_org", "hasil", "skor_sdi"}
    assert set(components["ResourceFields"]["properties"]) == set(contract.resource_fields())
    assert set(components["ColumnFields"]["properties"]) == set(contract.column_fields())


def test_the_api_asks_for_what_a_client_may_say_and_takes_other_keys(components):
    asked = components["DatasetInput"]
    assert not {"hasil", "status", "skor_sdi", "owner_org"} & set(asked["properties"])
    assert "ii_pj_nama" in asked["properties"]
    assert asked["additionalProperties"] is True
    assert "required" not in asked


def test_the_complete_dataset_fits_the_api_s_schemas(components, complete):
    document = {"components": {"schemas": components}}
    for name in ("DatasetFields", "DatasetInput"):
        schema = {"$ref": f"#/components/schemas/{name}", **document}
        jsonschema.Draft202012Validator(schema).validate(complete.to_dict())
        wrong = complete.with_fields(tags="bukan daftar").to_dict()
        assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)


def test_every_property_of_the_api_is_told_in_both_languages(components):
    for name, field in contract.fields().items():
        told = components["DatasetInput"]["properties"].get(name)
        assert told is None or (told["title"] == field.label and field.help_en in told["description"])
