"""Everything killed at once in the middle of a run: it goes on by itself, and nobody can tell afterwards."""

import secrets
import threading

from demo.portal import Portal
from tests.e2e.stack import PATIENCE, WALIDATA
from tests.standing import standing


class Pausing(Portal):
    """Waits once with the first page behind `pause_at`, until it is told to go on."""

    def __post_init__(self):
        super().__post_init__()
        self.pause_at, self.reached, self.go_on = None, threading.Event(), threading.Event()

    def answer(self, request):
        if self.pause_at is not None and int(request.query.get("start", 0)) >= self.pause_at:
            self.pause_at = None
            self.reached.set()
            self.go_on.wait(PATIENCE)
        return super().answer(request)


def definition(name, url):
    return {
        "name": name, "title": "Portal", "organization": WALIDATA, "connector": "ckan", "url": url,
        "config": {"page_size": 10}, "penayangan": "otomatis", "limits": {"attempts": 1},
    }  # fmt: skip


def test_a_run_whose_every_process_was_killed_ends_as_an_undisturbed_one(stack, tmp_path):
    portal = Pausing(datasets=90, seed=secrets.randbits(32))
    killed, calm = (f"{kind}-{secrets.token_hex(4)}" for kind in ("putus", "tenang"))
    with stack.serving(portal) as url:
        for name in (killed, calm):
            file = stack.write_source(tmp_path, definition(name, url))
            stack.satudata("source", "add", name, "--file", str(file), "--approved-by", "walidata")
        portal.pause_at = 60
        run = stack.satudata("harvest", killed, "--background")["run"]
        assert portal.reached.wait(PATIENCE)
        [[before]] = stack.sql("SELECT count(*) FROM satudata_record WHERE last_run = %s", run)
        stack.kill()
        portal.go_on.set()
        asked = len(portal.requests)

        stack.start()
        ended = stack.over(run)
        stack.ready()
        again = [path for path in portal.requests[asked:] if path.endswith("package_search")]
        undisturbed = stack.harvest(calm)

    assert 0 < before < 90
    assert ended["attempt"] > 1
    assert (ended["state"], ended["complete"]) == ("selesai", True)
    assert len(again) < 9, "it began anew"
    same = ("read", "created", "updated", "missing", "withdrawn", "layak", "perlu_perbaikan", "tidak_dimuat", "issues")
    assert {name: ended[name] for name in same} == {name: undisturbed[name] for name in same}
    assert standing(stack, killed) == standing(stack, calm)
    assert stack.sql("SELECT 1 FROM satudata_seen WHERE run_id = %s", run) == []
