"""A run from the first page to its end, on real Postgres, Redis and Solr, against a portal that a test can break."""

from __future__ import annotations

import datetime as dt
import itertools
import time

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from demo.serving import Answer, html_answer, json_answer
from tests.harvest.conftest import Catalogue, package


def ids(*numbers):
    return {package(number)["id"] for number in numbers}


def numbers(run, *names):
    return tuple(run[name] for name in names)


def test_a_first_harvest_publishes_what_is_fit(portal, add_source, harvest, records):
    catalogue = Catalogue([package(1), package(2), package(3, resources=[]), package(4), package(5)])
    source_id = add_source(portal(catalogue))

    run = harvest(source_id)

    assert (run["state"], run["complete"]) == ("selesai", True)
    assert numbers(run, "read", "created", "updated", "unchanged") == (5, 5, 0, 0)
    assert numbers(run, "layak", "perlu_perbaikan", "tidak_dimuat") == (4, 1, 0)
    found = records(source_id)
    assert {id_ for id_, row in found.items() if row["status"] == "tayang"} == ids(1, 2, 4, 5)
    assert found[package(3)["id"]]["status"] == "draf"


def test_what_is_published_is_a_dataset_of_ckan(portal, add_source, harvest, records, act, office):
    source_id = add_source(portal(Catalogue([package(1, extras=[{"key": "Kolom bebas", "value": "apa saja"}])])))
    harvest(source_id)

    [row] = records(source_id).values()
    shown = act("package_show", id=row["package_id"])
    assert (shown["title"], shown["private"], shown["state"]) == ("Jumlah Penduduk Kecamatan 1", False, "active")
    assert shown["owner_org"] == office.id
    assert shown["resources"][0]["url"] == "https://data.contoh.go.id/1.csv"
    assert row["rest"]["extras"] == {"Kolom bebas": "apa saja"}


