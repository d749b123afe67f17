"""What is in the repository: nothing of the machine it was written on, no secret, nobody's data, nothing oversized."""

import ast
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000
TEXT = {
    ".py",
    ".md",
    ".csv",
    ".json",
    ".yaml",
    ".yml",
    ".toml",
    ".txt",
    ".ini",
    ".html",
    ".css",
    ".js",
    ".po",
    ".xml",
    ".conf",
    ".sh",
    "",
}

#: Folders that exist only on a developer's machine, and addresses that only one office's network knows. This file names
#: them in pieces, so as not to find itself.
FOREIGN = {
    "a home or work folder": re.compile(r"(?<![\w.~])/(?:" + "root|work|home" + r")/\w"),
    "a temporary folder of a person": re.compile(r"/tm" + r"p/[a-z]+_jobs|/Users/\w"),
    "a package mirror": re.compile(
        r"--(?:extra-)?index-" + r"url|(?:nexus|artifactory|mirror)[\w.-]*\.\w+/|/simple/?\s"
    ),
}
SECRET = re.compile(
    r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE "
    r"KEY-----|\bgh[pousr]_\w{36}|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{20,}\.[\w-]{20,}\."
)
NUMBER = re.compile(r"(?<![\w.])\d{16}(?![\w.])")


def committed():
    run = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts():
    for path in committed():
        if path.suffix in TEXT:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def looks_like_a_real_nik(digits):
    """A well-formed NIK whose serial could have been given out; 9999 and 0000 are not."""
    day, month, year = int(digits[6:8]) % 40, int(digits[8:10]), int(digits[10:12])
    try:
        date(1900 + year, month, day)
    except ValueError:
        return False
    return 11 <= int(digits[:2]) <= 96 and digits[12:] not in {"9999", "0000"}


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_file_names(kind):
    found = [
        f"{path}:{text[: match.start()].count(chr(10)) + 1}: {match[0]}"
        for path, text in texts()
        for match in FOREIGN[kind].finditer(text)
    ]
    assert found == []


def test_no_file_holds_a_secret():
    assert [str(path) for path, text in texts() if SECRET.search(text)] == []


def test_no_file_holds_a_number_that_could_be_somebody_s():
    found = [str(path) for path, text in texts() for match in NUMBER.finditer(text) if looks_like_a_real_nik(match[0])]
    assert found == []


def test_a_real_looking_number_would_be_found():
    digits = "350311" + "010190" + "0007"
    assert looks_like_a_real_nik(digits)
    assert not looks_like_a_real_nik("3503110101909999")


def test_files_are_small_enough_to_read_and_to_clone():
    assert [f"{path.relative_to(ROOT)}" for path in committed() if path.stat().st_size > MEGABYTE] == []


def test_modules_have_one_subject_and_fit_on_a_few_pages():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in committed()
        if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts and "migration" not in path.parts
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 600
    }
    assert long == {}


def test_no_module_is_named_for_nothing():
    empty = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}
    assert [str(path.relative_to(ROOT)) for path in committed() if path.suffix == ".py" and path.stem in empty] == []


def test_every_public_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in committed()
        if path.suffix == ".py"
        and path.name != "__init__.py"
        and "tests" not in path.relative_to(ROOT).parts
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []
