"""What the messages explain is what is raised: no code without its place in the code, none raised without words."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MESSAGES = ROOT / "schemas" / "satudata_schemas" / "messages"
ROOMS = ("schemas", "harvesters", "ckanext-satudata")


def test_every_code_that_has_a_message_is_raised_somewhere():
    told = {code for path in MESSAGES.glob("*.yaml") for code in yaml.load(path.read_text(), yaml.CSafeLoader)}
    # The contract's own file names codes, too.
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in {".py", ".yaml"}]
    raised = {
        code
        for path in files
        if MESSAGES not in path.parents
        for code in re.findall(r"[EWI]-[A-Z]+-\d{3}", path.read_text(encoding="utf-8"))
    }
    assert told - raised == set()
