"""Backup and restore in one archive, and the end of an installation.

In the archive: the database, uploaded files, and the keys without which sealed credentials and issued tokens are lost.
Not in it: Solr's index and Redis, which are derived, and the passwords of the services, which belong to the machine.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import tempfile
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from deploy import postgres
from deploy.bring_up import bring_up, run_inside
from deploy.installation import Installation, open_installation
from deploy.layout import make_folder, own_account
from deploy.steps import StepError, run_logged, step
from deploy.supervision import APPLICATION, Supervisor
from deploy.wording import say

FORMAT = 1
DUMP, FACTS = "database.dump", "archive.json"
#: Passwords of the services: they belong to the machine, every other secret to the data.
MACHINE_SECRETS = {"postgres-administrator", "postgres-satudata", "redis"}


def backup() -> int:
    """Write an archive (mode 600) to `FILE`, or below the data folder, and print where it is."""
    installation = open_installation()
    moment = datetime.now(timezone.utc)
    target = _target(installation, moment)
    with step(say("Menyimpan basis data, berkas, dan kunci", "Saving database, files and keys")):
        _write(installation, target, moment)
    print(f"{target}  ({target.stat().st_size / 1e6:.1f} MB)")
    print(say("Simpan di tempat lain: di dalamnya ada kunci.", "Keep it elsewhere, and safe: it holds keys."))
    return 0


def restore() -> int:
    """Replace everything by what an archive holds: `FILE` names it, `CONFIRM=yes` agrees."""
    file = Path(os.environ.get("FILE", ""))
    if not file.is_file():
        raise StepError(
            say(f"Arsip tidak ditemukan: {file}", f"No such archive: {file}"),
            "make restore FILE=/.../satudata-....tar CONFIRM=yes",
        )
    _agreed(say("Data yang sekarang akan diganti", "The present data will be replaced"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _unpack(file, folder)
        installation = bring_up()
        supervisor = Supervisor(installation)
        with step(say("Memulihkan basis data dan berkas", "Restoring database and files")):
            supervisor.stop(APPLICATION)
            options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
            _pg(installation, "pg_restore", [*options, str(folder / DUMP)])
            _replace(folder / "storage", installation.storage, installation)
            for path in (folder / "secrets").iterdir():
                if path.name not in MACHINE_SECRETS:
                    _replace(path, installation.secrets / path.name, installation)
            (installation.data / "state" / "migrated").unlink(missing_ok=True)
    installation = bring_up()
    with step(say("Menyusun ulang indeks pencarian", "Building the search index again")):
        if run_inside(installation, ["deploy.catalogue", "restored"]) != 0:
            raise StepError(
                say("Indeks belum lengkap", "The index is incomplete"),
                say("Jalankan lagi: make restore", "Run make restore again"),
            )
    print(f"{say('Portal', 'Portal')}: {installation.site_url}")
    return 0


def clean() -> int:
    """Stop every service of this installation and delete its data; `CONFIRM=yes` agrees."""
    installation = open_installation()
    _agreed(say(f"Seluruh isi {installation.data} akan dihapus", f"All of {installation.data} will be deleted"))
    Supervisor(installation).shut_down()
    for path in installation.data.iterdir():
        if path.name not in ("test", "programs"):  # services of tests may be running; programs are only a cache
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    print(say("Data dihapus.", "The data is deleted."))
    return 0


def _write(installation: Installation, target: Path, moment: datetime) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        tempfile.TemporaryDirectory() as folder,
        os.fdopen(descriptor, "wb") as file,
        tarfile.open(fileobj=file, mode="w") as archive,
    ):
        dump = Path(folder) / DUMP
        _pg(installation, "pg_dump", ["--format=custom", "--no-owner", "--file", str(dump)])
        _add_facts(archive, moment)
        archive.add(dump, DUMP)
        archive.add(installation.storage, "storage", filter=_without_assets)
        for path in sorted(installation.secrets.iterdir()):
            if path.name not in MACHINE_SECRETS:
                archive.add(path, f"secrets/{path.name}")


def _agreed(consequence: str) -> None:
    if os.environ.get("CONFIRM") != "yes":
        raise StepError(f"{consequence}.", say("Bila memang demikian, tambahkan CONFIRM=yes", "If so, add CONFIRM=yes"))


def _target(installation: Installation, moment: datetime) -> Path:
    if os.environ.get("FILE"):
        return Path(os.environ["FILE"]).absolute()
    folder = make_folder(installation.data / "backups", own_account())
    return folder / f"satudata-{moment:%Y%m%d-%H%M%S}.tar"


def _pg(installation: Installation, program: str, arguments: list[str]) -> None:
    """Run pg_dump or pg_restore on the database; the password goes by the environment, which no process list shows."""
    address = urlsplit(installation.database_url)
    environment = {
        **os.environ,
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port or 5432),
        "PGUSER": unquote(address.username or ""),
        "PGPASSWORD": unquote(address.password or ""),
    }
    run_logged(
        [postgres.binary(program), "--dbname", address.path.lstrip("/"), *arguments],
        installation.setup_logs / f"{program}.log",
        env=environment,
        failing=say("Basis data tidak dapat disalin", "The database cannot be copied"),
        remedy=say(
            "Pastikan layanan berjalan (make up), lalu ulangi", "Make sure the services run (make up), then repeat"
        ),
    )


def _add_facts(archive: tarfile.TarFile, moment: datetime) -> None:
    content = json.dumps({"format": FORMAT, "written": moment.isoformat(timespec="seconds")}).encode()
    entry = tarfile.TarInfo(FACTS)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(moment.timestamp())
    archive.addfile(entry, io.BytesIO(content))


def _without_assets(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if PurePosixPath(entry.name).parts[1:2] == ("webassets",) else entry


def _unpack(file: Path, folder: Path) -> None:
    """Unpack an archive of ours below `folder`; StepError for anything else."""
    try:
        with tarfile.open(file) as archive:
            for entry in archive:
                _unpack_plain(archive, entry, folder)
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        ours = facts["format"] == FORMAT and (folder / DUMP).exists()
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
        raise _no_archive(file, str(error)) from error
    if not ours:
        raise _no_archive(file, FACTS)


def _unpack_plain(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> None:
    """Unpack a file or folder; a link or a way out of the folder is refused."""
    path = PurePosixPath(entry.name)
    if path.is_absolute() or ".." in path.parts or not (entry.isfile() or entry.isdir()):
        raise tarfile.TarError(entry.name)
    entry.mode = 0o700 if entry.isdir() else 0o600
    archive.extract(entry, folder)


def _no_archive(file: Path, why: str) -> StepError:
    return StepError(
        say(f"Bukan arsip `make backup`: {file} ({why})", f"No archive of `make backup`: {file} ({why})"),
        say("Periksa berkasnya; tidak ada yang diubah", "Check the file; nothing was changed"),
    )


def _replace(new: Path, place: Path, installation: Installation) -> None:
    if not new.exists():
        return
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    shutil.move(str(new), str(place))
    installation.account.own(place)
