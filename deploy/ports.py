"""Ports on 127.0.0.1 that nothing else uses: chosen once, remembered, or set by the operator."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path


def is_free(port: int) -> bool:
    """Tell whether nobody listens on that port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Draw different free ports; all are held until the last is drawn."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def remembered_ports(names: Sequence[str], file: Path) -> dict[str, int]:
    """Return a port for each name: `SATUDATA_<NAME>_PORT`, else the one in `file`, else a new free one.

    What was drawn is written to `file`, so that a portal's address stays the same.
    """
    known: dict[str, int] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    ports = {}
    fresh = iter(free_ports(len(names)))
    for name in names:
        configured = os.environ.get(f"SATUDATA_{name.upper()}_PORT")
        ports[name] = int(configured) if configured else known.get(name) or next(fresh)
    if ports != known:
        file.write_text(json.dumps(ports, indent=2) + "\n", "utf-8")
    return ports
