"""How commands are typed and explained: in Indonesian, with the options that several of them share."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click


class _Formatter(click.HelpFormatter):
    """Headings in Indonesian."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "Pemakaian: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading({"Options": "Opsi", "Commands": "Perintah"}.get(heading, heading))


class _Context(click.Context):
    formatter_class = _Formatter


def _help_in_indonesian(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.help = "Tampilkan bantuan ini."
    return option


class Command(click.Command):
    """A command whose help is in Indonesian."""

    context_class = _Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"options_metavar": "[OPSI]", **kwargs})

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option `--help`."""
        return _help_in_indonesian(super().get_help_option(ctx))


class Group(click.Group):
    """A group of commands; with `found_in`, each is `<found_in>.<name>.<name>` and imported when it is typed.

    `about` gives the names of those with a line on each, for the list of commands.
    """

    context_class = _Context
    command_class = Command

    def __init__(self, *args: Any, found_in: str = "", about: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        words = {"options_metavar": "[OPSI]", "subcommand_metavar": "PERINTAH [ISIAN]..."}
        super().__init__(*args, **{**words, **kwargs})
        self._found_in, self._about = found_in, dict(about or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *self._about})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in self._about:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"{self._found_in}.{cmd_name}")
        found: click.Command = getattr(module, cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        if not self._about:
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._about[name]) for name in self.list_commands(ctx)])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option `--help`."""
        return _help_in_indonesian(super().get_help_option(ctx))


Group.group_class = Group

Decorated = Callable[..., Any]


def lang_option(function: Decorated) -> Decorated:
    """`--lang`."""
    return click.option(
        "--lang", type=click.Choice(["id", "en"]), default="id", show_default=True, help="Bahasa pesan (id atau en)."
    )(function)


def speaking(function: Decorated) -> Decorated:
    """`--json` and `--lang`."""
    return lang_option(
        click.option("--json", "as_json", is_flag=True, help="Keluaran JSON untuk program lain.")(function)
    )


def reading(function: Decorated) -> Decorated:
    """`--allow-network` and `--profile`."""
    function = click.option(
        "--allow-network", "networks", multiple=True, metavar="CIDR:PORTA",
        help="Jaringan bukan publik yang boleh dihubungi, misalnya 10.20.0.0/16:8080; dapat diulang.",
    )(function)  # fmt: skip
    return click.option(
        "--profile", default=None, metavar="PROFIL",
        help="Profil aturan: transisi, sdi-2019, atau berkas YAML milik daerah.",
    )(function)  # fmt: skip


def writing(function: Decorated) -> Decorated:
    """`--output` and `--force`."""
    function = click.option("--force", is_flag=True, help="Timpa berkas yang sudah ada.")(function)
    return click.option("--output", type=click.Path(path_type=Path), metavar="BERKAS", help="Berkas yang ditulis.")(
        function
    )
