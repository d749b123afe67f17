"""What the writer writes reads back as CKAN's own `package_create` of the same dict, in rows, from the database, in
Solr.

Only what `DIFFERS` names may differ, each with its reason.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")

#: columns and keys that may differ, and why
DIFFERS = {
    "creator_user_id": "the writer writes for the actor of a harvest, not for CKAN's site user",
    "metadata_created": "a time",
    "metadata_modified": "a time",
    "created": "a time",
    "indexed_ts": "a time",
    "data_dict": "compared as the dict it holds",
    "validated_data_dict": "compared as the dict it holds",
    "_version_": "Solr's own counter",
}
#: ids CKAN draws for rows that nobody refers to
DRAWN = {"package_tag": ("id", "tag_id"), "member": ("id",), "tag": ("id",)}

CASES = {
    "plain": {},
    "no resources": {"resources": []},
    "fifty resources": {
        "resources": [{"url": f"https://data.example.go.id/{n}.csv", "name": str(n)} for n in range(50)]
    },
    "non-latin": {"title": "人口 Ўзбекистон ꦗꦮ", "tags": ["人口", "Ўзбек"], "notes": "\U0001f600 «ꦗꦮ»"},
    "nothing but a title": {"notes": None, "tags": None, "license_id": None, "kode_urusan": None},
    "a licence nobody knows": {"license_id": "lisensi-sendiri"},
    "lists and objects": {
        "klasifikasi": ["Kecamatan", "Jenis Kelamin"],
        "spatial": {"type": "Point", "coordinates": [107.6, -6.9]},
        "prioritas_tahun": ["2024", "2025"],
        "konsep": "Penduduk",
    },
    "resource extras": {
        "resources": [
            {
                "url": "data.example.go.id/tanpa-skema",
                "format": "text/csv",
                "hash": "abc",
                "size": 12,
                "mimetype": "text/csv",
                "last_modified": "2024-05-06T07:08:09",
                "tahun_data": "2024",
                "kamus_data": [{"nama": "kecamatan", "value_domain": ["A", "B"]}],
            }
        ]
    },
    "html and markdown": {"notes": "<b>x</b> *y*\n\n- z", "title": "  Judul   berspasi "},
}


def _differences(ours, theirs, path=""):
    """Every place where two JSON values differ, as `(path, ours, theirs)`."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from _differences(ours.get(key, "(absent)"), theirs.get(key, "(absent)"), f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(mine, other, f"{path}/{place}")
    elif ours != theirs:
        yield path, ours, theirs


def _rows(session, package_id):
    from ckan import model

    tables = {
        "package": model.package_table.select().where(model.package_table.c.id == package_id),
        "resource": model.resource_table.select().where(model.resource_table.c.package_id == package_id),
        "package_tag": model.package_tag_table.select().where(model.package_tag_table.c.package_id == package_id),
        "member": model.member_table.select().where(model.member_table.c.table_id == package_id),
    }
    return {
        name: sorted((_steady(dict(row), DRAWN.get(name, ())) for row in session.execute(query).mappings()), key=str)
        for name, query in tables.items()
    }


def _steady(row, drawn=()):
    return {key: value for key, value in row.items() if key not in DIFFERS and key not in drawn}


def _shown(act, package_id):
    from ckan import logic

    shown = logic.package_show_default_and_custom_schemas({"ignore_auth": True}, package_id)
    return [_deep(one) for one in shown]


def _deep(value):
    if isinstance(value, dict):
        return {key: _deep(inner) for key, inner in value.items() if key not in DIFFERS}
    if isinstance(value, list):
        found = [_deep(inner) for inner in value]
        if all(isinstance(item, dict) and item.keys() == {"key", "value"} for item in found):
            return sorted(found, key=lambda extra: extra["key"])  # the form lists them in its own order
        return [
            {k: v for k, v in item.items() if not _is_tag(item) or k != "id"} if isinstance(item, dict) else item
            for item in found
        ]
    return value


def _is_tag(item):
    return "display_name" in item and "vocabulary_id" in item


def _document(search_index, package_id):
    search_index.commit()
    [found] = search_index.documents(f'id:"{package_id}"')
    ours = {key: value for key, value in found.items() if not key.startswith("sd_")}
    return _steady(ours) | {key: _deep(json.loads(found[key])) for key in ("data_dict", "validated_data_dict")}


def _create(monkeypatch, made):
    """The same package by CKAN's own action, as it would be without what we do for people's edits."""
    from ckan import model
    from ckan.plugins import toolkit

    from ckanext.satudata.catalog import edits

    site = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})
    context = {"user": site["name"], "ignore_auth": True, "auth_user_obj": model.User.get(site["id"])}
    for key in ("metadata_created", "metadata_modified"):
        made.pop(key)
    monkeypatch.setattr(edits, "guard", lambda *_: None)
    monkeypatch.setattr(edits, "settle", lambda *_, **__: None)
    return toolkit.get_action("package_create")(context, _as_a_form_sends_it(made))


