"""What is derived from the contract is current, complete, and never rejects."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from satudata_schemas import contract, generate
from satudata_schemas.issue import messages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def form():
    return yaml.safe_load(generate.scheming())


def test_the_generated_files_are_current():
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
