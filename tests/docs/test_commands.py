"""Commands that the documents show exist, with the arguments and options they are shown with."""

import re
import shlex
from pathlib import Path

import click
import pytest

from satudata_harvesters import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "demo" / "README.md",
]
PURE, PLATFORM = ("satudata",), ("ckan", "satudata")


def shown(start):
    """(page, words behind `start`) of every such command in a block of shell lines."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            lines = [tuple(shlex.split(line, comments=True)) for line in block.replace("\\\n", " ").splitlines()]
            found += [(page.name, of_command(words[len(start) :])) for words in lines if words[: len(start)] == start]
    return found


def of_command(words):
    """The words before those of the shell: where the answer goes to."""
    ends = [at for at, word in enumerate(words) if word in {">", ">>", "|"}]
    return words[: ends[0]] if ends else words


def name_of(value):
    return value if isinstance(value, str) else " ".join(value)


def parse(command, words, name):
    """Follow the words down the groups to a command and let it read the rest, without running it."""
    if isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), words[0]) if words else None
        assert inner is not None, f"{name} has no command {words[:1]}"
        return parse(inner, words[1:], f"{name} {words[0]}")
    return command.make_context(name, list(words))


@pytest.mark.parametrize(("page", "words"), shown(PURE), ids=name_of)
def test_a_command_without_a_platform_is_understood_as_it_is_shown(page, words):
    parse(cli.satudata, words, "satudata")


@pytest.mark.parametrize(("page", "words"), shown(PLATFORM), ids=name_of)
def test_a_command_of_the_platform_is_understood_as_it_is_shown(page, words, loaded_ckan):
    from ckanext.satudata.cli import satudata

    parse(satudata, words, "ckan satudata")


def test_a_command_that_is_not_there_is_noticed():
    group = click.Group("satudata", commands={"check": click.Command("check", params=[click.Argument(["file"])])})
    with pytest.raises(AssertionError):
        parse(group, ("panen", "x"), "satudata")
    with pytest.raises(click.UsageError):
        parse(group, ("check", "x", "--warna"), "satudata")
