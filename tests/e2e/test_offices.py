"""Whose a dataset is: an unknown publisher makes no office, and a merged office keeps every address."""

import secrets
from types import SimpleNamespace

import pytest

from demo.portal import Portal
from tests.e2e.stack import API, WALIDATA

MISSPELT = "Dinas Pertanian dan Pangn Kab. Trenggalek"


@pytest.fixture(scope="module")
def offices(stack, tmp_path_factory):
    """Two offices on the government's list, datasets of one of them and of a publisher whom nobody knows."""
    folder, word = tmp_path_factory.mktemp("opd"), secrets.token_hex(4)
    old, new = f"dinas-lama-{word}", f"dinas-baru-{word}"
    listed = folder / "opd.csv"
    listed.write_text(
        f"kode_skpd,name,title,aliases\n9.{word}.1,{old},Dinas Lama {word},Dinlama {word}\n"
        f"9.{word}.2,{new},Dinas Baru {word},\n",
        "utf-8",
    )
    assert stack.satudata("opd", "import", str(listed)) == {"created": [old, new], "updated": [], "unchanged": []}
    portal = Portal(datasets=30, seed=secrets.randbits(32), duplicate=False)
    publishers = [f"Dinas Lama {word}", f"DINLAMA {word}", MISSPELT]
    plain = sorted(portal.entries, key=lambda entry: len(entry.quirks))[:9]
    for number, entry in enumerate(plain):
        publisher = publishers[number % 3]
        entry.package["organization"] = {"id": f"o{number % 3}", "name": f"o{number % 3}", "title": publisher}
        entry.package["extras"] = [
            extra for extra in entry.package["extras"] if extra["key"] not in ("produsen_data_name", "walidata")
        ]
    portal.remove(portal.ids() - {entry.id for entry in plain})
    name = f"opd-{word}"
    with stack.serving(portal) as url:
        definition = {
            "name": name, "title": "Portal", "organization": WALIDATA, "connector": "ckan", "url": url,
            "penayangan": "otomatis",
        }  # fmt: skip
        file = stack.write_source(folder, definition)
        stack.satudata("source", "add", name, "--file", str(file), "--approved-by", "walidata")
        before = organizations(stack)
        run = stack.harvest(name)
        stack.settled()
        assert run["layak"] == 9
        yield SimpleNamespace(old=old, new=new, source=name, run=run, before=before, plain=plain)


def organizations(stack):
    return set(stack.get("/api/3/action/organization_list").json()["result"])


def owners(stack, source):
    """Identifier -> (name of the owning office, URL name of the dataset)."""
    rows = stack.sql(
        'SELECT r.identifier, g.name, r.name FROM satudata_record r JOIN "group" g ON g.id = r.owner_org'
        " JOIN satudata_source s ON s.id = r.source_id WHERE s.name = %s", source,
    )  # fmt: skip
    return {row[0]: row[1:] for row in rows}


def test_an_unknown_publisher_falls_to_the_source_s_office_and_makes_none(stack, offices):
    assert organizations(stack) == offices.before
    found = owners(stack, offices.source)
    expected = [offices.old, offices.old, WALIDATA] * 3
    assert [found[entry.id][0] for entry in offices.plain] == expected


def test_the_walidata_is_told_whom_the_publisher_may_have_meant(stack, offices):
    assert offices.run["issues"]["W-OPD-001"] == 3
    [name] = [owners(stack, offices.source)[offices.plain[2].id][1]]
    page = stack.signed_in("walidata").get(stack.url(f"/dataset/{name}"), timeout=30).text
    assert MISSPELT in page
    assert "Dinas Pertanian dan Pangan" in page
    assert MISSPELT not in stack.get(f"/dataset/{name}").text or "W-OPD-001" not in stack.get(f"/dataset/{name}").text


def test_a_merged_office_keeps_every_address(stack, offices):
    before = owners(stack, offices.source)
    moved = [name for owner, name in before.values() if owner == offices.old]

    assert stack.satudata("opd", "merge", offices.old, offices.new)["moved"] == len(moved) == 6
    stack.settled()

    led = stack.get(f"/organization/{offices.old}")
    assert led.status_code == 301
    assert led.headers["Location"].endswith(f"/organization/{offices.new}")
    assert stack.get(f"/organization/{offices.new}").status_code == 200
    for name in moved:
        page = stack.get(f"/dataset/{name}")
        assert page.status_code == 200
        assert f"/organization/{offices.new}" in page.text
    header = stack.token(f"pembaca-{secrets.token_hex(3)}", "catalog:read")
    listed = stack.get(f"{API}/datasets?organization={offices.new}", headers=header).json()
    assert {item["name"] for item in listed["data"]} == set(moved)
    assert offices.old not in organizations(stack)


def test_what_the_source_still_calls_by_the_old_name_belongs_to_the_new_office(stack, offices):
    again = stack.harvest(offices.source)
    assert again["state"] == "selesai"
    assert {owner for owner, _ in owners(stack, offices.source).values()} == {offices.new, WALIDATA}


@pytest.mark.parametrize("pair", [("tidak-ada", WALIDATA), (WALIDATA, WALIDATA)], ids=["unknown", "into itself"])
def test_a_merger_that_cannot_be_is_refused_in_words(stack, pair):
    ended = stack.ckan("satudata", "opd", "merge", *pair)
    assert (ended.code, ended.out) == (2, "")
    assert "[E-OPD-00" in ended.err
    assert "Traceback" not in ended.err
