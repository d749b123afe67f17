"""Two sources of one portal on a platform of its own: one is disturbed, the other is not, and both must end alike.

Nothing of the product knows of these tests: a moment of a run is reached from outside, by the portal that is asked, by
the line to Solr that passes through here, and by a lock that a trigger of this database waits for.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg2

from demo.serving import Answer, Request
from tests.e2e.stack import WALIDATA, Stack, until
from tests.harvest.conftest import package
from tests.standing import standing

#: datasets of the portal, how many stand on a page, are changed, and are missing in each round
MANY, PAGE, CHANGED, MISSING = 60, 10, 12, 4
DISTURBED, CALM = "diganggu", "tenang"
_LOCK = 778899
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Hook = Callable[[], None]


class Source:
    """A portal whose datasets change, vanish and come back from round to round; `asked` is called for each page."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.edition: Counter[int] = Counter()
        self.missing: set[int] = set()
        self.asked: Callable[[int], Answer | None] = lambda _start: None

    def advance(self) -> None:
        """Another day: some datasets have changed, some are gone, those that were gone are back."""
        self.edition.update(self.draw.sample(range(MANY), CHANGED))
        self.missing = set(self.draw.sample(range(MANY), MISSING))

    def packages(self) -> list[dict[str, Any]]:
        """What the portal holds now."""
        return [
            package(n, notes=f"Penduduk kecamatan nomor {n}, terbitan {self.edition[n]}.")
            for n in range(MANY)
            if n not in self.missing
        ]

    def answer(self, request: Request) -> Answer | None:
        """One page."""
        from demo.serving import json_answer

        if not request.path.endswith("package_search"):
            return json_answer({"success": False, "error": {"message": "Not found"}}, 404)
        start, rows = int(request.query.get("start", 0)), int(request.query.get("rows", PAGE))
        instead = self.asked(start)
        if instead is not None:
            return instead
        found = self.packages()
        return json_answer({"success": True, "result": {"count": len(found), "results": found[start : start + rows]}})


class SolrLine:
    """Passes on what is sent to Solr, at `address`; `before` and `after` are called around each update."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.before: Callable[[bytes], None] = lambda _body: None
        self.after: Callable[[bytes], None] = lambda _body: None

    @contextmanager
    def open(self) -> Iterator[str]:
        """Pass on while the block lasts; yields the address."""
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def _pass_on(self) -> None:
                status, kind, told = line.asked(
                    self.path,
                    self.rfile.read(int(self.headers.get("Content-Length") or 0)) if self.command == "POST" else None,
                    self.headers.get("Content-Type", "application/json"),
                )
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)
                self.wfile.flush()

            do_GET = do_POST = _pass_on  # noqa: N815  # the names http.server looks for

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Solr is away: hang up."""

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def asked(self, path: str, body: bytes | None, kind: str) -> tuple[int, str, bytes]:
        """What Solr answers: status, content type, body."""
        asked = urllib.request.Request(f"{self.target}{path}", data=body, headers={"Content-Type": kind})  # noqa: S310
        update = path.partition("?")[0].endswith("/update") and body is not None
        if update:
            self.before(body or b"")
        try:
            with _direct.open(asked, timeout=60) as response:
                answer = response.status, response.headers.get("Content-Type", ""), response.read()
        except urllib.error.HTTPError as error:
            answer = error.code, error.headers.get("Content-Type", ""), error.read()
        if update:
            self.after(body or b"")
        return answer


