"""The command `satudata`: check, preview and describe, without a platform.

Exit codes: 0 fine, 1 what was asked about has problems (a source that is down too), 2 not understood or wrong usage.
Each command has a module of its own, which is read only when that command is typed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from satudata_harvesters.cli.grammar import Group
from satudata_harvesters.cli.showing import FINE, PROBLEMS, WRONG_USAGE, echo_json, tell
from satudata_harvesters.errors import ConfigError, Lang, ReadingError

_USAGE = {
    click.exceptions.NoSuchOption: {"id": "Opsi tidak dikenal", "en": "Unknown option"},
    click.exceptions.MissingParameter: {"id": "Ada isian perintah yang belum diberikan", "en": "Something is missing"},
    click.exceptions.BadParameter: {"id": "Nilai isian perintah tidak sesuai", "en": "A value does not fit"},
    click.exceptions.UsageError: {"id": "Perintah tidak dikenal atau cara pakainya tidak tepat", "en": "Wrong usage"},
}


@click.group(
    cls=Group,
    found_in="satudata_harvesters.cli",
    about={
        "check": "Periksa dataset, templat metadata, berkas data, folder, atau portal.",
        "connect": "Kenali sebuah alamat dan susun berkas sumbernya.",
        "connector": "Jenis sumber data yang dapat ditarik.",
        "preview": "Pratinjau: baca data pertama sebuah sumber tanpa menyimpan apa pun.",
        "template": "Templat metadata untuk banyak dataset, dengan contoh dan daftar pilihan.",
        "vocab": "Daftar kosakata dan kode wilayah, beserta sumber dan versinya.",
    },
)
@click.version_option(package_name="ckanext-satudata", message="satudata %(version)s", help="Tampilkan versi.")
def satudata() -> None:
    """Periksa dataset dan sumber data menurut Satu Data Indonesia.

    \b
    Contoh:
      satudata check dataset.json
      satudata check https://data.contoh.go.id
      satudata connect https://data.contoh.go.id --output sumber.yaml
      satudata preview sumber.yaml
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command. Ends the process with its exit code; never with a traceback."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    lang = _language(arguments)
    try:
        ended = satudata.main(args=list(arguments), prog_name="satudata", standalone_mode=False)
        sys.exit(ended if isinstance(ended, int) else FINE)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(WRONG_USAGE)
    except click.ClickException as error:
        words = next(words for kind, words in _USAGE.items() if isinstance(error, kind))
        hint = {"id": "Lihat", "en": "See"}[lang]
        context = getattr(error, "ctx", None)
        about, command = _place(error), context.command_path if context else "satudata"
        click.echo(f"{words[lang]}{': ' + about if about else ''}. {hint}: {command} --help", err=True)
        sys.exit(WRONG_USAGE)
    except ReadingError as error:
        if "--json" in arguments:
            echo_json({"items": [], "error": error.to_dict(lang)})
        tell(error, lang)
        sys.exit(WRONG_USAGE if isinstance(error, ConfigError) else PROBLEMS)
    except Exception as error:  # noqa: BLE001 - whoever types a command is never shown a traceback
        sentence = {"id": "Terjadi kesalahan pada program ini", "en": "This program made a mistake"}[lang]
        click.echo(f"{sentence} ({type(error).__name__}).", err=True)
        sys.exit(WRONG_USAGE)


def _place(error: click.ClickException) -> str:
    """The option or argument a usage error is about, as it is typed, and of a wrong value what may stand there."""
    param = getattr(error, "param", None)
    if param is None:
        return getattr(error, "option_name", None) or ""
    typed = max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name
    if isinstance(error, click.exceptions.MissingParameter):
        return typed
    if isinstance(param.type, click.Choice):
        return f"{typed} ({', '.join(map(str, param.type.choices))})"
    if isinstance(param.type, click.IntRange):
        return f"{typed} ({param.type.min}–{param.type.max})"
    return typed


def _language(arguments: Sequence[str]) -> Lang:
    """The language asked for, also where the rest of the command line is not understood."""
    joined = " ".join(arguments)
    return "en" if "--lang en" in joined or "--lang=en" in joined else "id"
