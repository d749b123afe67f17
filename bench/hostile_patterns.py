"""The slowest pattern of the rule book on 100 kB made to be slow.

Measured are all compiled patterns any module of `satudata_schemas` keeps, asked as that module asks them, the patterns
of the contract's JSON Schema, each on every hostile text. The value is the slowest of all, in milliseconds of processor
time, the best of three turns each. What the functions take that read outside text, with all their patterns and the rest
of their work, stands beside it in `raw`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import satudata_schemas
from bench.figure import Figure
from satudata_schemas import cell, contract, personal_columns, personal_data
from satudata_schemas.checks import readable_time, usable_link
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import excerpt
from satudata_schemas.reference import Reference, plain_name
from satudata_schemas.suggest import suggest

SIZE = 100_000
PIECES = (
    "1",
    "1 ",
    "1.",
    "1-",
    "0",
    "a",
    "a ",
    "a@",
    "a.",
    "A",
    "(",
    "( ",
    "[a",
    " ",
    "\t",
    "\n",
    ".",
    ",",
    "_",
    "-",
    "/",
    "=",
    "@",
    "%",
    "0812-",
    "08",
    "12/",
    "12-05-",
    "2020",
    "2020 ",
    "2020-",
    "nik ",
    "kk no:",
    "kota a ",
    "Kabupaten ",
    "di Aa ",
    "data ",
    "rp ",
    "rp. 1.",
    "tahun 2020 ",
    "triwulan iv ",
    "semester ",
    "1 januari ",
    "seri 2020",
    "://a@",
    "http://a",
    "é",
    "１",
    "\ud800",
)
ENDS = ("", "!")
#: How a module may ask a pattern; the scan over the whole text stands for all that search.
_ASKED = {"search": "sub", "sub": "sub", "findall": "sub", "finditer": "sub", "split": "sub", "match": "match"}


def texts() -> Iterator[tuple[str, str]]:
    """Every hostile text with what it is made of."""
    for piece in PIECES:
        for end in ENDS:
            yield f"{piece!r} … {end!r}", piece * (SIZE // len(piece)) + end
    for whole in ("3204051201909999 ", "3204.0512.0190.9999", "197001011990011001 ", "12.345.678.9-012.345 "):
        yield f"{whole!r} …", whole * (SIZE // len(whole))


def patterns() -> dict[str, Callable[[str], object]]:
    """The compiled patterns of every module, by module and name, and those of the contract, as each is asked."""
    found: dict[str, Callable[[str], object]] = {}
    for one in pkgutil.walk_packages(satudata_schemas.__path__, "satudata_schemas."):
        module = importlib.import_module(one.name)
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if not inspect.ismodule(value):
                _gather(f"{one.name}.{name}", value, _asked(source, name), found)
    for pointer, written in _written(contract.schema(), "#"):
        found[pointer] = partial(re.compile(written).sub, "")
    return found


def _asked(source: str, name: str) -> set[str]:
    """The ways a module asks a pattern of this name; one that stands in a table is asked by another name there."""
    told = re.findall(rf"\b{re.escape(name)}\.(\w+)\(", source) or re.findall(r"\bpattern\.(\w+)\(", source)
    return {_ASKED.get(way, "match") for way in told if way in _ASKED or way == "fullmatch"}


def _gather(name: str, value: Any, ways: set[str], found: dict[str, Callable[[str], object]]) -> None:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        for way in ways:
            found.setdefault(f"{name}.{way}", partial(value.sub, "") if way == "sub" else value.match)
    elif isinstance(value, Mapping) and len(value) < 200:
        for key, inner in value.items():
            _gather(f"{name}[{key}]", inner, ways, found)
    elif isinstance(value, list | tuple) and len(value) < 200:
        for at, inner in enumerate(value):
            _gather(f"{name}[{at}]", inner, ways, found)


def _written(document: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(document, Mapping):
        for key, inner in document.items():
            if key == "pattern" and isinstance(inner, str):
                yield f"{pointer}/pattern", inner
            else:
                yield from _written(inner, f"{pointer}/{key}")
    elif isinstance(document, list):
        for at, inner in enumerate(document):
            yield from _written(inner, f"{pointer}/{at}")


def readers() -> dict[str, Callable[[str], object]]:
    """The functions that are given outside text as it comes."""
    codes = Reference.load()
    return {
        "cell.clean": cell.clean, "cell.number": cell.number, "cell.decimal_style": cell.decimal_style,
        "cell.as_date": cell.as_date, "niks": lambda text: list(personal_data.niks(text)),
        "contacts": personal_data.contacts_in_text, "header": personal_columns.header_kind,
        "column": lambda text: personal_columns.in_rows(["a"], [[text]]), "excerpt": excerpt, "link": usable_link,
        "time": readable_time, "region code": codes.wilayah.read, "region name": plain_name,
        "suggest": lambda text: list(suggest(Dataset(title=text, notes=text, tags=[text]), codes)),
    }  # fmt: skip


def measure() -> Iterator[Figure]:
    """Ask every pattern and reader for every text."""
    told = {what: _slowest(asked) for what, asked in (("patterns", patterns()), ("readers", readers()))}
    raw: dict[str, object] = {
        "patterns": len(patterns()),
        "texts": sum(1 for _ in texts()),
        "slowest": told["patterns"][:10],
    }
    raw["slowest_readers"] = told["readers"][:5]
    value = round(told["patterns"][0][0], 3)
    yield Figure("hostile_pattern_ms", value, bar=50, aim=10, unit="ms", better="lower", raw=raw)


def _slowest(asked: Mapping[str, Callable[[str], object]]) -> list[tuple[float, str, str]]:
    """Milliseconds, name and text of each one's slowest turn, the slowest first."""
    slowest: dict[str, tuple[float, str, str]] = {}
    for made, text in texts():
        for name, work in asked.items():
            slowest[name] = max(slowest.get(name, (0.0, name, "")), (_milliseconds(work, text), name, made))
    return sorted(slowest.values(), reverse=True)


def _milliseconds(work: Callable[[str], object], text: str) -> float:
    best = 1e9
    for _ in range(3):
        begun = time.process_time()
        work(text)
        best = min(best, (time.process_time() - begun) * 1000)
        if best < 3:
            break
    return best


FIGURES = {"hostile_pattern_ms": measure}
