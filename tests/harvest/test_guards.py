"""What keeps a bad night at a source from becoming one of the catalogue's."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package


class Boasting(Catalogue):
    """A portal that names more datasets than it sends."""

    said = 0

    def answer(self, request):
        from demo.serving import json_answer

        start, rows = int(request.query.get("start", 0)), int(request.query.get("rows", 10))
        found = self.packages[start : start + rows]
        return json_answer({"success": True, "result": {"count": self.said or len(self.packages), "results": found}})


def test_a_source_that_says_900_and_sends_700_is_named_and_removes_nothing(portal, add_source, harvest, records):
    catalogue = Boasting([package(number) for number in range(900)])
    source_id = add_source(portal(catalogue), config={"page_size": 100})
    assert harvest(source_id)["created"] == 900
    catalogue.said, catalogue.packages = 900, catalogue.packages[:700]

    ended = harvest(source_id)

    assert (ended["state"], ended["complete"], ended["error"]["code"]) == ("gagal", False, "E-TRK-019")
    assert (ended["error"]["params"]["read"], ended["error"]["params"]["total"]) == (700, 900)
    assert (ended["missing"], ended["withdrawn"]) == (0, 0)
    assert {(row["status"], row["tidak_ditemukan_sejak"]) for row in records(source_id).values()} == {("tayang", None)}


@pytest.mark.parametrize(("days", "announced"), [(6, False), (8, True)])
def test_a_source_that_fails_for_a_week_is_announced(days, announced, portal, add_source, query, unique, configured):
    from ckanext.satudata.harvest import health

    source_id = add_source(portal(Catalogue([package(1)])))
    since = sa.func.now() - sa.func.make_interval(0, 0, 0, days)
    query(sa.update(t.source).where(t.source.c.id == source_id).values(failing_since=since))

    def told():
        [check] = [check for check in health.examine(quick=True) if check.name == "sources"]
        return (check.ok, check.code, check.detail)

    assert told() == ((False, "E-SVC-007", unique) if announced else (True, None, "-"))
    configured("ckanext.satudata.harvest.failing_days", 30)
    assert told()[0]


def test_a_failing_source_is_counted_from_its_first_failure_and_forgiven_by_a_success(
    portal, add_source, harvest, query
):
    from demo.serving import Answer

    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))

    def since():
        [row] = query(sa.select(t.source.c.failing_since).where(t.source.c.id == source_id))
        return row["failing_since"]

    catalogue.broken = Answer(b"", 503)
    assert harvest(source_id)["state"] == "gagal"
    first = since()
    assert first is not None
    assert harvest(source_id)["state"] == "gagal"
    assert since() == first
    catalogue.broken = catalogue.FINE
    assert harvest(source_id)["state"] == "selesai"
    assert since() is None


def test_a_source_that_names_another_s_dataset_never_takes_it_over(portal, add_source, harvest, records, unique, act):
    theirs = add_source(portal(Catalogue([package(1)])), identitas="pertahankan")
    harvest(theirs)
    [mine] = records(theirs).values()
    own = package(2)
    thief = Catalogue([{**package(1), "title": "Milik saya sekarang"}, own])
    thief_id = add_source(portal(thief), name=f"{unique}-lain", identitas="pertahankan")

    ended = harvest(thief_id)

    assert (ended["state"], ended["created"]) == ("selesai", 1)
    assert [(one["identifier"], one["code"]) for one in ended["refused"]] == [(package(1)["id"], "E-SMP-003")]
    assert act("package_show", id=mine["package_id"])["title"] == package(1)["title"]
    assert records(theirs)[mine["identifier"]]["version"] == mine["version"]


def test_a_record_beyond_the_limits_is_refused_with_its_reason_and_the_others_go_through(portal, add_source, harvest):
    many = [{"name": f"kata{number}"} for number in range(34_866)]
    ended = harvest(add_source(portal(Catalogue([package(1), package(2, tags=many), package(3)]))))
    assert (ended["state"], ended["created"]) == ("selesai", 2)
    [refused] = ended["refused"]
    assert refused["identifier"] == package(2)["id"]
    assert refused["code"].startswith("E-SMP-")