@dataclass
class Arena:
    """The platform, the portal and the line to Solr; `tick` and `worker` are real processes."""

    stack: Stack
    portal: Source
    line: SolrLine

    # --- runs ---

    def add_sources(self, folder: Path, url: str) -> None:
        """Register both."""
        for name in (DISTURBED, CALM):
            definition = {
                "name": name, "title": "Portal", "organization": WALIDATA, "connector": "ckan", "url": url,
                "config": {"page_size": PAGE}, "penayangan": "otomatis",
                "limits": {"attempts": 1, "deadline": 90},
            }  # fmt: skip
            file = self.stack.write_source(folder, definition)
            self.stack.satudata("source", "add", name, "--file", str(file), "--approved-by", "walidata")

    def begin(self, source: str = DISTURBED) -> str:
        """Hand a run to the worker."""
        return str(self.stack.satudata("harvest", source, "--background")["run"])

    @contextmanager
    def in_the_middle(self) -> Iterator[str]:
        """A run that has written two pages and waits for the third while the block lasts."""
        reached, go_on = threading.Event(), threading.Event()

        def asked(start: int) -> None:
            if start >= 2 * PAGE and not reached.is_set():
                reached.set()
                go_on.wait(120)

        self.portal.asked = asked
        try:
            run = self.begin()
            assert reached.wait(120), "nobody asked for the third page"
            yield run
        finally:
            go_on.set()
            self.portal.asked = lambda _start: None

    def alike(self) -> None:
        """Assert that the disturbed source stands as the calm one, which is harvested now."""
        calm = self.stack.satudata("harvest", CALM)
        assert (calm["state"], calm["complete"]) == ("selesai", True), calm
        for ours, theirs in zip(standing(self.stack, DISTURBED), standing(self.stack, CALM), strict=True):
            assert ours == theirs
        assert self.stack.sql("SELECT 1 FROM satudata_seen") == []

    def sound(self) -> None:
        """Assert that tables, index, answers and change log agree."""
        ended = self.stack.ckan("satudata", "doctor", "--json")
        # A worker registers in Redis when it starts: after a flush it works on, but is not counted before it restarts.
        wrong = [check for check in ended.json["checks"] if not check["ok"] and check["name"] != "workers"]
        assert wrong == [], wrong

    @contextmanager
    def configured(self, lines: Mapping[str, str], variables: Mapping[str, str] | None = None) -> Iterator[None]:
        """Web, worker and tick started anew, with these lines in their INI and these variables, while the block lasts.

        Commands keep the configuration they have loaded.
        """
        ini, before, had = self.stack.platform.ini, self.stack.platform.ini.read_text("utf-8"), self.stack.variables
        ini.write_text(before + "".join(f"{name} = {value}\n" for name, value in lines.items()), "utf-8")
        self.stack.variables = {**had, **(variables or {})}
        self.stack.kill()
        self.stack.start()
        try:
            yield
        finally:
            ini.write_text(before, "utf-8")
            self.stack.variables = had
            self.stack.kill()
            self.stack.start()

    def revive(self) -> None:
        """Restart what has ended by itself, as its supervisor does."""
        for name, process in list(self.stack.processes.items()):
            if process.poll() is not None:
                del self.stack.processes[name]
        self.stack.start()

    # --- the tick ---

    @contextmanager
    def tick_waits(self) -> Iterator[None]:
        """Hold the tick where it holds nothing itself, so that the worker alone works."""
        pid = self.stack.processes["tick"].pid
        while True:
            os.kill(pid, signal.SIGSTOP)
            busy = self.stack.sql(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND (state <> 'idle')"
            )
            if not busy:
                break
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    # --- moments ---

    def prepare_the_lock(self) -> None:
        """Let whoever writes to the change log count it, and wait for a lock at the armed one."""
        self.stack.sql(
            """
            CREATE SEQUENCE uji_urutan;
            CREATE TABLE uji_saat (nth integer, removals boolean);
            CREATE FUNCTION uji_tunggu() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF EXISTS (SELECT 1 FROM uji_saat s WHERE NOT s.removals
                         OR EXISTS (SELECT 1 FROM baru WHERE kind = 'removed')) THEN
                IF nextval('uji_urutan') = (SELECT nth FROM uji_saat) THEN
                  PERFORM pg_advisory_xact_lock(778899);
                END IF;
              END IF;
              RETURN NULL;
            END $$;
            CREATE TRIGGER uji_tunggu AFTER INSERT ON satudata_change REFERENCING NEW TABLE AS baru
              FOR EACH STATEMENT EXECUTE FUNCTION uji_tunggu();
            """
        )

    def strike(self, victim: str) -> None:
        """Kill -9 the work-horse, the worker, or both; who was killed is restarted by `stack.start`."""
        worker = self.stack.processes["worker"]
        horses = [
            int(child) for task in Path(f"/proc/{worker.pid}/task").glob("*/children")
            for child in task.read_text("ascii").split()
        ]  # fmt: skip
        doomed = [*(horses if victim != "worker" else ()), *([worker.pid] if victim != "horse" else ())]
        assert horses, "nobody is at work"
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
        if victim != "horse":
            self.stack.processes.pop("worker").wait()

    @contextmanager
    def at(self, stage: str, nth: int, strike: Hook) -> Iterator[threading.Event]:
        """Call `strike` once, at the nth moment of a stage of the run that goes on inside; the event tells that it
        was.
        """
        struck, count, guard = threading.Event(), Counter[str](), threading.Lock()

        def reached(*_: Any) -> None:
            with guard:
                count[stage] += 1
                mine = count[stage] == nth and not struck.is_set()
                if mine:
                    strike()
                    struck.set()

        removal = stage.startswith("withdrawing")
        with contextlib.ExitStack() as undoing:
            if stage == "fetching":
                self.portal.asked = reached  # type: ignore[assignment]
                undoing.callback(setattr, self.portal, "asked", lambda _start: None)
            elif stage in ("before the commit", "withdrawing: before the commit"):
                undoing.enter_context(self._waiting_for_the_lock(nth, removal, lambda: (strike(), struck.set())))
            else:
                side = "before" if stage.endswith("between commit and index") else "after"
                watch = (lambda body: reached() if b'"delete":' in body else None) if removal else reached
                setattr(self.line, side, watch)
                undoing.callback(setattr, self.line, side, lambda _body: None)
            yield struck

    @contextmanager
    def _waiting_for_the_lock(self, nth: int, removals: bool, strike: Callable[[], Any]) -> Iterator[None]:
        over = threading.Event()
        holder = psycopg2.connect(self.stack.platform.database_url)
        holder.autocommit = True
        with holder.cursor() as cursor:
            cursor.execute("ALTER SEQUENCE uji_urutan RESTART; DELETE FROM uji_saat")
            cursor.execute("INSERT INTO uji_saat VALUES (%s, %s)", (nth, removals))
            cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))

        def watch() -> None:
            with holder.cursor() as cursor:
                while not over.is_set():
                    cursor.execute(
                        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", (_LOCK,)
                    )
                    if cursor.fetchall():
                        cursor.execute("DELETE FROM uji_saat")
                        strike()
                        break
                    time.sleep(0.01)
                cursor.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(30)
            with holder.cursor() as cursor:
                cursor.execute("DELETE FROM uji_saat")
            holder.close()

    def wait_for(self, run: str, seconds: float = 60) -> dict[str, Any]:
        """The run when it has ended, which it must within a minute."""

        def over() -> Any:
            with contextlib.suppress(psycopg2.OperationalError):  # Postgres may be away for a moment
                return self.stack.sql(
                    "SELECT 1 FROM satudata_run WHERE id = %s AND state NOT IN ('antre', 'berjalan', 'terputus')", run
                )

        until(over, f"run {run} ends by itself", seconds)
        return dict(self.stack.satudata("run", "show", run))
