"""Score and issues are for the office and the Walidata; a source's runs too; what is closed stays closed."""

import pytest

from tests.portal.conftest import fetch, name_of

INSIDE = "Hasil pemeriksaan"


@pytest.fixture
def dataset(web, portal):
    return f"{web}/dataset/{name_of('Jumlah Penduduk Menurut Kecamatan 1')}"


def test_the_public_sees_the_label_but_not_the_score(dataset):
    page = fetch(dataset).text

    assert "Masih dalam proses pemenuhan Prinsip SDI" in page
    assert INSIDE not in page
    assert "E-META-001" not in page
    assert "dijadwalkan mutakhir" not in page


def test_the_editor_of_another_office_sees_no_more_than_the_public(dataset, portal, cookie_of):
    assert INSIDE not in fetch(dataset, cookie=cookie_of(portal.stranger)).text


@pytest.mark.parametrize("person", ["editor", "walidata"])
def test_the_office_and_the_walidata_see_score_and_issues(dataset, portal, cookie_of, person):
    page = fetch(dataset, cookie=cookie_of(getattr(portal, person))).text

    assert INSIDE in page
    assert "skor Satu Data" in page
    assert "E-META-001" in page
    assert "dijadwalkan mutakhir tahunan" in page


def test_a_closed_dataset_says_its_title_office_and_legal_basis_only(web, portal):
    address = f"{web}/dataset/{name_of('Daftar Titik Rawan')}"
    page = fetch(address).text

    assert "Daftar Titik Rawan" in page
    assert "UU 14/2008 Pasal 17 huruf c" in page
    for hidden in (
        "Uraian yang tidak untuk umum",
        "Rahasia Konsep",
        "Rahasia Sumber",
        "data.contoh.go.id",
        "Portal Uji",
        "Terakhir dicek",
        "ld+json",
    ):
        assert hidden not in page, hidden


def test_a_closed_dataset_gives_nothing_away_in_the_list(web, portal):
    assert "Uraian yang tidak untuk umum" not in fetch(f"{web}/dataset/?q=titik+rawan").text


def test_a_restricted_dataset_shows_its_metadata_but_no_link(web, portal, cookie_of):
    address = f"{web}/dataset/{name_of('Data Penerima Bantuan')}"
    public, inside = fetch(address).text, fetch(address, cookie=cookie_of(portal.editor)).text

    assert "Terbatas" in public
    assert "https://data.contoh.go.id/29.csv" not in public
    assert "https://data.contoh.go.id/29.csv" in inside


def test_the_public_list_of_sources_has_no_addresses_and_no_scores(web, portal):
    for url in (f"{web}/sumber-data", f"{web}/sumber-data/{portal.source}"):
        page = fetch(url).text
        assert "Portal Uji" in page
        assert "127.0.0.1:" not in page.replace(web, "")
        assert "E-META" not in page


def test_runs_are_for_those_in_charge(web, portal, cookie_of):
    run = f"{web}/sumber-data/{portal.source}/penarikan/{portal.run}"

    public = fetch(run)
    assert (public.status, public.headers["Location"].startswith("/user/login")) == (302, True)
    assert fetch(run, cookie=cookie_of(portal.stranger)).status == 403
    assert fetch(f"{run}/temuan.csv", cookie=cookie_of(portal.stranger)).status == 403
    assert fetch(run, cookie=cookie_of(portal.editor)).status == 200


def test_the_queue_is_for_the_walidata(web, portal, cookie_of):
    assert fetch(f"{web}/pemeriksaan", cookie=cookie_of(portal.editor)).status == 403
    assert fetch(f"{web}/pemeriksaan", cookie=cookie_of(portal.walidata)).status == 200


def test_a_run_of_another_source_is_not_found(web, portal, cookie_of):
    cookie = cookie_of(portal.walidata)
    assert fetch(f"{web}/sumber-data/{portal.source}/penarikan/tidak-ada", cookie=cookie).status == 404
    assert fetch(f"{web}/sumber-data/tidak-ada", cookie=cookie).status == 404


def test_what_stands_behind_a_login_is_kept_by_no_cache_between(web, portal, cookie_of):
    cookie = cookie_of(portal.editor)
    for path in (f"/sumber-data/{portal.source}", f"/sumber-data/{portal.source}/penarikan/{portal.run}"):
        assert "public" not in fetch(web + path, cookie=cookie).headers["Cache-Control"]


def test_the_page_of_a_merged_office_leads_to_its_successor(web, portal):
    from ckan import model

    from ckanext.satudata.catalog import opd

    old = portal.act("organization_create", name=f"lama-{portal.office['name']}", title="Dinas Lama")
    walidata = model.User.get(portal.walidata).id
    opd.merge(model.Session, old["name"], portal.office["name"], actor=walidata)
    model.Session.commit()

    answer = fetch(f"{web}/organization/{old['name']}")

    assert answer.status == 301
    assert answer.headers["Location"].endswith(f"/organization/{portal.office['name']}")


def test_a_run_that_goes_on_renews_itself_with_and_without_scripts(web, portal, cookie_of):
    import sqlalchemy as sa
    from ckan import model

    from ckanext.satudata.catalog import tables as t

    source = model.Session.execute(sa.select(t.source.c.id).where(t.source.c.name == portal.source)).scalar_one()
    going = {"state": "berjalan", "attempt": 1, "progress": {"phase": "membaca", "records": 40, "total": 160}}
    model.Session.execute(
        sa.insert(t.run).values(
            id="berjalan-uji", source_id=source, lease_until=sa.text("now() + interval '1 h'"), **going
        )
    )
    model.Session.commit()
    cookie, address = cookie_of(portal.editor), f"{web}/sumber-data/{portal.source}/penarikan/berjalan-uji"
    page, part = fetch(address, cookie=cookie).text, fetch(f"{address}?bagian=1", cookie=cookie).text
    model.Session.execute(sa.delete(t.run).where(t.run.c.id == "berjalan-uji"))
    model.Session.commit()

    assert '<noscript><meta http-equiv="refresh"' in page
    assert "run.js" in page
    assert "40 dari 160 dataset dibaca" in part
    assert "<html" not in part
    assert "Batalkan penarikan" in page


@pytest.mark.parametrize("address", ["/sumber-data/a%00b", "/dataset/a%00b", "/organization/a%00b"])
def test_a_name_that_postgres_cannot_hold_is_not_found(web, portal, address):
    assert fetch(f"{web}{address}").status == 404
