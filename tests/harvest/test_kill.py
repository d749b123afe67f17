"""A worker that is killed leaves a run that the next one brings to the end of an undisturbed one."""

from __future__ import annotations

import subprocess
import threading

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package

MANY = 24


class Halting(Catalogue):
    """A portal that stops answering at a page until it is told to go on."""

    def __init__(self, packages, halt_at):
        super().__init__(packages)
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.before_answer = lambda start: self._halt() if start >= halt_at else None

    def _halt(self):
        self.reached.set()
        self.go_on.wait(60)


@pytest.fixture
def command(platform, ckan_ini, tmp_path, sealing, own_networks):
    """Start `ckan satudata …` in a process of its own, with portions of two records."""
    from ckan.common import config

    def start(*arguments):
        ini = tmp_path / "pekerja.ini"
        networks = " ".join(config["ckanext.satudata.allow_networks"])
        ini.write_text(
            f"[app:main]\nuse = config:{ckan_ini}\nckanext.satudata.harvest.batch_size = 2\n"
            f"ckanext.satudata.allow_networks = {networks}\nckanext.satudata.secrets_file = {sealing}\n",
            "utf-8",
        )
        words = [str(platform.venv / "bin" / "ckan"), "-c", str(ini), "satudata", *arguments]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


@pytest.mark.parametrize("halt_at", [5, 19])
def test_a_killed_worker_s_run_is_taken_up_where_it_stopped(
    halt_at, portal, add_source, command, *, query, records, search_index, unique
):
    catalogue = Halting([package(number) for number in range(1, MANY + 1)], halt_at)
    source_id = add_source(portal(catalogue))
    worker = command("harvest", unique)
    assert catalogue.reached.wait(60), worker.communicate(timeout=5)
    worker.kill()
    worker.wait(30)
    written = set(records(source_id))
    assert 0 < len(written) < MANY
    catalogue.go_on.set()
    catalogue.asked.clear()
    query(
        sa.update(t.run)
        .where(t.run.c.source_id == source_id)
        .values(lease_until=sa.func.now() - sa.text("interval '1 s'"))
    )

    out, err = command("harvest", unique).communicate(timeout=60)

    assert "selesai" in out, err
    [run] = query(sa.select(t.run).where(t.run.c.source_id == source_id))
    assert (run["state"], run["attempt"], run["counts"]["read"], run["counts"]["created"]) == ("selesai", 2, MANY, MANY)
    assert min(catalogue.asked) >= len(written) - 1
    _equals_an_undisturbed_run(source_id, query, records, search_index)


def _equals_an_undisturbed_run(source_id, query, records, search_index):
    found = records(source_id)
    assert {(row["status"], row["version"]) for row in found.values()} == {("tayang", 1)}
    assert len(found) == MANY
    changes = query(sa.select(t.change.c.package_id, t.change.c.kind))
    assert sorted(one["package_id"] for one in changes) == sorted(row["package_id"] for row in found.values())
    assert {one["kind"] for one in changes} == {"created"}
    assert query(sa.select(t.seen)) == []
    search_index.commit()
    assert {one["id"] for one in search_index.documents()} == {row["package_id"] for row in found.values()}
    assert query(sa.select(t.outbox)) == []
