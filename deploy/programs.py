"""The long-running programs beside Postgres, Redis and Solr: web, worker, tick; the same for the demo and for tests."""

from __future__ import annotations

from pathlib import Path

QUEUE = "satudata"


def web(venv: Path, port: int, *, workers: int = 2, threads: int = 4) -> list[str]:
    """Return the command of the web server: CKAN's pages and the API, in `workers` processes; needs `CKAN_INI`."""
    return [
        str(venv / "bin" / "granian"),
        "--interface=wsgi",
        "--host=127.0.0.1",
        f"--port={port}",
        f"--workers={workers}",
        f"--blocking-threads={threads}",
        "--http=1",
        "--no-ws",
        "--respawn-failed-workers",
        "--workers-kill-timeout=8",
        "--log-level=warning",
        "deploy.wsgi:application",
    ]


def worker(venv: Path, ini: Path) -> list[str]:
    """Return the command of the worker that harvests."""
    return [str(venv / "bin" / "ckan"), "-c", str(ini), "jobs", "worker", QUEUE]


def tick(venv: Path, ini: Path) -> list[str]:
    """Return the command that starts what is due and repairs the index."""
    return [str(venv / "bin" / "ckan"), "-c", str(ini), "satudata", "tick"]


def environment(ini: Path, code: Path) -> dict[str, str]:
    """Return the variables these programs need beside the usual ones."""
    return {
        "CKAN_INI": str(ini),
        "PYTHONPATH": str(code),
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        # glibc gives each thread a heap of its own, and what one has freed no other takes: after a harvest of four
        # threads a process holds a quarter less with two.
        "MALLOC_ARENA_MAX": "2",
    }
