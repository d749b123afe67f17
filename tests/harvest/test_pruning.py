"""History that is too old goes by itself; what stands, and the way to learn of it, stays."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package

LONG_AGO = sa.func.now() - sa.text("interval '400 days'")


@pytest.fixture
def grown_old(portal, add_source, harvest, query):
    """A source of three datasets, of which one changed twice and one vanished, all more than a year ago."""
    catalogue = Catalogue([package(1), package(2), package(3)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    for title in ("Jumlah Kedua", "Jumlah Ketiga"):
        catalogue.packages[0] = package(1, title=title)
        harvest(source_id)
    for table, column in ((t.change, t.change.c.at), (t.run, t.run.c.finished), (t.run, t.run.c.created)):
        query(sa.update(table).values({column.name: LONG_AGO}))
    query(sa.update(t.run).values(created=LONG_AGO + sa.text("random() * interval '1 hour'")))
    return source_id


def _prune(fresh):
    from ckanext.satudata.catalog import pruning

    return pruning.prune(fresh)


def test_older_versions_and_runs_go_and_a_re_harvest_still_changes_nothing(grown_old, fresh, harvest, query, records):
    before = records(grown_old)
    assert _prune(fresh) == 2 + 1 + 2, "two lines, one version before, two runs"
    left = query(sa.select(t.change))
    assert sorted(row["package_id"] for row in left) == sorted(row["package_id"] for row in before.values())
    assert {row["version"] for row in left} == {1, 3}
    assert [row["before"] for row in left] == [None] * 3
    assert len(query(sa.select(t.run))) == 1

    again = harvest(grown_old)

    assert (again["state"], again["unchanged"], again["updated"], again["created"]) == ("selesai", 3, 0, 0)
    assert {key: row["version"] for key, row in records(grown_old).items()} == {
        key: row["version"] for key, row in before.items()
    }
    assert len(query(sa.select(t.change))) == 3
    assert _prune(fresh) == 1, "the run that is no longer the newest"


def test_what_is_younger_stays(portal, add_source, harvest, fresh, query):
    catalogue = Catalogue([package(1)])
    source_id = add_source(portal(catalogue))
    harvest(source_id)
    catalogue.packages[0] = package(1, title="Jumlah Kedua")
    harvest(source_id)
    assert _prune(fresh) == 0
    assert len(query(sa.select(t.change))) == 2


def test_the_doctor_finds_nothing_wrong_after_it(grown_old, fresh, query):
    from ckanext.satudata.catalog import compare

    _prune(fresh)
    assert list(compare.differences(fresh, compare.Counted())) == []


def test_the_administrator_says_how_long_it_is_kept(grown_old, fresh, configured):
    configured("ckanext.satudata.history_days", 500)
    assert _prune(fresh) == 0