def _as_a_form_sends_it(made):
    """The package as the form of ckanext-scheming sends it; where there is none, as it is."""
    from ckan.lib.plugins import lookup_package_plugin

    from ckanext.satudata.catalog.package import to_form

    by_form = type(lookup_package_plugin("dataset")).__module__ == "ckanext.scheming.plugins"
    return to_form(made) if by_form else made


@pytest.fixture
def differences(office, act, session, search_index, monkeypatch):
    """Write a dataset, have CKAN's own `package_create` write the same, and give every place where they differ."""
    from ckan import model

    from ckanext.satudata.catalog import index

    def compare(dataset, action):
        written = office.put("emas", action, dataset, status="menunggu")
        assert written.outcome == "created"
        while index.drain(session):
            pass
        id_ = written.record_id
        ours = _rows(session, id_), _shown(act, id_), _document(search_index, id_)
        [record] = office.rows("record", id=id_)
        made = _version(office, record, private=action == "hold" or written.hasil != "layak")
        act("dataset_purge", id=id_)
        model.Session.remove()
        search_index.clear()
        _create(monkeypatch, made)
        theirs = _rows(session, id_), _shown(act, id_), _document(search_index, id_)
        return [at for pair in zip(ours, theirs, strict=True) for at in _differences(*pair)]

    return compare


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("action", ["publish", "hold"])
def test_reads_back_as_if_ckan_had_written_it(case, action, office, differences):
    assert differences(office.layak(**CASES[case]), action) == []


RECORDED = {
    "canada-obd": 4, "hdx-search": 10, "id-katalog.data.go.id": 2, "id-muaraenim": 1, "swiss-seco": 12,
    "uk-birmingham": 10,
}  # fmt: skip


RECORDED_ONES = [(name, at) for name, count in RECORDED.items() for at in range(count)]


def _recorded(recorded, portal, number):
    from satudata_harvesters.mapping import Mapping
    from satudata_schemas.dataset import Dataset

    lines = (recorded / "ckan" / f"{portal}.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == RECORDED[portal]
    return Dataset(Mapping("ckan").apply(json.loads(lines[number])).dataset)


@pytest.mark.parametrize(("portal", "number"), RECORDED_ONES)
def test_a_recorded_package_reads_back_as_if_ckan_had_written_it(portal, number, recorded, differences):
    assert differences(_recorded(recorded, portal, number), "publish") == []


@pytest.fixture
def differences_of_an_update(office, act, session, monkeypatch):
    """Write a dataset and then another version of it, have CKAN's own create and update write the same, and give every
    place where they differ.
    """
    from ckan import model
    from ckan.plugins import toolkit

    def compare(dataset):
        versions = []
        for one in (office.layak(), dataset):
            written = office.put("emas", "hold", one, status="menunggu")
            [record] = office.rows("record", id=written.record_id)
            versions.append(_version(office, record, private=True))
        id_ = written.record_id
        rows, shown = _rows(session, id_), _shown(act, id_)
        act("dataset_purge", id=id_)
        model.Session.remove()
        _create(monkeypatch, versions[0])
        for key in ("metadata_created", "metadata_modified"):
            versions[1].pop(key)
        site = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})
        update = toolkit.get_action("package_update")
        update({"user": site["name"], "ignore_auth": True}, _as_a_form_sends_it(versions[1]))
        session.expire_all()
        pairs = ((rows, _rows(session, id_)), (shown, _shown(act, id_)))
        return [at for pair in pairs for at in _differences(*pair) if not _by_update_alone(at, rows)]

    return compare


@pytest.mark.parametrize("case", ["no resources", "lists and objects", "resource extras", "non-latin"])
def test_a_changed_version_reads_back_as_after_ckans_update(case, office, differences_of_an_update):
    assert differences_of_an_update(office.layak(**CASES[case])) == []


@pytest.mark.long  # 39 of them, a third of a second each
@pytest.mark.parametrize(("portal", "number"), RECORDED_ONES)
def test_a_recorded_version_reads_back_as_after_ckans_update(portal, number, recorded, differences_of_an_update):
    assert differences_of_an_update(_recorded(recorded, portal, number)) == []


def _by_update_alone(difference, rows):
    """What CKAN's `package_update` does and its `package_create` does not.

    It guesses a file's mimetype from its address where none is given, and numbers deleted files anew.
    """
    path, ours, _theirs = difference
    *_, place, key = path.split("/")
    if key == "mimetype":
        return ours is None
    return key == "position" and rows["resource"][int(place)]["state"] == "deleted"


def _version(office, record, *, private=False):
    from ckanext.satudata.catalog.package import to_package
    from satudata_schemas.dataset import Dataset

    return to_package(
        Dataset(record["dataset"]),
        package_id=record["id"],
        name=record["name"],
        owner_org=office.id,
        private=private,
        state="active",
        created=dt.datetime(2026, 1, 1),  # noqa: DTZ001
        modified=dt.datetime(2026, 1, 1),  # noqa: DTZ001
    )


