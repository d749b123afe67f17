"""Hold the built packages, and an installed one, against what they must contain.

    python -m deploy.packaging dist/*        the wheel and the sdist hold every committed file of the three rooms
    python packaging.py --installed          the installed platform finds what it reads at run time

Imports nothing of this package, so that it can be run outside the checkout.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from importlib import resources
from pathlib import Path

ROOMS = ("schemas/", "harvesters/", "ckanext-satudata/")
#: package -> what must be found in it, as patterns below its folder
READ_AT_RUN_TIME = {
    "satudata_schemas": ["dataset.schema.json", "vocabularies/*.json", "reference/*.csv", "messages/*", "profiles/*"],
    "satudata_harvesters": ["source.schema.json", "applications/*.yaml"],
    "ckanext.satudata": [
        "templates/base.html",
        "i18n/id/LC_MESSAGES/*.mo",
        "migration/satudata/alembic.ini",
        "migration/satudata/env.py",
        "migration/satudata/versions/001_*.py",
        "config_declaration.yaml",
        "assets/portal.css",
        "api/openapi.yaml",
    ],
}


def committed() -> set[str]:
    """Return the committed files of the rooms, as they are called inside a wheel."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", *ROOMS], check=True, capture_output=True, text=True
    ).stdout
    files = {name for name in listed.split("\0") if name and Path(name).is_file()}
    return {name.split("/", 1)[1] for name in files}


def contents(archive: Path) -> set[str]:
    """Return the files of a wheel or sdist, as they are called inside a wheel."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    return {name.split("/", 1)[1] for name in inside if name.startswith(ROOMS)}


def missing_in(archive: Path) -> list[str]:
    """Name what is committed in a room and absent from the package."""
    return sorted(committed() - contents(archive))


def missing_at_run_time() -> list[str]:
    """Name what the installed packages need and do not find."""
    absent = []
    for package, patterns in READ_AT_RUN_TIME.items():
        root = Path(str(resources.files(package)))
        absent += [f"{package}: {pattern}" for pattern in patterns if not any(root.glob(pattern))]
    return absent


def main(arguments: list[str]) -> int:
    """Print what is missing; 1 when something is."""
    if arguments == ["--installed"]:
        problems = missing_at_run_time()
    else:
        problems = [f"{Path(archive).name}: {name}" for archive in arguments for name in missing_in(Path(archive))]
    print("\n".join(problems) or "complete")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
