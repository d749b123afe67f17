"""What is wrong with the demo's datasets is what reading and judging them finds: no more, no less."""

from urllib.parse import urlsplit

import pytest

from demo.portal import Portal, serve_portal
from satudata_harvesters.connectors.ckan import Ckan
from satudata_harvesters.errors import SourceError
from satudata_harvesters.http import Http, Limits
from satudata_harvesters.mapping import Mapping
from satudata_schemas.assess import assess
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

OFFICE = "dinas-komunikasi-dan-informatika"


def client(url, **options):
    return Http(Limits(attempts=1), [f"127.0.0.1/32:{urlsplit(url).port}"], **options)


def read(url, **config):
    """Every package of the portal, and whether the reading came to its end."""
    pages = list(Ckan({"url": url, **config}, client(url)).pages())
    return [record for page in pages for record in page.records], pages[-1].last


@pytest.fixture(scope="module")
def judged():
    """(portal, identifier -> assessment under the profile `transisi`, identifier -> mapped)."""
    portal, mapping = Portal(), Mapping("ckan")
    with serve_portal(portal) as url:
        records, complete = read(url)
    assert complete
    mapped = {found.identifier: found for found in map(mapping.apply, records)}
    profile, reference = Profile.load("transisi"), Reference.load()
    owned = {id_: {**found.dataset, "owner_org": OFFICE} for id_, found in mapped.items()}
    return portal, {id_: assess(dataset, profile, reference=reference) for id_, dataset in owned.items()}, mapped


def with_hasil(judged, hasil):
    return {id_ for id_, assessment in judged[1].items() if assessment.hasil == hasil}


def with_code(judged, code):
    return {id_ for id_, assessment in judged[1].items() if any(issue.code == code for issue in assessment.issues)}


def test_every_dataset_is_read_once(judged):
    portal, assessments, _ = judged
    assert set(assessments) == portal.ids()


def test_only_personal_data_keeps_a_dataset_out(judged):
    assert with_hasil(judged, "tidak_dimuat") == judged[0].ids("nik_in_notes")


def test_a_missing_link_or_title_is_what_needs_mending(judged):
    portal = judged[0]
    assert with_hasil(judged, "perlu_perbaikan") == portal.ids("no_link") | portal.ids("no_title")


def test_unknown_region_codes_and_those_of_bps_are_told_apart(judged):
    portal = judged[0]
    assert with_code(judged, "E-REF-002") == portal.ids("unknown_code")
    assert with_code(judged, "W-REF-003") == portal.ids("bps_code")
    assert with_code(judged, "I-REF-005") == portal.ids("undotted_code")


def test_a_description_that_repeats_the_title_is_noticed(judged):
    assert with_code(judged, "W-META-011") == judged[0].ids("description_is_title")


def test_a_picture_declared_as_a_table_is_noticed(judged):
    assert with_code(judged, "W-INT-002") == judged[0].ids("lying_format")
    assert with_code(judged, "E-INT-001") == judged[0].ids("only_pdf")


def test_complete_metadata_scores_higher_than_thin_metadata(judged):
    portal, assessments, _ = judged

    def mean(filling):
        scores = [assessments[id_].score for id_ in portal.ids(filling)]
        return sum(scores) / len(scores)

    assert mean("lengkap") > mean("lama") >= mean("polos")


def test_keys_no_contract_knows_are_kept(judged):
    portal, _, mapped = judged
    for entry in portal.entries:
        kept = mapped[entry.id].rest.get("extras", {})
        if "sentence_as_key" in entry.quirks:
            assert f"{entry.topic.indicator.konsep} tahun {entry.topic.year} adalah" in kept
        if "data_in_extras" in entry.quirks:
            assert {str(year) for year in range(entry.topic.year - 2, entry.topic.year + 1)} <= set(kept)


def test_without_an_entry_of_allowed_networks_the_portal_is_out_of_reach():
    portal = Portal(datasets=1)
    with serve_portal(portal) as url, pytest.raises(SourceError):
        list(Ckan({"url": url}, Http(Limits(attempts=1))).pages())
    assert portal.requests == []


@pytest.mark.parametrize("failure", [{"down": True}, {"html": True}, {"fail_page": 1}, {"key": "lain"}])
def test_a_failing_portal_is_an_error_with_a_code_and_a_remedy(failure):
    with serve_portal(Portal(datasets=5, **failure)) as url, pytest.raises(SourceError) as caught:
        read(url)
    assert caught.value.code.startswith("E-TRK-")
    assert caught.value.message("id") != caught.value.remedy("id")