def test_a_second_harvest_changes_nothing(portal, add_source, harvest, query, records):
    catalogue = Catalogue([package(number) for number in range(1, 8)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    query(sa.delete(t.outbox))
    before, changes = records(source_id), query(sa.select(t.change))

    run = harvest(source_id)

    assert numbers(run, "read", "created", "updated", "unchanged", "missing") == (7, 0, 0, 7, 0)
    assert query(sa.select(t.outbox)) == []
    assert query(sa.select(t.change)) == changes
    moved = {"last_seen", "last_run"}
    after = records(source_id)
    assert {id_: {k: v for k, v in row.items() if k not in moved} for id_, row in after.items()} == {
        id_: {k: v for k, v in row.items() if k not in moved} for id_, row in before.items()
    }


def test_only_what_changed_is_written(portal, add_source, harvest, query, records):
    catalogue = Catalogue([package(number) for number in range(1, 6)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[2] = package(3, notes="Uraian yang lebih panjang dari sebelumnya, dan berbeda.")
    catalogue.packages.append(package(6))

    run = harvest(source_id)

    assert numbers(run, "created", "updated", "unchanged") == (1, 1, 4)
    [changed] = query(sa.select(t.change).where(t.change.c.run_id == run["run"], t.change.c.kind == "changed"))
    assert changed["package_id"] == records(source_id)[package(3)["id"]]["package_id"]


def test_pages_that_did_not_change_are_not_parsed_and_keep_what_they_held(portal, add_source, harvest, query):
    catalogue = Catalogue([package(number) for number in range(1, 8)], etags=True)
    source_id = add_source(portal(catalogue))
    harvest(source_id)

    run = harvest(source_id)

    assert numbers(run, "read", "unchanged", "missing", "layak") == (7, 7, 0, 7)
    assert query(sa.select(t.run.c.counts).where(t.run.c.id == run["run"]))[0]["counts"]["unchanged_pages"] == 4


def test_a_run_that_finds_every_page_unchanged_touches_no_record_and_says_when_each_was_met(
    portal, add_source, harvest, records, query
):
    from ckanext.satudata.catalog.status import last_seen

    catalogue = Catalogue([package(number) for number in range(1, 8)], etags=True)
    source_id = add_source(portal(catalogue))
    first = harvest(source_id)
    rows = sa.text("SELECT xmin::text AS version, last_seen FROM satudata_record WHERE source_id = :id ORDER BY id")
    before = query(rows.bindparams(id=source_id))

    run = harvest(source_id)

    assert query(rows.bindparams(id=source_id)) == before
    assert run["issues"] == first["issues"]
    told = query(
        sa.select(last_seen().label("at")).join_from(t.record, t.source, t.source.c.id == t.record.c.source_id)
    )
    assert all(row["at"] > old["last_seen"] for row, old in zip(told, before, strict=True))


def test_what_leaves_a_changed_page_is_missed_and_what_stands_on_unchanged_ones_is_not(
    portal, add_source, harvest, records
):
    catalogue = Catalogue([package(number) for number in range(1, 8)], etags=True)
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    del catalogue.packages[-1]

    run = harvest(source_id)

    missing = [row["identifier"] for row in records(source_id).values() if row["tidak_ditemukan_sejak"]]
    assert (run["state"], missing) == ("selesai", [package(7)["id"]])


def test_a_held_run_that_is_confirmed_late_leaves_alone_what_stands_on_a_page_found_unchanged_since(
    portal, add_source, harvest, fresh
):
    from ckanext.satudata.harvest import removal

    catalogue = Catalogue([package(number) for number in range(1, 8)], etags=True)
    source_id = add_source(portal(catalogue))
    held = harvest(source_id)
    harvest(source_id)
    ids = list(fresh.scalars(sa.select(t.record.c.id).where(t.record.c.source_id == source_id)))
    began = fresh.scalar(sa.select(t.run.c.started).where(t.run.c.id == held["run"]))
    last = fresh.scalar(sa.select(sa.func.now()))

    assert removal.mark(fresh, ids, run=held["run"], met_before=began) == 0
    assert removal.mark(fresh, ids, run=held["run"], met_before=last) == 7


def test_records_that_come_in_the_same_bytes_on_a_changed_page_are_not_mapped_again(
    portal, add_source, harvest, records, monkeypatch
):
    from ckanext.satudata.harvest.reading import Reading

    mapped = []
    apply = Reading.map
    monkeypatch.setattr(Reading, "map", lambda self, raw: mapped.append(raw["id"]) or apply(self, raw))
    catalogue = Catalogue([package(number) for number in range(1, 8)])
    source_id = add_source(portal(catalogue), config={"page_size": 4})
    harvest(source_id)
    catalogue.packages[1]["notes"] = "Uraian yang lain."
    mapped.clear()

    run = harvest(source_id)

    assert mapped == [package(2)["id"]]
    assert numbers(run, "read", "created", "updated", "unchanged", "missing") == (7, 0, 1, 6, 0)


def test_an_office_that_is_known_since_gets_what_was_published_in_its_name(
    portal, add_source, harvest, records, act, unique
):
    named = package(1, extras=[{"key": "produsen_data_name", "value": f"Dinas Baru {unique}"}])
    source_id = add_source(portal(Catalogue([named, package(2)])))
    harvest(source_id)
    office = act("organization_create", name=f"{unique}-baru", title=f"Dinas Baru {unique}")

    harvest(source_id)

    assert records(source_id)[named["id"]]["owner_org"] == office["id"]


def test_a_run_tells_how_long_its_stages_took(portal, add_source, harvest):
    run = harvest(add_source(portal(Catalogue([package(number) for number in range(1, 8)]))))
    stages = {"fetch", "parse", "map", "fingerprint", "assess", "rows", "postgres", "document", "solr"}
    assert set(run["stages"]) == stages
    assert all(seconds >= 0 for seconds in run["stages"].values())
    assert run["bytes"] > 0
    assert run["requests"] == 4


def test_records_of_an_unreviewed_source_wait_for_the_walidata(portal, add_source, harvest, records):
    source_id = add_source(portal(Catalogue([package(1)])), penayangan="diperiksa")
    harvest(source_id)

    [row] = records(source_id).values()
    assert row["status"] == "menunggu"


def test_a_repeated_identifier_is_reported_and_the_first_record_used(portal, add_source, harvest, records, query):
    catalogue = Catalogue([package(1), package(2), package(1, title="Judul yang lain"), package(3)])
    source_id = add_source(portal(catalogue))

    for created in (3, 0):
        run = harvest(source_id)
        assert (run["created"], run["issues"]["W-DUP-001"]) == (created, 1)
    found = records(source_id)
    assert set(found) == ids(1, 2, 3)
    assert found[package(1)["id"]]["dataset"]["title"] == "Jumlah Penduduk Kecamatan 1"

    del catalogue.packages[2]
    assert "W-DUP-001" not in harvest(source_id)["issues"]


def test_bad_records_never_stop_a_run(portal, add_source, harvest, records):
    odd = [
        package(1),
        {"title": "tanpa pengenal", "resources": []},
        package(2, title={"de": "", "en": ""}),
        package(3, tags=[{"name": "x" * 60}], extras="bukan daftar"),
        package(4, title="\u0000judul", notes=None, license_id=""),
        package(5, resources=[{"url": 7}, None, "teks"]),
        package(6, title="j" * 5000),
        "bukan objek",
        package(7),
    ]
    source_id = add_source(portal(Catalogue(odd)), config={"page_size": 100})

    run = harvest(source_id)

    assert (run["state"], run["read"]) == ("selesai", 9)
    assert {package(1)["id"], package(7)["id"]} <= set(records(source_id))
    assert numbers(run, "layak", "tidak_dimuat")[0] >= 2


def test_a_record_with_personal_data_is_not_loaded_and_its_values_are_not_kept(
    portal, add_source, harvest, records, query, platform
):
    nik = "3503121203859999"
    people = [
        package(1, notes=f"Penerima dengan NIK {nik} terdaftar."),
        package(2, extras=[{"key": "NIK", "value": nik}]),
    ]
    source_id = add_source(portal(Catalogue([*people, package(3)])))

    run = harvest(source_id)

    assert numbers(run, "created", "layak", "tidak_dimuat") == (1, 1, 2)
    assert run["issues"]["E-PDP-002"] == 2
    found = records(source_id)
    assert [found[item["id"]]["package_id"] for item in people] == [None, None]
    for table in t.metadata.sorted_tables:
        assert nik not in repr(query(sa.select(table))), table.name


def test_a_record_that_cannot_be_stored_is_refused_with_its_reason_and_the_others_go_through(
    portal, add_source, harvest, records
):
    many_tags = package(2, tags=[{"name": f"kata-{number}"} for number in range(40_000)])
    source_id = add_source(portal(Catalogue([package(1), many_tags, package(3)])))

    run = harvest(source_id)

    assert (run["state"], run["created"]) == ("selesai", 2)
    assert [(one["identifier"], one["code"]) for one in run["refused"]] == [(many_tags["id"], "E-SMP-002")]
    assert run["issues"]["E-SMP-002"] == 1
    assert set(records(source_id)) == ids(1, 3)


def test_a_published_dataset_stays_when_its_next_version_needs_mending(portal, add_source, harvest, records, act):
    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[0] = package(1, resources=[], title="Judul versi berikut")

    run = harvest(source_id)

    [row] = records(source_id).values()
    assert (row["status"], row["perbaikan_tertunda"], row["hasil"]) == ("tayang", True, "perlu_perbaikan")
    assert act("package_show", id=row["package_id"])["title"] == "Jumlah Penduduk Kecamatan 1"
    assert run["state"] == "selesai"


# --- what vanishes ---


def test_what_people_hold_is_judged_with_what_the_source_sends(portal, add_source, harvest, records, act):
    catalogue = Catalogue([package(1), package(2, resources=[])])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    before = records(source_id)[package(2)["id"]]
    assert before["hasil"] == "perlu_perbaikan"
    act(
        "package_patch",
        id=before["package_id"],
        resources=[{"url": "https://data.contoh.go.id/2.csv", "name": "Tabel"}],
    )

    catalogue.packages[1] = package(2, resources=[], title="Jumlah Penduduk Kecamatan 2 Tahun 2025")
    harvest(source_id)

    row = records(source_id)[package(2)["id"]]
    assert (row["hasil"], row["status"]) == ("layak", "tayang")
    assert row["dataset"]["title"] == "Jumlah Penduduk Kecamatan 2 Tahun 2025"


def test_a_vanished_dataset_is_marked_first_and_stays_readable(portal, add_source, harvest, records, act):
    catalogue = Catalogue([package(number) for number in range(1, 5)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    del catalogue.packages[3]

    run = harvest(source_id)

    assert numbers(run, "state", "missing", "withdrawn") == ("selesai", 1, 0)
    row = records(source_id)[package(4)["id"]]
    assert row["status"] == "tayang"
    assert row["tidak_ditemukan_sejak"] is not None
    assert act("package_show", id=row["package_id"])["state"] == "active"
    again = harvest(source_id)
    assert numbers(again, "missing", "withdrawn") == (0, 0)


def test_a_vanished_dataset_is_withdrawn_after_its_grace_and_comes_back_under_the_same_id(
    portal, add_source, harvest, records, query
):
    catalogue = Catalogue([package(number) for number in range(1, 5)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    gone = catalogue.packages.pop()
    harvest(source_id)
    before = records(source_id)[gone["id"]]
    query(
        sa.update(t.record)
        .where(t.record.c.id == before["id"])
        .values(tidak_ditemukan_sejak=before["tidak_ditemukan_sejak"] - dt.timedelta(days=7))
    )

    assert harvest(source_id)["withdrawn"] == 1
    assert records(source_id)[gone["id"]]["status"] == "ditarik"

    catalogue.packages.append(gone)
    run = harvest(source_id)
    back = records(source_id)[gone["id"]]
    assert (run["updated"], back["status"], back["tidak_ditemukan_sejak"]) == (1, "tayang", None)
    assert (back["package_id"], back["name"]) == (before["package_id"], before["name"])


def test_a_dataset_that_returns_within_its_grace_is_no_longer_marked(portal, add_source, harvest, records):
    catalogue = Catalogue([package(number) for number in range(1, 5)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    gone = catalogue.packages.pop()
    harvest(source_id)
    catalogue.packages.append(gone)
    harvest(source_id)

    assert records(source_id)[gone["id"]]["tidak_ditemukan_sejak"] is None


def test_a_source_that_loses_too_much_at_once_is_held(portal, add_source, harvest, records, walidata, fresh, query):
    from ckanext.satudata.harvest import runs

    catalogue = Catalogue([package(number) for number in range(1, 21)])
    source_id = add_source(portal(catalogue), config={"page_size": 50})
    harvest(source_id)
    del catalogue.packages[:6]

    run = harvest(source_id)

    assert numbers(run, "state", "held", "missing") == ("ditahan", 6, 0)
    assert all(row["tidak_ditemukan_sejak"] is None for row in records(source_id).values())

    marked = runs.confirm(fresh, run["run"], actor=walidata.id)
    fresh.commit()
    assert marked == 6
    assert runs.show(fresh, run["run"])["state"] == "selesai"
    assert {id_ for id_, row in records(source_id).items() if row["tidak_ditemukan_sejak"]} == ids(*range(1, 7))


def test_five_of_six_are_few_enough_to_believe_but_nothing_at_all_is_not(portal, add_source, harvest):
    catalogue = Catalogue([package(number) for number in range(1, 7)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    whole, catalogue.packages = catalogue.packages, []

    assert harvest(source_id)["state"] == "ditahan"

    catalogue.packages = whole[:1]
    assert numbers(harvest(source_id), "state", "missing") == ("selesai", 5)


def test_a_rejected_hold_removes_nothing_and_only_the_walidata_decides(
    portal, add_source, harvest, records, walidata, office, fresh
):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.errors import RunRefused

    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages = []
    run = harvest(source_id)
    for actor in (office.editor, None):
        with pytest.raises(RunRefused) as refused:
            runs.reject(fresh, run["run"], actor=actor)
        assert refused.value.code == "E-RUN-004"
    runs.reject(fresh, run["run"], actor=walidata.id)
    fresh.commit()

    assert runs.show(fresh, run["run"])["state"] == "selesai"
    assert [row["tidak_ditemukan_sejak"] for row in records(source_id).values()] == [None]


def test_a_dataset_found_again_is_not_marked_by_confirming_an_older_hold(
    portal, add_source, harvest, records, walidata, fresh
):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.errors import RunRefused

    catalogue = Catalogue([package(1), package(2)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    whole, catalogue.packages = catalogue.packages, []
    held = harvest(source_id)
    catalogue.packages = whole
    harvest(source_id)

    assert runs.show(fresh, held["run"])["state"] == "selesai"
    with pytest.raises(RunRefused) as refused:
        runs.confirm(fresh, held["run"], actor=walidata.id)
    assert refused.value.code == "E-RUN-003"
    assert all(row["tidak_ditemukan_sejak"] is None for row in records(source_id).values())


# --- what a source does wrong ---


def _slow(_request):
    time.sleep(3)
    return json_answer({})


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (None, "E-TRK-007"),
        (_slow, "E-TRK-009"),
        (html_answer("Selamat datang", "Ini halaman web."), "E-TRK-001"),
        (Answer(b'{"success": true, "result": {'), "E-TRK-014"),
        (json_answer({"success": False, "error": {"message": "x"}}, 403), "E-TRK-003"),
        (json_answer({"success": False}, 500), "E-TRK-005"),
        (json_answer({"success": True, "result": {"count": 9, "results": []}}), "E-TRK-019"),
    ],
    ids=["down", "slow", "html", "cut", "wrong key", "error", "nothing of nine"],
)
def test_a_source_that_fails_ends_the_run_with_a_code_and_what_was_published_stays(
    portal, add_source, harvest, records, query, broken, code
):
    catalogue = Catalogue([package(number) for number in range(1, 8)])
    source_id = add_source(portal(catalogue), limits={"attempts": 1, "read": 1, "deadline": 1})
    harvest(source_id)
    catalogue.broken = broken

    run = harvest(source_id)

    assert (run["state"], run["complete"], run["error"]["code"]) == ("gagal", False, code)
    assert {row["status"] for row in records(source_id).values()} == {"tayang"}
    assert all(row["tidak_ditemukan_sejak"] is None for row in records(source_id).values())
    [source] = query(sa.select(t.source.c.failing_since).where(t.source.c.id == source_id))
    assert source["failing_since"] is not None

    catalogue.broken = Catalogue.FINE
    assert harvest(source_id)["state"] == "selesai"
    [source] = query(sa.select(t.source.c.failing_since).where(t.source.c.id == source_id))
    assert source["failing_since"] is None


def test_a_source_that_fails_on_a_later_page_keeps_what_came(portal, add_source, harvest, records):
    catalogue = Catalogue([package(number) for number in range(1, 8)])
    catalogue.broken, catalogue.broken_from = json_answer({"success": False}, 500), 3
    source_id = add_source(portal(catalogue))

    run = harvest(source_id)

    assert numbers(run, "state", "complete", "created") == ("gagal", False, 4)
    assert set(records(source_id)) == ids(1, 2, 3, 4)


def test_a_network_that_the_administrator_closes_later_is_not_reached(portal, add_source, harvest, own_networks):
    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    own_networks()

    run = harvest(source_id)

    assert (run["state"], run["error"]["code"]) == ("gagal", "E-CFG-011")
    assert catalogue.asked == []


def test_the_same_source_without_its_entry_is_refused_before_anything_is_sent(portal, add_source, harvest):
    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue), allow_networks=[])

    run = harvest(source_id)

    assert (run["state"], run["error"]["code"]) == ("gagal", "E-TRK-011")
    assert catalogue.asked == []


def test_a_mapping_that_fits_nothing_ends_in_issues_and_not_in_an_error(portal, add_source, harvest):
    source_id = add_source(
        portal(Catalogue([package(1), package(2)])),
        mapping={"use": "ckan", "identifier": "tidak.ada", "fields": {"title": "`null`"}},
    )
    run = harvest(source_id)

    assert numbers(run, "state", "tidak_dimuat", "created") == ("selesai", 2, 0)


# --- whose it is ---


def test_a_known_publisher_owns_its_datasets(portal, add_source, harvest, records, act, unique):
    other = act("organization_create", name=f"{unique}-asal", title=f"Dinas Asal {unique}")
    source_id = add_source(portal(Catalogue([package(1, organization={"title": f"DINAS ASAL {unique.upper()}"})])))
    harvest(source_id)

    [row] = records(source_id).values()
    assert row["owner_org"] == other["id"]


def test_an_unknown_publisher_falls_to_the_source_s_office_with_a_warning_and_candidates(
    portal, add_source, harvest, records, *, query, office, act, unique
):
    act("organization_create", name=f"{unique}-mirip", title=f"Dinas Pertanian {unique}")
    before = len(act("organization_list"))
    source_id = add_source(
        portal(Catalogue([package(1, organization={"title": f"Dinas Pertanian dan Pangan {unique}"})]))
    )

    run = harvest(source_id)

    [row] = records(source_id).values()
    assert row["owner_org"] == office.id
    assert run["issues"]["W-OPD-001"] == 1
    [issue] = query(sa.select(t.issue).where(t.issue.c.record_id == row["id"], t.issue.c.code == "W-OPD-001"))
    assert f"Dinas Pertanian {unique}" in issue["params"]["candidates"]
    assert len(act("organization_list")) == before


# --- who works on it ---


def test_a_run_is_worked_on_once(portal, add_source, fresh, query):
    from ckanext.satudata.harvest import engine, runs

    source_id = add_source(portal(Catalogue([package(1)])))
    run_id = runs.start(fresh, source_id, actor=None)
    fresh.commit()
    held = runs.claim(fresh, run_id)
    fresh.commit()

    assert held is not None
    assert engine.run(run_id) is False


def test_an_orphaned_run_goes_on_from_its_last_page(portal, add_source, fresh, query, records, configured):
    from ckanext.satudata.harvest import engine, runs

    configured("ckanext.satudata.harvest.batch_size", 2)
    catalogue = Catalogue([package(number) for number in range(1, 8)])
    source_id = add_source(portal(catalogue))
    run_id = runs.start(fresh, source_id, actor=None)
    fresh.commit()

    class Killed(BaseException):
        pass

    def die(state):
        if state["records"] >= 4:
            raise Killed

    with pytest.raises(Killed):
        engine.run(run_id, progress=die)
    assert set(records(source_id)) == ids(1, 2, 3, 4)
    query(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=sa.func.now() - sa.text("interval '1 s'")))
    catalogue.asked.clear()

    assert engine.run(run_id)

    run = runs.show(fresh, run_id)
    assert numbers(run, "state", "attempt", "read", "created", "unchanged") == ("selesai", 2, 7, 7, 0)
    assert min(catalogue.asked) >= 3


def test_many_pages_share_a_transaction_while_little_changes_and_few_where_much_does(
    portal, add_source, harvest, fresh, records, configured
):
    from ckanext.satudata.harvest import engine, runs

    configured("ckanext.satudata.harvest.batch_size", 4)
    configured("ckanext.satudata.harvest.read_together", 4)
    catalogue = Catalogue([package(number) for number in range(1, 41)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.envelope = {"help": "every page differs as bytes"}
    for number in (1, *range(31, 41)):
        catalogue.packages[number - 1]["notes"] += " Diperbarui."
    run_id = runs.start(fresh, source_id, actor=None)
    fresh.commit()
    told = []

    assert engine.run(run_id, progress=lambda state: told.append(state["records"]))

    run = runs.show(fresh, run_id)
    assert numbers(run, "state", "read", "updated", "unchanged") == ("selesai", 40, 11, 29)
    steps = [after - before for before, after in itertools.pairwise([0, *told[:-1]]) if after > before]
    assert max(steps) == 16  # four batches at once
    assert steps[-2:] == [6, 4]  # up to the page with which a batch is to be written
    assert sum("Diperbarui." in row["dataset"]["notes"] for row in records(source_id).values()) == 11


def test_what_vanished_is_counted_once_by_a_run_that_is_taken_up_while_it_marks(
    portal, add_source, harvest, fresh, query, configured, monkeypatch
):
    from sqlalchemy.exc import OperationalError

    from ckanext.satudata.harvest import engine, removal, runs

    catalogue = Catalogue([package(number) for number in range(1, 9)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    del catalogue.packages[5:]
    configured("ckanext.satudata.harvest.batch_size", 1)
    run_id = runs.start(fresh, source_id, actor=None)
    fresh.commit()
    mark, marked = removal.mark, []

    def torn_away(session, ids, **more):
        if len(marked) == 1:
            marked.append("torn")
            raise OperationalError("", None, ConnectionError())
        marked.append(ids)
        return mark(session, ids, **more)

    monkeypatch.setattr(removal, "mark", torn_away)
    with pytest.raises(OperationalError):
        engine.run(run_id)
    query(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=sa.text("now() - interval '1 second'")))
    assert engine.run(run_id)

    assert numbers(runs.show(fresh, run_id), "state", "missing") == ("selesai", 3)


def test_a_worker_whose_run_was_cancelled_stops_at_its_next_batch(portal, add_source, fresh, records, configured):
    from ckanext.satudata.harvest import engine, runs
    from ckanext.satudata.harvest.sessions import session

    configured("ckanext.satudata.harvest.batch_size", 2)
    catalogue = Catalogue([package(number) for number in range(1, 8)])
    source_id = add_source(portal(catalogue))
    run_id = runs.start(fresh, source_id, actor=None)
    fresh.commit()

    def cancel(state):
        if state["records"] == 2:
            with session() as other:
                runs.cancel(other, run_id, actor=None)
                other.commit()

    assert engine.run(run_id, progress=cancel)

    assert runs.show(fresh, run_id)["state"] == "dibatalkan"
    assert set(records(source_id)) == ids(1, 2)


def test_a_source_has_one_run_at_a_time(portal, add_source, fresh):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.errors import RunRefused

    source_id = add_source(portal(Catalogue([package(1)])))
    runs.start(fresh, source_id, actor=None)
    with pytest.raises(RunRefused) as refused:
        runs.start(fresh, source_id, actor=None)
    assert refused.value.code == "E-RUN-002"


def test_a_large_batch_costs_no_more_statements_than_a_small_one(portal, add_source, harvest, platform):
    from ckan import model

    counts = []
    for size in (2, 60):
        statements = []
        sa.event.listen(model.meta.engine, "before_cursor_execute", lambda *a, seen=statements: seen.append(a[2]))
        catalogue = Catalogue([package(number) for number in range(size * 100, size * 101)])
        harvest(add_source(portal(catalogue), name=f"besar-{size}-uji", config={"page_size": 100}))
        counts.append(len(statements))
    assert counts[1] <= counts[0] * 2 + 10
