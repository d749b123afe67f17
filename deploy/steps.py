"""A set-up is a row of steps; each says what it does, how long it took, and what to do when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.wording import say

LOG_TAIL_LINES = 15


class StepError(Exception):
    """A step could not be done: what failed, the log to read (if there is one) and what the operator can do."""

    def __init__(self, what: str, remedy: str, log: Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.log = log

    def report(self) -> str:
        """Render the failure for a terminal, with the last lines of its log."""
        lines = [f"{say('GAGAL', 'FAILED')}: {self.what}"]
        if self.log is not None and self.log.exists():
            tail = self.log.read_text("utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
            lines += [f"    | {line}" for line in tail]
            lines.append(f"  {say('Catatan lengkap', 'Full log')}: {self.log}")
        lines.append(f"  {say('Yang dapat dilakukan', 'What to do')}: {self.remedy}")
        return "\n".join(lines)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Print what is being done, then how many seconds it took."""
    print(f"==> {doing} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"    {say('selesai', 'done')} ({time.monotonic() - started:.1f} s)", flush=True)


def run_logged(  # noqa: PLR0913  # it is `subprocess.run` with a log and words for the operator
    command: Sequence[str | Path],
    log: Path,
    *,
    failing: str,
    remedy: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | int | None = None,
    group: str | int | None = None,
) -> None:
    """Run a program with its output appended to `log`; StepError names that log when the program ends badly."""
    log.parent.mkdir(parents=True, exist_ok=True)
    as_user: dict[str, Any] = {} if user is None else {"user": user, "group": group, "extra_groups": []}
    with log.open("ab") as output:
        try:
            finished = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                check=False,
                **as_user,
            )
        except OSError as error:
            raise StepError(f"{failing} ({error})", remedy, log) from error
    if finished.returncode != 0:
        raise StepError(f"{failing} ({command[0]}: {finished.returncode})", remedy, log)


def warn(message: str) -> None:
    """Print a remark that stops nothing."""
    print(f"    ! {message}", file=sys.stderr, flush=True)
