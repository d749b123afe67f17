"""The commands behind the Makefile: `python3 -m deploy up|down|status|...`."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy import archive, testing
from deploy.bring_up import bring_up, run_ckan, run_inside
from deploy.installation import Installation, open_installation
from deploy.layout import CHECKOUT
from deploy.steps import StepError
from deploy.supervision import Supervisor
from deploy.wording import say


def demo() -> int:
    """Bring every service up, harvest the demo applications (and `SOURCE`), and take the tour."""
    return run_inside(bring_up(demo=True), ["deploy.catalogue", "demo"])


def up() -> int:
    """Bring every service up."""
    _print_addresses(bring_up())
    return 0


def down() -> int:
    """Stop every service; the data stays."""
    Supervisor(open_installation()).shut_down()
    print(say("Semua layanan berhenti; data tetap tersimpan.", "All services are stopped; the data is kept."))
    return 0


def status() -> int:
    """Print the state of each service; 3 when one of them does not run."""
    installation = open_installation()
    states = Supervisor(installation).states()
    for name, state in states.items():
        print(f"{name:16} {state}")
    if not states:
        print(say("Tidak ada layanan yang berjalan. Jalankan: make up", "No service runs. Run: make up"))
    _print_addresses(installation)
    return 0 if states and all(state == "RUNNING" for state in states.values()) else 3


def print_help() -> int:
    """List the targets with what the Makefile says about them."""
    targets = re.findall(r"^([a-z-]+):.*?## (.+?) / (.+)$", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for target, indonesian, english in targets:
        print(f"make {target:12} {say(indonesian, english)}")
    return 0


def _print_addresses(installation: Installation) -> None:
    print(f"{say('Portal', 'Portal'):16} {installation.site_url}\n{say('Data', 'Data'):16} {installation.data}")


#: Those that print how long they took; the others end with the words of the program they ran.
TIMED: dict[str, Callable[[], int]] = {
    "demo": demo,
    "up": up,
    "down": down,
    "backup": archive.backup,
    "restore": archive.restore,
    "clean": archive.clean,
}
COMMANDS: dict[str, Callable[[], int]] = {
    **TIMED,
    "status": status,
    "help": print_help,
    "test": testing.test,
    "test-pure": testing.test_pure,
    "test-long": testing.test_long,
    "bench": testing.bench,
    "lint": testing.lint,
    "audit": testing.audit,
    "lock": testing.lock,
    "generated": testing.generated,
    "screenshots": testing.screenshots,
}


def main(arguments: list[str]) -> int:
    """Run one command; a failing step is explained, never shown as a traceback."""
    command = arguments[0] if arguments else ""
    if command != "ckan" and (len(arguments) != 1 or command not in COMMANDS):
        print(f"{Path(sys.argv[0]).name}: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    try:
        code = run_ckan(open_installation(), arguments[1:]) if command == "ckan" else COMMANDS[command]()
    except StepError as failure:
        sys.stdout.flush()
        print(failure.report(), file=sys.stderr)
        return 1
    if command in TIMED:
        print(say("Seluruhnya", "Altogether") + f" {time.monotonic() - started:.1f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
