"""`ckan` commands of one installation, each in a process of its own: CKAN is loaded once, every command is a fork.

    python -m tests.e2e.commands CKAN.INI

Reads a JSON list `[arguments, file of the output, file of the error output]` a line, and answers each with the
command's exit code.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(ini: str) -> None:
    """Serve until the input ends."""
    from ckan import model
    from ckan.cli import cli

    loaded = cli.CtxObject(ini)
    cli.CtxObject = lambda _path=None: loaded
    model.Session.remove()
    model.meta.engine.dispose()
    _say("ready")
    for line in sys.stdin:
        arguments, out, err = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(cli.ckan, ini, arguments, out, err)
        _, status = os.waitpid(child, 0)
        _say(str(os.waitstatus_to_exitcode(status)))


def _say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _become(command, ini, arguments, out, err):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for path, number in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.stdin, sys.stdout = Path("/dev/stdin").open(), os.fdopen(1, "w")  # noqa: SIM115  # this process ends soon
    code = 70
    try:
        command.main(args=["-c", ini, *arguments], prog_name="ckan")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:  # noqa: BLE001  # what a person would see on the terminal
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
