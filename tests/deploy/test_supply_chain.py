"""Every installed package is one that could be looked at: pinned, hashed, a week old, and really the one installed."""

from __future__ import annotations

import re
import sys
from datetime import date, timedelta
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.layout import CHECKOUT
from deploy.solr import CHECKSUMS, differing_jars

LOCKS = sorted((CHECKOUT / "deploy" / "requirements").glob("*.txt"))
BLOCK = re.compile(r"^(?P<pin>[A-Za-z0-9][^\n\\]*?)(?: \\\n(?P<hashes>(?:    --hash=[^\n]*\n?)+))?$", re.MULTILINE)


def entries(lock: Path) -> list[tuple[str, Requirement, list[str]]]:
    """(name, pin, hashes) of each entry; a package may have one for older and one for newer Pythons."""
    found = []
    for block in BLOCK.finditer(lock.read_text("utf-8")):
        pin = Requirement(block["pin"])
        found.append((canonicalize_name(pin.name), pin, re.findall(r"--hash=(\S+)", block["hashes"] or "")))
    return found


def applies(marker: Marker | None) -> bool:
    return marker is None or marker.evaluate()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_to_hashes_of_its_files(lock):
    locked = entries(lock)
    assert locked
    for name, pin, hashes in locked:
        assert re.fullmatch(r"==[^*,]+", str(pin.specifier)), name
        assert hashes, f"{name} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_only_what_was_published_a_week_before_it_was_written(lock):
    header = lock.read_text("utf-8").splitlines()[0]
    published, written = (date.fromisoformat(day) for day in re.findall(r"\d{4}-\d\d-\d\d", header))
    assert written - published >= timedelta(days=7)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_place_to_download_from(lock):
    assert "://" not in lock.read_text("utf-8")
    assert "index" not in lock.read_text("utf-8").lower().replace("index_", "")


def test_the_locks_agree_with_each_other():
    # What other portals run is installed beside ours, never into it.
    ours = [lock for lock in LOCKS if lock.stem != "stock"]
    by_lock = [{(name, str(pin.specifier)) for name, pin, _ in entries(lock)} for lock in ours]
    whole = max(by_lock, key=len)
    for part in by_lock:
        assert part <= whole


def test_the_development_lock_satisfies_what_setup_py_asks_for():
    locked = entries(CHECKOUT / "deploy" / "requirements" / "development.txt")
    declared = [
        Requirement(text)
        for text in re.findall(r'^ +"([A-Za-z][^"]*)",$', (CHECKOUT / "setup.py").read_text(), re.MULTILINE)
    ]
    requirements = [one for one in declared if not one.name.startswith(("satudata", "ckanext.satudata"))]
    assert len(requirements) > 15
    for one in requirements:
        versions = [str(pin.specifier)[2:] for name, pin, _ in locked if name == canonicalize_name(one.name)]
        assert versions, f"{one}: run `make lock`"
        assert all(one.specifier.contains(version, prereleases=True) for version in versions), str(one)


def test_what_is_installed_is_what_is_locked():
    venv = CHECKOUT / ".venv"
    prefix = venv if (venv / "satudata-development.txt").exists() else Path(sys.prefix)
    installed = {
        canonicalize_name(one.metadata["Name"]): one.version
        for one in distributions(path=[str(path) for path in (prefix / "lib").glob("python3.*/site-packages")])
        if isinstance(one, Distribution)
    }
    locked = entries(CHECKOUT / "deploy" / "requirements" / "development.txt")
    for name, pin, _ in locked:
        if applies(pin.marker):
            assert pin.specifier.contains(installed[name], prereleases=True), name
    assert set(installed) - {name for name, _, _ in locked} - {"pip", "ckanext-satudata"} == set()


def test_a_changed_missing_or_added_jar_is_named(tmp_path):
    recorded = [line.split("  ") for line in CHECKSUMS.read_text().splitlines()]
    assert len(recorded) > 100
    (tmp_path / "intruder.jar").write_bytes(b"")
    (tmp_path / recorded[0][1]).write_bytes(b"changed")
    differing = differing_jars(tmp_path)
    assert {"intruder.jar", recorded[0][1], recorded[1][1]} <= set(differing)
