"""The arrows of the house point one way: portal, api, cli, jobs → harvest → catalog; all → harvesters → schemas."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas" / "satudata_schemas"
HARVESTERS = ROOT / "harvesters" / "satudata_harvesters"
PLATFORM = ROOT / "ckanext-satudata" / "ckanext" / "satudata"

PLATFORM_PARTS = ("ckan", "ckanext", "sqlalchemy", "psycopg2", "redis", "pysolr", "flask")
DOORS = tuple(f"ckanext.satudata.{room}" for room in ("api", "portal", "cli", "jobs"))
#: room -> what nothing inside it may import
FORBIDDEN = {
    SCHEMAS: ("satudata_harvesters", "requests", "urllib3", "socket", "http", *PLATFORM_PARTS),
    HARVESTERS: ("ckan", "ckanext", "demo", "tests"),
    PLATFORM: ("demo", "tests", "deploy"),
    PLATFORM / "harvest": DOORS,
    PLATFORM / "catalog": ("ckanext.satudata.harvest", *DOORS),
}


def imported(path, package):
    """(line, absolute module) of everything a file imports, wherever in it; `package` is what its dots count from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def wrong_imports(room, forbidden, root):
    """`file:line module` for every import in `room` that leads to one of `forbidden`."""
    for path in sorted(room.rglob("*.py")):
        package = ".".join(path.parent.relative_to(root).parts)
        for line, module in imported(path, package):
            if any(f"{module}.".startswith(f"{name}.") for name in forbidden):
                yield f"{path.relative_to(root)}:{line} {module}"


@pytest.mark.parametrize("room", FORBIDDEN, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_imports_nothing_above_it(room):
    root = next(
        parent for parent in (SCHEMAS.parent, HARVESTERS.parent, ROOT / "ckanext-satudata") if parent in room.parents
    )
    assert any(room.rglob("*.py"))
    assert list(wrong_imports(room, FORBIDDEN[room], root)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import ckanext.satudata.api",
        "from ckanext.satudata import api",
        "from ckanext.satudata.api.tokens import issue",
        "from ..api import tokens",
        "from .. import api",
        "def later():\n    from ckanext.satudata.api import tokens",
    ],
)
def test_an_import_that_points_the_wrong_way_is_found_however_it_is_written(tmp_path, line):
    room = tmp_path / "ckanext" / "satudata" / "harvest"
    room.mkdir(parents=True)
    (room / "runs.py").write_text(f"import json\n{line}\n")
    assert len(list(wrong_imports(room, DOORS, tmp_path))) == 1


def test_names_that_only_begin_alike_are_not_taken_for_one_another(tmp_path):
    (tmp_path / "runs.py").write_text("import apiary\nfrom ckanext.satudata.apis import x\n")
    assert list(wrong_imports(tmp_path, ("api", *DOORS), tmp_path)) == []


def test_ckanext_stays_a_namespace_that_other_extensions_can_join():
    assert not (PLATFORM.parent / "__init__.py").exists()


WITHOUT_THE_PLATFORM = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)

BLOCKED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Blocked())
for name in [name for name in sys.modules if name.partition(".")[0] in BLOCKED]:
    del sys.modules[name]  # namespace packages are there from the start
for name in BLOCKED:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{name} is not blocked")
for room in ("satudata_schemas", "satudata_harvesters"):
    package = importlib.import_module(room)
    names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{room}.")]
    for name in names:
        importlib.import_module(name)
    print(room, len(names))
"""
DRIVERS = ("psycopg", "pymysql", "MySQLdb", "oracledb", "pyodbc", "pymssql", "sqlite_utils", "duckdb")


def test_schemas_and_harvesters_import_with_neither_ckan_nor_a_database_driver():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_PLATFORM, ",".join((*PLATFORM_PARTS, *DRIVERS))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    rooms = dict(line.split() for line in run.stdout.splitlines())
    assert set(rooms) == {"satudata_schemas", "satudata_harvesters"}
    assert all(int(modules) > 3 for modules in rooms.values())


def test_only_the_guarded_client_speaks_to_the_network():
    doors = {"http.py", "guard.py", "networks.py"}
    callers = {
        f"{path.relative_to(HARVESTERS)}: {module}"
        for path in HARVESTERS.rglob("*.py")
        if path.relative_to(HARVESTERS).as_posix() not in doors
        for _, module in imported(path, "")
        if module.partition(".")[0] in {"requests", "urllib3", "socket", "httpx", "aiohttp"}
        or module.startswith(("urllib.request", "http.client"))
    }
    assert callers == set()
