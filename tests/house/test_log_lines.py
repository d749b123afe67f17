"""Text from outside cannot write log lines of its own: a title with a line break stays on the line it is named in."""

import ast
import io
import logging
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from demo.portal import Portal, serve_portal
from satudata_harvesters import connector
from satudata_harvesters.connectors.ckan import Ckan
from satudata_harvesters.http import Http, Limits
from satudata_harvesters.mapping import Mapping
from satudata_schemas.assess import assess
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

ROOT = Path(__file__).parents[2]
FORGED = "Jumlah Penduduk\n2026-01-01 00:00:00 ERROR [root] semua data terhapus\r\n"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
PLACE = re.compile(r"%(?:\(\w+\))?[#0 +-]*\d*(?:\.\d+)?([a-zA-Z%])")
#: What may stand for `%s`: words of our own, on one line by their making. Text from outside is `%r`.
OURS = (
    re.compile(r"type\(\w+\)\.__name__"),
    re.compile(r"(?:\w+\.)*(?:code|kind|[a-z_]*id)"),
    re.compile(r"g\.get\('request_id'\)"),
    re.compile(r"\[.*\]"),  # a list shows its items as %r does
    re.compile(r"frames"),  # files and lines of our own code, without the values
)


@pytest.fixture
def lines(monkeypatch):
    """Everything logged meanwhile, as it would stand in the log file."""
    # Where CKAN was loaded before in this process, its logging configuration has switched off whatever logged already.
    monkeypatch.setattr(connector.log, "disabled", False)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: stream.getvalue().splitlines()
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_title_with_a_line_break_forges_no_line(lines):
    portal = Portal(datasets=3)
    for entry in portal.entries:
        entry.package.update(title=FORGED, name=FORGED, notes=FORGED, license_id=FORGED)
        entry.package["extras"] = [{"key": FORGED, "value": FORGED}, {"key": "kode_wilayah", "value": FORGED}]
    mapping, profile, reference = Mapping("ckan"), Profile.load("transisi"), Reference.load()
    with serve_portal(portal) as url:
        http = Http(Limits(attempts=1), [f"127.0.0.1/32:{urlsplit(url).port}"])
        records = [record for page in Ckan({"url": url}, http).pages() for record in page.records]
    for record in records:
        for issue in assess(mapping.apply(record).dataset, profile, reference=reference).issues:
            assert "\n" not in issue.message("id") + issue.remedy("en")
    assert len(records) == 3
    assert [line for line in lines() if line.startswith("2026-01-01 00:00:00 ERROR")] == []


def test_a_connector_that_fails_with_a_forged_message_is_logged_on_one_line(lines, monkeypatch):
    def load():
        raise ImportError(FORGED)

    connector.registry.cache_clear()
    monkeypatch.setattr(connector, "entry_points", lambda **_: [SimpleNamespace(name="rusak", load=load)])
    assert "rusak" in connector.registry().broken
    connector.registry.cache_clear()
    told = [line for line in lines() if "semua data terhapus" in line]
    assert len(told) == 1
    assert "'rusak' is disabled" in told[0]


def log_calls(path):
    """(line, format, arguments as source) of every call of a logger in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "logger", "logging", "LOG"}
            and node.args
        ):
            words = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            yield node.lineno, words, [ast.unparse(argument) for argument in node.args[1:]]


def loose(path):
    """`line argument` of every log call in which something may stand that is not ours and not quoted."""
    for line, words, arguments in log_calls(path):
        if not isinstance(words, str):
            yield f"{line} a message that is no constant"
            continue
        places = [kind for kind in PLACE.findall(words) if kind != "%"]
        for kind, argument in zip(places, arguments, strict=False):
            if kind == "s" and not any(form.fullmatch(argument) for form in OURS):
                yield f"{line} {argument}"


def test_log_messages_quote_whatever_may_come_from_outside():
    rooms = [ROOT / room for room in ("schemas", "harvesters", "ckanext-satudata")]
    found = [
        f"{path.relative_to(ROOT)}:{where}"
        for room in rooms
        for path in sorted(room.rglob("*.py"))
        for where in loose(path)
    ]
    assert found == []


@pytest.mark.parametrize(
    "call",
    ['log.info("read %s", title)', 'log.info(f"read {title}")', 'log.error("%d of %s", count, record["title"])'],
)
def test_a_call_that_does_not_quote_is_found(tmp_path, call):
    path = tmp_path / "module.py"
    path.write_text(call)
    assert len(list(loose(path))) == 1