@pytest.fixture
def differences_of_a_withdrawal(office, act, session, search_index, monkeypatch):
    """Write a dataset and withdraw it, have CKAN's own create and delete do the same, and give every place where they
    differ; the index holds nothing of it either way.
    """
    from ckan import model

    from ckanext.satudata.catalog import index

    def compare(dataset):
        id_ = office.put("emas", "publish", dataset).record_id
        [record] = office.rows("record", id=id_)
        public = record["status"] == "tayang"
        office.settle(office.ask("emas", "withdraw"))
        while index.drain(session):
            pass
        search_index.commit()
        assert search_index.documents(f'id:"{id_}"') == []
        rows = _rows(session, id_)
        act("dataset_purge", id=id_)
        model.Session.remove()
        _create(monkeypatch, _version(office, record, private=not public))
        act("package_delete", id=id_)
        session.expire_all()
        search_index.commit()
        assert search_index.documents(f'id:"{id_}"') == []
        return list(_differences(rows, _rows(session, id_)))

    return compare


@pytest.mark.parametrize("case", ["plain", "no resources", "fifty resources", "lists and objects", "resource extras"])
def test_a_withdrawn_dataset_reads_back_as_after_ckans_delete(case, office, differences_of_a_withdrawal):
    assert differences_of_a_withdrawal(office.layak(**CASES[case])) == []


@pytest.mark.long  # 39 of them, a third of a second each
@pytest.mark.parametrize(("portal", "number"), RECORDED_ONES)
def test_a_withdrawn_recorded_one_reads_back_as_after_ckans_delete(
    portal, number, recorded, differences_of_a_withdrawal
):
    assert differences_of_a_withdrawal(_recorded(recorded, portal, number)) == []


@pytest.mark.parametrize("case", ["plain", "no resources", "lists and objects", "resource extras"])
def test_a_dataset_brought_back_reads_as_after_ckans_own_way_back(
    case, office, act, session, search_index, monkeypatch
):
    from ckan import model

    from ckanext.satudata.catalog import index

    id_ = office.put("emas", "publish", office.layak(**CASES[case])).record_id
    [record] = office.rows("record", id=id_)
    office.settle(office.ask("emas", "withdraw"))
    restored = office.settle(office.ask("emas", "restore"))[0]
    assert restored.status == record["status"]
    while index.drain(session):
        pass
    rows, shown, document = _rows(session, id_), _shown(act, id_), _document(search_index, id_)
    made = _version(office, record, private=record["status"] != "tayang")
    act("dataset_purge", id=id_)
    model.Session.remove()
    search_index.clear()
    _create(monkeypatch, made)
    act("package_delete", id=id_)
    act("package_patch", id=id_, state="active")
    session.expire_all()
    for ours, theirs in (
        (rows, _rows(session, id_)),
        (shown, _shown(act, id_)),
        (document, _document(search_index, id_)),
    ):
        left = [at for at in _differences(ours, theirs) if not _by_update_alone(at, rows)]
        assert [at for at in left if at != _FORGOTTEN] == []


#: CKAN's `package_delete` takes a dataset out of its organisation, and nothing of CKAN's puts it back: its own list of
#: the organisation's datasets would miss it
_FORGOTTEN = ("/member/0/state", "active", "deleted")


@pytest.fixture
def activity(loaded_ckan, session):
    """CKAN's plugin `activity` beside ours, with its tables."""
    from ckan import plugins
    from ckan.cli.db import _repo_for_plugin

    plugins.load("activity")
    with _repo_for_plugin("activity") as repo:
        repo.upgrade_db("head")
    yield
    session.rollback()
    plugins.unload("activity")


@pytest.mark.usefixtures("activity")
@pytest.mark.parametrize("case", ["plain", "lists and objects", "resource extras"])
def test_it_reads_back_the_same_with_activities_on_which_only_people_make(
    case, office, act, session, search_index, monkeypatch
):
    from ckan import model
    from sqlalchemy import text

    from ckanext.satudata.catalog import index

    def activities():
        return session.scalar(text("SELECT count(*) FROM activity WHERE object_id = :id"), {"id": id_})

    id_ = office.put("emas", "publish", office.layak(**CASES[case])).record_id
    while index.drain(session):
        pass
    [record] = office.rows("record", id=id_)
    rows, shown, document = _rows(session, id_), _shown(act, id_), _document(search_index, id_)
    assert activities() == 0
    made = _version(office, record, private=record["status"] != "tayang")
    act("dataset_purge", id=id_)
    model.Session.remove()
    search_index.clear()
    _create(monkeypatch, made)
    assert activities() == 1
    assert list(_differences(rows, _rows(session, id_))) == []
    assert list(_differences(shown, _shown(act, id_))) == []
    assert list(_differences(document, _document(search_index, id_))) == []


@pytest.mark.usefixtures("activity")
def test_an_erased_dataset_leaves_no_activity(office, act, session, walidata):
    from sqlalchemy import text

    from ckanext.satudata.catalog import erase

    id_ = office.put().record_id
    act("package_patch", id=id_, notes="Uraian yang diingat kegiatan ini.")
    count = text("SELECT count(*) FROM activity WHERE data::text LIKE '%diingat kegiatan%'")
    assert session.scalar(count) == 1
    erase.erase(session, id_, actor=walidata.id, reason="Bocor.")
    session.commit()
    assert session.scalar(count) == 0
