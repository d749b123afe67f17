"""Every sentence of the portal is Indonesian where it stands and has its English; what is shipped is what is kept."""

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOM = Path(__file__).parents[2] / "ckanext-satudata" / "ckanext" / "satudata"
CATALOGUES = {lang: ROOM / "i18n" / lang / "LC_MESSAGES" / "ckanext-satudata.po" for lang in ("id", "en")}


def catalogue(lang):
    with CATALOGUES[lang].open("rb") as lines:
        return read_po(lines, locale=lang)


def sentences():
    found = extract_from_dir(
        ROOM,
        method_map=[("portal/**.py", "python"), ("templates/**.html", "ckan.lib.extract:extract_ckan")],
        options_map={"templates/**.html": {"trimmed": "true"}},
    )
    return {message for _file, _line, message, _comments, _context in found}


def test_every_sentence_has_its_english():
    english = {message.id for message in catalogue("en") if message.id and message.string}
    assert sentences() - english == set()
    assert len(sentences()) > 200


def test_no_translation_is_left_over():
    assert {message.id for message in catalogue("en") if message.id} - sentences() == set()


@pytest.mark.parametrize("lang", ["id", "en"])
def test_placeholders_survive_translation(lang):
    errors = [message.id for message in catalogue(lang) if message.id and list(message.check())]
    assert errors == []


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_compiled_catalogue_is_up_to_date(lang):
    compiled = BytesIO()
    write_mo(compiled, catalogue(lang))
    compiled.seek(0)
    fresh = {message.id: message.string for message in read_mo(compiled) if message.id}
    with CATALOGUES[lang].with_suffix(".mo").open("rb") as shipped:
        assert {message.id: message.string for message in read_mo(shipped) if message.id} == fresh
