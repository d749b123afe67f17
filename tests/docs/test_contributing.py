"""What CONTRIBUTING.md tells a newcomer to do is done here, on a copy of the house, and works."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "harvesters", "ckanext-satudata", "demo")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules", "*.egg-info")
_BLOCK = re.compile(r"^```\w+\n# (new file|at the end of|in): (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A piece of code of the page, and where the page says it goes."""

    what: str
    path: str
    code: str


def blocks(heading):
    """The blocks below one heading of CONTRIBUTING.md, in their order."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [Block(*match) for match in _BLOCK.findall(section)]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the rooms, as a contributor has it after cloning."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=LEFT_OUT)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def carry_out(found, house):
    """Put the blocks where they belong; gives the test files among them."""
    for block in found:
        path = house / block.path
        if block.what == "new file":
            assert not path.exists(), f"{block.path} is already there: the example needs another name"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, encoding="utf-8")
        elif block.what == "in":
            path.write_text(changed(path.read_text(encoding="utf-8"), block.code), encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8").rstrip("\n")
            gap = "\n\n\n" if path.suffix == ".py" else "\n"
            path.write_text(f"{text}{gap}{block.code}", encoding="utf-8")
    return [house / block.path for block in found if block.path.startswith("tests/")]


def changed(text, diff):
    """`text` with a diff of the page carried out: ` ` a line to go below, `+` a new line, `-` words `+` replaces."""
    anchor, replaced = "", ""
    for line in diff.splitlines():
        kind, words = line[:1], line[1:]
        if kind == "+" and replaced:
            text, replaced = text.replace(replaced, words, 1), ""
            continue
        assert kind == "+" or words in text, f"no longer there: {words}"
        if kind == "-":
            replaced = words
        elif kind == "+":
            text = text.replace(f"\n{anchor}\n", f"\n{anchor}\n{words}\n", 1)
        anchor = anchor if kind == "-" else words
    return text


def python(house, *arguments):
    """Run a module of Python in the copy, whose rooms come before the installed ones."""
    rooms = os.pathsep.join(str(house / room) for room in ROOMS if room != "demo")
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=house,
        env={**os.environ, "PYTHONPATH": f"{house}{os.pathsep}{rooms}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.heavy
@pytest.mark.parametrize(("heading", "count"), [("Add a connector", 2), ("Add a rule", 3)])
def test_an_example_works_as_it_is_written(house, heading, count):
    found = blocks(heading)
    assert len(found) == count
    tests = carry_out(found, house)
    run = python(house, "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert run.returncode == 0, run.stdout + run.stderr
    lint(house, found)


def test_the_route_works_as_it_is_written_on_the_real_platform(house, ckan_ini):
    found = blocks("Add a route")
    assert len(found) == 4
    shutil.copytree(ROOT / "deploy", house / "deploy", ignore=LEFT_OUT)
    (house / "tests" / "api").mkdir(parents=True)
    for path in (*(ROOT / "tests").glob("*.py"), ROOT / "tests" / "api" / "conftest.py"):
        shutil.copy(path, house / path.relative_to(ROOT))
    with (house / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(THIS_PLATFORM.format(ini=str(ckan_ini)))
    run = python(house, "pytest", "-q", *carry_out(found, house))
    assert run.returncode == 0, run.stdout + run.stderr
    lint(house, found)


#: The copy's tests ask the platform that is already there.
THIS_PLATFORM = """

@pytest.fixture(scope="session")
def ckan_ini() -> Path:
    return Path({ini!r})
"""


def lint(house, found):
    """New files are as `make lint` wants them."""
    new = [house / block.path for block in found if block.what == "new file"]
    for command in (("check",), ("format", "--check")):
        run = python(house, "ruff", *command, *new)
        assert run.returncode == 0, run.stdout + run.stderr


def test_the_copy_is_what_runs(house):
    run = python(house, "pytest", "--version")
    assert run.returncode == 0
    where = subprocess.run(
        [
            sys.executable,
            "-c",
            "import satudata_schemas, satudata_harvesters as h; print(satudata_schemas.__path__[0], h.__path__[0])",
        ],
        cwd=house,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(house / room) for room in ROOMS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.split() == [
        str(house / "schemas/satudata_schemas"),
        str(house / "harvesters/satudata_harvesters"),
    ]


def test_commands_of_the_documents_exist_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {
        (path.name, target)
        for path in documents
        for target in re.findall(r"(?:^|`)make ([a-z][a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {(name, target) for name, target in named if target not in targets} == set()


def test_links_between_documents_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = {
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        # The pictures are taken from the running demo, by `make screenshots`.
        if "://" not in target and not target.startswith("mailto:") and not target.startswith("docs/images/")
    }
    assert {f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()} == set()
