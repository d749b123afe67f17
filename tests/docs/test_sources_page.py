"""The source files that docs/sources.md shows are valid, and its table names every field there is."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest

from satudata_harvesters.source import load_source, templates

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_an_example_is_a_source_that_can_be_used(text):
    source = load_source(text)
    assert source.url.startswith({"database": "postgresql://", "table": "folder:"}.get(source.connector, "https://"))
    assert source.mapper is not None


def test_every_example_is_found():
    assert len(EXAMPLES) == PAGE.count("```yaml") == 9


def test_every_field_of_a_source_is_explained():
    schema = json.loads(resources.files("satudata_harvesters").joinpath("source.schema.json").read_text("utf-8"))
    table = PAGE.partition("### Isian berkas sumber")[2].partition("### ")[0]
    explained = {
        name for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert explained == set(schema["properties"])


def test_every_template_is_named():
    table = PAGE.partition("Templat yang tersedia:")[2].partition("\n\n`")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == templates()
