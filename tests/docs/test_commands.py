"""Commands that the documents show exist, with the arguments and options they are shown with."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "demo" / "README.md",
]
#: first words of a command -> where its group of commands is
PROGRAMS = {
    ("ckan", "satudata"): ("ckanext.satudata.cli", "satudata"),
    ("satudata",): ("satudata_harvesters.cli", "satudata"),
}


def shown():
    """(page, words) of every command of ours in a block of shell lines."""
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                words = tuple(shlex.split(line, comments=True))
                if any(words[: len(start)] == start for start in PROGRAMS):
                    yield page.name, words


def parse(command, words, name):
    """Follow the words down the groups to a command and let it read the rest, without running it."""
    if isinstance(command, click.Group):
        inner = command.commands.get(words[0]) if words else None
        assert inner is not None, f"{name} has no command {words[:1]}"
        return parse(inner, words[1:], f"{name} {words[0]}")
    return command.make_context(name, list(words))


@pytest.mark.parametrize(
    ("page", "words"), shown(), ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_command_is_understood_as_it_is_shown(page, words):
    start = next(start for start in PROGRAMS if words[: len(start)] == start)
    module, group = PROGRAMS[start]
    parse(getattr(import_module(module), group), words[len(start) :], " ".join(start))


def test_a_command_that_is_not_there_is_noticed():
    group = click.Group("satudata", commands={"check": click.Command("check", params=[click.Argument(["file"])])})
    with pytest.raises(AssertionError):
        parse(group, ("panen", "x"), "satudata")
    with pytest.raises(click.UsageError):
        parse(group, ("check", "x", "--warna"), "satudata")
