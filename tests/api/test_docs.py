"""The documentation page alone leads from a client made by command to a table of datasets: its snippets, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def snippets():
    """The page's blocks in order, each as a program; what shells export is handed on."""
    return re.findall(r"```(sh|python|js)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def another_site(tmp_path):
    """The address of an empty page that is not ours."""
    folder = tmp_path / "situs"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Situs lain</title>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def in_a_browser(browser, site, program, environment):
    """Run a block of JavaScript on a page of another origin; what it logs."""
    browser.get(site)
    names = {name: environment[name] for name in ("BASE", "TOKEN")}
    body = f"""
        const [names, done] = arguments, {{BASE, TOKEN}} = names, said = []
        const console = {{log: (...words) => said.push(words.join(" "))}}
        const run = async () => {{ {program} }}
        run().then(() => done(said.join("\\n")), error => done("failed: " + error))
    """
    return browser.execute_async_script(body, names)


def run(language, program, environment, folder):
    """Run a block of shell or Python; what it prints, and the environment it leaves."""
    if language == "sh":
        command = ["bash", "-eu", "-o", "pipefail", "-c", f"{program}\nenv -0 > environment"]
    else:
        command = [sys.executable, "-c", program]
    told = {"cwd": folder, "env": environment, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run(command, check=False, **told)
    assert done.returncode == 0, (program, done.stderr)
    if language == "sh":
        pairs = (folder / "environment").read_text().split("\0")
        environment |= dict(pair.split("=", 1) for pair in pairs if pair)
    return done.stdout


def test_the_snippets_of_the_page_run_in_order(web, platform, office, browser, another_site, tmp_path):
    for number in range(120):
        office.put(str(number), index=False, satuan="orang", kode_wilayah="32.04")
    office.put("terakhir", kode_wilayah="32.04")
    environment = {**platform.environment, "SITE": web.rstrip("/"), "NO_PROXY": "127.0.0.1"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    said = [
        in_a_browser(browser, another_site, program, environment)
        if language == "js"
        else run(language, program, environment, tmp_path)
        for language, program in snippets()
    ]
    client, token, search, pages, table, browsed, mirror, parquet, query, ckanapi = said
    assert client == token == parquet == ""
    assert '"total":121' in search
    assert pages == "121 datasets\n"
    assert table.endswith("100 rows\n")
    assert browsed.startswith("121 Jumlah Penduduk")
    assert '"cursor":' in mirror
    assert query.endswith("(100, 4)\n")
    assert ckanapi.startswith("121 datasets, Jumlah Penduduk")
