"""What a platform keeps, laid out as files, and one search through it, the same for people and planted values."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import redis

from deploy import postgres
from tests.e2e.stack import Stack

PLACES = ("database", "solr", "redis", "logs", "storage", "temporary")


def lay_out(stack: Stack, place: str, folder: Path) -> Path:
    """Put everything that a place holds into files below a folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    {
        "database": _dump,
        "solr": _documents,
        "redis": _values,
        "logs": _logs,
        "storage": lambda stack, folder: _copy(stack.storage, folder / "storage"),
        "temporary": lambda stack, folder: _copy(stack.temporary, folder / "temporary"),
    }[place](stack, folder)
    return folder


def search(words: Iterable[str], folder: Path) -> list[str]:
    """Every place in a folder's files where one of the words stands, in whatever case: `file:word`."""
    needles = folder.with_name(f"{folder.name}.needles")
    needles.write_text("\n".join(sorted({word for word in words if word})) + "\n", "utf-8")
    command = ["grep", "-r", "-a", "-o", "-i", "-F", "-f", str(needles), str(folder)]
    done = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False)
    needles.unlink()
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.decode("utf-8", "replace").splitlines()


def _dump(stack: Stack, folder: Path) -> None:
    # As text: bytes would be printed in hexadecimal, where no word is found.
    environment = {**stack.platform.services.postgres.environment(), "PGOPTIONS": "-c bytea_output=escape"}
    with (folder / "database.sql").open("wb") as out:
        command = [str(postgres.binary("pg_dump")), stack.platform.name]
        subprocess.run(command, env=environment, stdout=out, check=True)


def _documents(stack: Stack, folder: Path) -> None:
    stack.platform.index.commit()
    found = stack.platform.index.select("*:*", rows="100000", fl="*")["response"]
    assert len(found["docs"]) == found["numFound"]
    (folder / "documents.json").write_text(json.dumps(found["docs"], ensure_ascii=False), "utf-8")


def _values(stack: Stack, folder: Path) -> None:
    with redis.Redis.from_url(stack.platform.redis_url) as connection, (folder / "values").open("wb") as out:
        for key in connection.scan_iter(count=1000):
            out.write(key + b"\n")
            for value in _of(connection, key):
                # The queue packs what it is given.
                for form in (value, _unpacked(value)):
                    out.write(form + b"\n")


def _of(connection: Any, key: bytes) -> Iterator[bytes]:
    kind = connection.type(key)
    if kind == b"string":
        yield connection.get(key) or b""
    elif kind == b"hash":
        for name, value in connection.hgetall(key).items():
            yield from (name, value)
    elif kind == b"list":
        yield from connection.lrange(key, 0, -1)
    elif kind == b"set":
        yield from connection.smembers(key)
    elif kind == b"zset":
        yield from connection.zrange(key, 0, -1)
    elif kind == b"stream":
        for _, fields in connection.xrange(key):
            for name, value in fields.items():
                yield from (name, value)
    else:
        assert kind == b"none", f"a kind of value that is not read here: {kind!r}"  # gone since it was listed


def _unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return b""


def _logs(stack: Stack, folder: Path) -> None:
    for path in [*stack.folder.glob("*.log"), *(Path(stack.platform.services.folder) / "log").glob("*.log")]:
        shutil.copyfile(path, folder / path.name)


def _copy(origin: Path, folder: Path) -> None:
    if origin.exists():
        shutil.copytree(origin, folder, dirs_exist_ok=True, ignore_dangling_symlinks=True)
