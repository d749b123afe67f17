"""A source that fails is told in plain words and by exit code; what it had published stays published."""

import re
import secrets
from types import SimpleNamespace

import pytest

from demo.portal import Portal
from tests.e2e.stack import API, WALIDATA

FINE = {"down": False, "html": False, "key": None, "delay": 0.0}


@pytest.fixture(scope="module")
def source(stack, tmp_path_factory):
    """A source that has published what its portal holds; `.change(…)` registers it anew with other settings."""
    folder, name = tmp_path_factory.mktemp("sumber"), f"rapuh-{secrets.token_hex(4)}"
    portal = Portal(datasets=12, seed=secrets.randbits(32))
    with stack.serving(portal) as url:
        definition = {
            "name": name, "title": "Portal Rapuh", "organization": WALIDATA, "connector": "ckan", "url": url,
            "penayangan": "otomatis", "limits": {"attempts": 1, "read": 1, "deadline": 1},
        }  # fmt: skip

        def change(code=0, **settings):
            file = stack.write_source(folder, {**definition, **settings})
            return stack.ckan(
                "satudata", "source", "add", name, "--file", str(file), "--approved-by", "walidata", "--update"
            )

        assert change().code == 0
        first = stack.ckan("satudata", "harvest", name, "--json")
        assert (first.code, first.json["state"]) == (0, "selesai"), first
        assert first.json["layak"] > 5
        yield SimpleNamespace(name=name, portal=portal, change=change, published=first.json["layak"])


@pytest.fixture(scope="module")
def published(stack, source):
    """How many datasets of the source everyone can read now."""
    header = stack.token(f"pembaca-{secrets.token_hex(3)}", "catalog:read")

    def count():
        stack.settled()
        return stack.get(f"{API}/datasets?source={source.name}", headers=header).json()["meta"]["total"]

    assert count() == source.published
    return count


@pytest.mark.parametrize(
    ("failure", "code", "indonesian", "english"),
    [
        ({"down": True}, "E-TRK-007", "tidak dapat dibuka atau terputus", "could not be opened or broke off"),
        ({"delay": 3.0}, "E-TRK-009", "tidak selesai menjawab dalam", "did not finish its answer within"),
        ({"html": True}, "E-TRK-001", "menjawab bukan JSON (HTTP 200", "did not answer JSON (HTTP 200"),
        ({"key": "lain"}, "E-TRK-003", "menolak kredensial (HTTP 403)", "refused the credentials (HTTP 403)"),
    ],
    ids=["down", "slow", "not JSON", "wrong key"],
)
def test_a_failing_source_is_told_with_cause_and_remedy(source, stack, published, failure, code, indonesian, english):
    vars(source.portal).update(failure)
    try:
        ended = {lang: stack.ckan("satudata", "harvest", source.name, "--lang", lang) for lang in ("id", "en")}
    finally:
        vars(source.portal).update(FINE)
    for lang, words in (("id", indonesian), ("en", english)):
        assert ended[lang].code == 1
        assert words in ended[lang].err
        assert re.search(rf"\S\. [A-Z].+\. \[{code}\]$", ended[lang].err, re.MULTILINE), ended[lang].err
        assert "Traceback" not in ended[lang].err
    assert published() == source.published


def test_after_the_failure_the_next_harvest_finds_everything_as_it_was(source, stack, published):
    again = stack.ckan("satudata", "harvest", source.name, "--json")
    assert (again.code, again.json["updated"], again.json["missing"]) == (0, 0, 0)
    assert published() == source.published


def test_a_mapping_that_cannot_be_read_is_refused_with_its_line_before_anything_changes(source, stack, published):
    before = stack.satudata("source", "show", source.name)["definition"]
    ended = source.change(mapping={"use": "ckan", "fields": {"title": {"pick": "extras[?key=="}}})
    assert ended.code == 2
    assert re.search(r"^Baris \d+: .+\. .+\. \[E-[A-Z]+-\d{3}\]$", ended.err, re.MULTILINE), ended.err
    assert stack.satudata("source", "show", source.name)["definition"] == before
    assert published() == source.published


def test_a_mapping_that_fits_nothing_is_held_and_what_was_published_stays(source, stack, published):
    assert source.change(mapping={"use": "ckan", "identifier": "tidak.ada"}).code == 0
    ended = stack.ckan("satudata", "harvest", source.name)
    assert ended.code == 1
    assert "ditahan" in ended.out
    run = stack.run_of(source.name)
    assert (run["state"], run["layak"], run["withdrawn"]) == ("ditahan", 0, 0)
    assert published() == source.published

    assert source.change().code == 0
    mended = stack.ckan("satudata", "harvest", source.name, "--json")
    assert (mended.code, mended.json["layak"]) == (0, source.published)
    assert published() == source.published


def test_the_program_itself_ends_with_the_same_code_and_words(source, stack):
    ended = stack.ckan_alone("satudata", "harvest", "sumber-yang-tidak-ada", "--lang", "en")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.rstrip().endswith("[E-SRC-001]")
