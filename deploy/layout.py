"""Where everything of one checkout lies, and under which account its services run."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.steps import StepError
from deploy.wording import say

CHECKOUT = Path(__file__).resolve().parent.parent
SERVICE_ACCOUNT = "satudata"


@dataclass(frozen=True)
class Account:
    """The unprivileged user that every service runs as; `switch` is false when we are that user already."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_arguments(self) -> dict[str, object]:
        """Arguments of `subprocess` that start a program under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, *paths: Path) -> None:
        """Hand files or folders (with all below) to this account."""
        if not self.switch:
            return
        for path in paths:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
            for below in path.rglob("*") if path.is_dir() else ():
                os.chown(below, self.uid, self.gid, follow_symlinks=False)


def service_account() -> Account:
    """Find the account of the services: ourselves, or for root the system user `satudata`, made when it is missing.

    Postgres refuses to run as root, and a web server should not.
    """
    if os.geteuid() != 0:
        return own_account()
    try:
        entry = pwd.getpwnam(SERVICE_ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", SERVICE_ACCOUNT]
        made = subprocess.run(command, check=False, capture_output=True, text=True)
        try:
            entry = pwd.getpwnam(SERVICE_ACCOUNT)  # another set-up may have made it at the same moment
        except KeyError:
            raise StepError(
                say("Pengguna sistem 'satudata' tidak dapat dibuat", "The system user 'satudata' cannot be made"),
                say("Jalankan: ", "Run: ") + " ".join(command) + f"  ({made.stderr.strip()})",
            ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def own_account() -> Account:
    """Return who we are ourselves, for what the services may read but not change."""
    me = pwd.getpwuid(os.geteuid())
    return Account(me.pw_name, me.pw_uid, me.pw_gid, switch=False)


def data_root() -> Path:
    """Return the folder of everything this checkout keeps.

    `SATUDATA_DATA`; for root a folder in /var/lib that the service account can reach (/root is 0700) and that no other
    checkout shares; else `var/` in the checkout.
    """
    configured = os.environ.get("SATUDATA_DATA")
    if configured:
        return Path(configured).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/satudata") / hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:10]
    return CHECKOUT / "var"


def reachable(path: Path, account: Account) -> bool:
    """Tell whether the service account may enter every folder on the way to `path`."""
    if not account.switch:
        return True
    return all(_enters(folder, account) for folder in [path, *path.parents])


def _enters(folder: Path, account: Account) -> bool:
    if not folder.exists():
        return True
    facts = folder.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & 0o100)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & 0o010)
    return bool(facts.st_mode & 0o001)


def make_folder(path: Path, account: Account, mode: int = 0o700) -> Path:
    """Make a folder that belongs to the service account; those above it stay ours and can be passed through."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o755, exist_ok=True)  # another process may just have made it
        folder.chmod(0o755)
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        pass
    else:
        account.own(path)
    path.chmod(mode)
    return path


def write_private(path: Path, text: str, account: Account) -> Path:
    """Write a file that only the service account (and root) can read; a reader never sees half of it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    account.own(draft)
    draft.replace(path)
    return path
