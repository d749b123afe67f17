"""The commands behind the Makefile: `python3 -m deploy up|down|status|...`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from deploy.bring_up import bring_up
from deploy.installation import open_installation
from deploy.steps import StepError
from deploy.supervision import Supervisor
from deploy.wording import say


def up() -> int:
    """Bring every service up."""
    installation = bring_up()
    print(f"\n{say('Portal', 'Portal')}: {installation.site_url}")
    return 0


def down() -> int:
    """Stop every service; the data stays."""
    Supervisor(open_installation()).shut_down()
    print(say("Semua layanan berhenti; data tetap tersimpan.", "All services are stopped; the data is kept."))
    return 0


def status() -> int:
    """Print the state of each service; 3 when one of them does not run."""
    installation = open_installation()
    states = Supervisor(installation).states() if (installation.venv / "bin" / "supervisorctl").exists() else {}
    for name, state in states.items():
        print(f"{name:16} {state}")
    if not states:
        print(say("Tidak ada layanan yang berjalan. Jalankan: make up", "No service runs. Run: make up"))
    print(f"{say('Portal', 'Portal'):16} {installation.site_url}\n{say('Data', 'Data'):16} {installation.data}")
    return 0 if states and all(state == "RUNNING" for state in states.values()) else 3


COMMANDS: dict[str, Callable[[], int]] = {"up": up, "down": down, "status": status}


def main(arguments: list[str]) -> int:
    """Run one command; a failing step is explained, never shown as a traceback."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"{__doc__}\n{', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    try:
        return COMMANDS[arguments[0]]()
    except StepError as failure:
        print(failure.report(), file=sys.stderr)
        return 1
    finally:
        if arguments[0] not in ("status", "help"):
            print(f"({time.monotonic() - started:.1f} s)", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
