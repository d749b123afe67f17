"""Offices come from the government's own list; publishers are resolved, never made up; mergers keep URLs."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


@pytest.fixture
def offices(session, unique):
    from ckanext.satudata.catalog import opd

    def imported(*rows):
        done = opd.import_opds(session, rows, actor=None)
        session.commit()
        return done

    imported(
        {
            "kode_skpd": f"1.02.{unique}",
            "name": f"{unique}-dinkes",
            "title": f"Dinas Kesehatan {unique}",
            "aliases": f"Dinkes {unique}|DKK {unique}",
        },
        {
            "kode_skpd": f"2.16.{unique}",
            "name": f"{unique}-kominfo",
            "title": f"Dinas Komunikasi dan Informatika {unique}",
        },
    )
    return imported


def _id(session, name):
    from ckan import model

    return session.query(model.Group).filter_by(name=name).one().id


def test_offices_become_organisations(offices, act, unique):
    shown = act("organization_show", id=f"{unique}-dinkes", include_extras=True)
    assert shown["title"] == f"Dinas Kesehatan {unique}"
    assert {"key": "kode_skpd", "value": f"1.02.{unique}"}.items() <= shown["extras"][0].items()


def test_the_same_list_again_changes_nothing(offices, unique):
    again = offices({"kode_skpd": f"2.16.{unique}", "title": f"Dinas Komunikasi dan Informatika {unique}"})
    assert (again.created, again.updated, again.unchanged) == ((), (), (f"{unique}-kominfo",))


def test_a_renamed_office_keeps_its_name_in_the_url(offices, act, unique):
    done = offices(
        {"kode_skpd": f"2.16.{unique}", "name": "nama-lain", "title": f"Dinas Kominfo dan Statistik {unique}"}
    )
    assert done.updated == (f"{unique}-kominfo",)
    assert act("organization_show", id=f"{unique}-kominfo")["title"] == f"Dinas Kominfo dan Statistik {unique}"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"title": " "}, "E-OPD-001"),
        ({"title": "Dinas", "berlaku_mulai": "kemarin"}, "E-OPD-002"),
        ({"title": "Dinas Baru", "aliases": ["dkk {unique}"]}, "E-OPD-003"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_reason(row, code, offices, session, unique):
    from ckanext.satudata.catalog.opd import OpdRefused

    row = {**row, "aliases": [alias.format(unique=unique) for alias in row.get("aliases", [])]}
    with pytest.raises(OpdRefused) as refused:
        offices(row)
    session.rollback()
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["Dinas Kesehatan {}", "DINAS KESEHATAN {}!", "dinkes {}", "1.02.{}", "{}-dinkes"])
def test_a_publisher_is_resolved_by_title_alias_code_and_name(text, offices, session, unique):
    from ckanext.satudata.catalog.opd import Resolver

    assert Resolver(session).resolve(text.format(unique)).organization_id == _id(session, f"{unique}-dinkes")


def test_an_unknown_publisher_gives_candidates_and_no_organisation(offices, session, unique):
    from ckanext.satudata.catalog.opd import Resolver

    match = Resolver(session).resolve(f"Dinas Kesehatan Kabupaten {unique}")
    assert match.organization_id is None
    assert str(match.candidates[0]) == f"Dinas Kesehatan {unique}"


def test_merged_offices_keep_their_datasets_and_names(office, offices, session, act, unique):
    from ckanext.satudata.catalog import index, opd

    written = office.put()
    waiting = office.put("2", "hold", office.layak(title="Menunggu"), status="menunggu")
    moved = opd.merge(session, office.name, f"{unique}-dinkes", actor=None)
    session.commit()
    there = _id(session, f"{unique}-dinkes")
    assert moved == 2
    shown = act("package_show", id=written.record_id)
    assert (shown["owner_org"], shown["name"], shown["private"]) == (
        there,
        "jumlah-penduduk-menurut-kecamatan-tahun-2024",
        False,
    )
    assert shown["organization"]["name"] == f"{unique}-dinkes"
    assert act("package_show", id=waiting.record_id)["private"] is True
    assert office.rows("source", id=office.source)[0]["organization_id"] == there
    assert office.rows("opd", organization_id=office.id)[0]["merged_into"] == there
    assert opd.resolve(session, f"Dinas {office.name}").organization_id == there
    while index.drain(session):
        pass
    assert act("package_search", fq=f"organization:{unique}-dinkes")["count"] in (0, 1)


def test_an_office_is_not_merged_into_itself_or_into_nothing(offices, session, unique):
    from ckanext.satudata.catalog.opd import OpdRefused, merge

    for old, new, code in (
        (f"{unique}-dinkes", f"{unique}-dinkes", "E-OPD-005"),
        ("tidak-ada", f"{unique}-dinkes", "E-OPD-004"),
    ):
        with pytest.raises(OpdRefused) as refused:
            merge(session, old, new, actor=None)
        assert refused.value.code == code


def test_who_acted_for_a_merged_office_acts_for_the_new_one(office, offices, person, session, act, unique):
    from ckanext.satudata.catalog import opd, roles

    there = _id(session, f"{unique}-dinkes")
    editor, admin = person(office.name, "editor"), person(office.name, "admin")
    both = person(office.name, "admin", "keduanya")
    act("organization_member_create", id=f"{unique}-dinkes", username=both.name, role="member")

    opd.merge(session, office.name, f"{unique}-dinkes", actor=None)
    session.commit()

    for someone in (editor, admin, both):
        assert roles.organizations_of(session, someone.id) == {there}
    capacities = {id_: capacity for id_, _kind, capacity in act("member_list", id=there, object_type="user")}
    assert (capacities[editor.id], capacities[admin.id], capacities[both.id]) == ("Editor", "Admin", "Admin")


def test_clients_of_a_merged_office_are_the_new_one_s(office, offices, session, unique):
    from ckanext.satudata.catalog import opd, tables

    there = _id(session, f"{unique}-dinkes")
    row = {"id": unique, "name": unique, "organization_id": office.id, "granted": [office.id], "secret_hash": "x"}
    session.execute(tables.client.insert().values(**row))
    opd.merge(session, office.name, f"{unique}-dinkes", actor=None)
    session.commit()
    [client] = office.rows("client", id=unique)
    assert (client["organization_id"], client["granted"]) == (there, [there])


def test_a_large_office_is_renamed_without_making_anybody_wait(office, act, session, monkeypatch):
    import json

    from ckanext.satudata.catalog import renaming

    monkeypatch.setattr(renaming, "AT_ONCE", 3)
    monkeypatch.setattr(renaming, "_BATCH", 2)
    office.settle(*(office.ask(str(n), "publish", office.layak(title=f"Judul {n}")) for n in range(5)))

    def titles():
        return {json.loads(row["body"])["organization"]["title"] for row in office.rows("answer")}

    act("organization_patch", id=office.id, title="Dinas Bernama Baru")
    assert titles() == {f"Dinas {office.name}"}
    assert renaming.work_off(session) == 5
    assert titles() == {"Dinas Bernama Baru"}
    assert renaming.work_off(session) == 0
    assert office.rows("renamed") == []


def test_an_office_renamed_again_meanwhile_is_begun_again(office, act, session, monkeypatch):
    import json

    from ckanext.satudata.catalog import renaming

    monkeypatch.setattr(renaming, "AT_ONCE", 3)
    monkeypatch.setattr(renaming, "_BATCH", 2)
    office.settle(*(office.ask(str(n), "publish", office.layak(title=f"Judul {n}")) for n in range(5)))
    act("organization_patch", id=office.id, title="Nama Kedua")
    monkeypatch.setattr(renaming, "_SECONDS", 0.0001)
    renaming.work_off(session)
    monkeypatch.setattr(renaming, "_SECONDS", 5.0)
    act("organization_patch", id=office.id, title="Nama Ketiga")
    renaming.work_off(session)
    assert {json.loads(row["body"])["organization"]["title"] for row in office.rows("answer")} == {"Nama Ketiga"}


def test_who_mirrors_the_catalogue_is_told_of_a_renamed_office(office, act, session):
    id_ = office.put().record_id
    act("organization_patch", id=office.id, title="Dinas dengan nama baru")
    session.expire_all()
    told = sorted(office.rows("change", package_id=id_), key=lambda line: line["seq"])
    assert [(line["kind"], line["audience"], line["cause"]) for line in told][1:] == [("changed", "public", "opd")]
