"""The documentation page alone leads from a client made by command to a table of datasets: its snippets, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def snippets():
    """The page's shell and Python blocks in order, each as a program; what shells export is handed on."""
    return re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_snippets_of_the_page_run_in_order(web, office, client_of, tmp_path):
    for number in range(120):
        office.put(str(number), index=False, satuan="orang", kode_wilayah="32.04")
    office.put("terakhir", kode_wilayah="32.04")
    client = client_of("catalog:read")
    environment = {**os.environ, "SITE": web.rstrip("/"), "CLIENT_ID": client.id, "CLIENT_SECRET": client.secret}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    said = []
    for language, program in snippets():
        if language == "sh":
            command = ["bash", "-eu", "-o", "pipefail", "-c", f"{program}\nenv -0 > environment"]
        else:
            command = [sys.executable, "-c", program]
        told = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60}
        done = subprocess.run(command, check=False, **told)
        assert done.returncode == 0, (program, done.stderr)
        said.append(done.stdout)
        if language == "sh":
            pairs = (tmp_path / "environment").read_text().split("\0")
            environment |= dict(pair.split("=", 1) for pair in pairs if pair)
    assert len(said) == 6
    assert '"total":121' in said[1]
    assert said[2] == "121 datasets\n"
    assert '"cursor":' in said[3]
    assert "(100, 4)" in said[5]
