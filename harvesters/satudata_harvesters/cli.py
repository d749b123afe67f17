"""The command `satudata`: check, preview and describe, without a platform.

Exit codes: 0 fine, 1 what was asked about has problems (a source that is down too), 2 not understood or wrong usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from satudata_harvesters import check as checking
from satudata_harvesters import connect as connecting
from satudata_harvesters.connector import registry
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import ConfigError, Lang, ReadingError, redact
from satudata_harvesters.http import Http
from satudata_harvesters.preview import Item, Preview
from satudata_harvesters.preview import preview as preview_source
from satudata_harvesters.report import by_weight, csv_report, html_report, xlsx_report
from satudata_harvesters.source import http_for, load_source
from satudata_schemas import contract
from satudata_schemas import template as templates
from satudata_schemas.profile import Profile, ProfileError
from satudata_schemas.reference import Reference, Wilayah

FINE, PROBLEMS, WRONG_USAGE = 0, 1, 2

_WORDS = {
    "layak": {"id": "layak", "en": "fit"},
    "perlu_perbaikan": {"id": "perlu perbaikan", "en": "needs mending"},
    "tidak_dimuat": {"id": "tidak dimuat", "en": "not loaded"},
    "read": {"id": "dataset diperiksa", "en": "datasets checked"},
    "of": {"id": "dari", "en": "of"},
    "score": {"id": "skor", "en": "score"},
    "more": {"id": "dan {n} temuan lain", "en": "and {n} more findings"},
    "rows": {"id": "baris dibaca", "en": "rows read"},
    "suppressed": {"id": "sel tidak ditampilkan", "en": "cells suppressed"},
    "secret": {"id": "rahasia", "en": "secret"},
    "required": {"id": "wajib", "en": "required"},
    "found": {"id": "Dikenali sebagai", "en": "Found"},
    "written": {"id": "Berkas sumber ditulis", "en": "Source file written"},
    "regions": {"id": "Kode wilayah Kemendagri", "en": "Region codes of Kemendagri"},
    "version": {"id": "versi", "en": "version"},
    "broken": {"id": "tidak dapat dipakai", "en": "cannot be used"},
}
_USAGE = {
    click.exceptions.NoSuchOption: {"id": "Opsi tidak dikenal", "en": "Unknown option"},
    click.exceptions.MissingParameter: {"id": "Ada isian perintah yang belum diberikan", "en": "Something is missing"},
    click.exceptions.BadParameter: {"id": "Nilai isian perintah tidak sesuai", "en": "A value does not fit"},
    click.exceptions.UsageError: {"id": "Perintah tidak dikenal atau cara pakainya tidak tepat", "en": "Wrong usage"},
}
#: Issues shown for each dataset on a terminal; `--json` has all.
SHOWN = 5


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


class _Command(click.Command):
    context_class = _Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"options_metavar": "[OPSI]", **kwargs})

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _help_in_indonesian(super().get_help_option(ctx))


class _Group(click.Group):
    context_class = _Context
    command_class = _Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        words = {"options_metavar": "[OPSI]", "subcommand_metavar": "PERINTAH [ISIAN]..."}
        super().__init__(*args, **{**words, **kwargs})

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _help_in_indonesian(super().get_help_option(ctx))


_Group.group_class = _Group


def _common(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option("--json", "as_json", is_flag=True, help="Keluaran JSON untuk program lain.")(function)
    return click.option(
        "--lang", type=click.Choice(["id", "en"]), default="id", show_default=True, help="Bahasa pesan (id atau en)."
    )(function)


def _reading(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option(
        "--allow-network", "networks", multiple=True, metavar="CIDR:PORTA",
        help="Jaringan bukan publik yang boleh dihubungi, misalnya 10.20.0.0/16:8080; dapat diulang.",
    )(function)  # fmt: skip
    return click.option(
        "--profile", default=None, metavar="PROFIL", help="Profil aturan, misalnya transisi atau sdi-2019."
    )(function)


@click.group(cls=_Group)
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


def _output(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option("--force", is_flag=True, help="Timpa berkas yang sudah ada.")(function)
    return click.option("--output", type=click.Path(path_type=Path), metavar="BERKAS", help="Berkas yang ditulis.")(
        function
    )


@satudata.command()
@click.argument("what", metavar="BERKAS|FOLDER|ALAMAT")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "html", "xlsx"]),
    default="text",
    show_default=True,
    help="Bentuk laporan.",
)
@_output
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Jumlah dataset paling banyak."
)
@_reading
@_common
def check(  # noqa: PLR0917 - click gives them by name
    what: str,
    limit: int,
    form: str,
    output: Path | None,
    force: bool,
    networks: Sequence[str],
    profile: str | None,
    as_json: bool,
    lang: Lang,
) -> None:
    """Periksa dataset, templat metadata, berkas data, folder, atau portal CKAN.

    \b
    Contoh:
      satudata check dataset.yaml
      satudata check paket-ckan.jsonl --json
      satudata check metadata.xlsx --profile sdi-2019
      satudata check penduduk.csv
      satudata check https://data.contoh.go.id --format xlsx --output laporan.xlsx
    """
    _refuse_existing(output, force)
    chosen = _profile(profile)
    if what.startswith(("http://", "https://")):
        report = checking.check_url(what, Http(allow_networks=networks), limit=limit, profile=chosen)
    else:
        report = checking.check_path(Path(what), limit=limit, profile=chosen)
    form = "json" if as_json else form
    if output is None and form in {"text", "json"}:
        _show(report, form == "json", lang)
    _write(_REPORTS[form](report, lang), output)
    if report.error is not None:
        _tell(report.error, lang)
    sys.exit(_exit_code(report))


_REPORTS: dict[str, Callable[[Preview, Lang], str | bytes]] = {
    "text": lambda report, lang: "\n".join(_lines(report, lang)) + "\n",
    "json": lambda report, lang: json.dumps(report.to_dict(lang), ensure_ascii=False, indent=1) + "\n",
    "csv": csv_report,
    "html": html_report,
    "xlsx": xlsx_report,
}


def _refuse_existing(output: Path | None, force: bool) -> None:
    if output is not None and output.exists() and not force:
        raise ConfigError("E-CFG-016", path=output.name)


def _write(content: str | bytes, output: Path | None) -> None:
    """To the file, or to standard output; a workbook is not poured onto a terminal."""
    if output is None:
        if isinstance(content, bytes) and sys.stdout.isatty():
            raise ConfigError("E-CFG-004", field="--output", expected="laporan.xlsx")
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError:
        raise ConfigError("E-CFG-018", path=output.name) from None


@satudata.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "xlsx"]),
    default=None,
    help="Bentuk templat; bila tidak diisi, dari nama berkasnya.",
)
@_output
@click.option(
    "--lang", type=click.Choice(["id", "en"]), default="id", show_default=True, help="Bahasa templat (id atau en)."
)
def template(form: str | None, output: Path | None, force: bool, lang: Lang) -> None:
    """Templat metadata untuk banyak dataset, dengan contoh dan daftar pilihan.

    \b
    Contoh:
      satudata template --output metadata.xlsx
      satudata template --format csv --lang en
    """
    _refuse_existing(output, force)
    form = form or ("xlsx" if output is not None and output.suffix.lower() == ".xlsx" else "csv")
    _write(templates.xlsx_template(lang) if form == "xlsx" else templates.csv_template(lang), output)


@satudata.command()
@click.argument("file", metavar="SUMBER.yaml", type=click.Path(path_type=Path))
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 10_000), help="Jumlah data paling banyak."
)
@_reading
@_common
def preview(file: Path, limit: int, networks: Sequence[str], profile: str | None, as_json: bool, lang: Lang) -> None:
    """Pratinjau: baca data pertama sebuah sumber tanpa menyimpan apa pun.

    \b
    Contoh:
      satudata preview sumber.yaml
      satudata preview sumber.yaml --limit 3 --lang en
      satudata preview sumber.yaml --allow-network 10.20.0.5/32:8080
    """
    source = load_source(file)
    if networks:
        # Whoever types this command decides for this machine; a source's own entries must be among those all the same.
        http_for(source, permitted=networks)
        source = replace(source, allow_networks=tuple(networks))
    http = http_for(source, permitted=networks)
    chosen = _profile(profile) if profile else _profile(source.profile)
    _show(preview_source(source, http, limit=limit, profile=chosen), as_json, lang)


@satudata.command()
@click.argument("url", metavar="ALAMAT")
@click.option("--output", type=click.Path(path_type=Path), metavar="SUMBER.yaml", help="Berkas sumber yang ditulis.")
@click.option("--force", is_flag=True, help="Timpa berkas yang sudah ada.")
@click.option("--name", metavar="NAMA", help="Nama sumber; bila tidak diisi, dari alamatnya.")
@click.option(
    "--header", metavar="NAMA=env:VARIABEL", help="Kunci API dalam header, misalnya X-API-Key=env:KUNCI_ADUAN."
)
@_reading
@_common
def connect(  # noqa: PLR0917 - click gives them by name
    url: str,
    output: Path | None,
    force: bool,
    name: str | None,
    header: str | None,
    networks: Sequence[str],
    profile: str | None,
    as_json: bool,
    lang: Lang,
) -> None:
    """Kenali sebuah alamat dan susun berkas sumbernya.

    \b
    Contoh:
      satudata connect https://data.contoh.go.id --output sumber.yaml
      satudata connect https://aduan.contoh.go.id/api/v1/laporan --header X-API-Key=env:KUNCI_ADUAN
    """
    auth = None
    if header:
        label, _, value = header.partition("=")
        auth = {"type": "header", "name": label.strip(), "value": value.strip()}
        if not label.strip() or not value.strip():
            raise ConfigError("E-CFG-004", field="--header", expected="NAMA=env:VARIABEL")
    if output is not None and output.exists() and not force:
        raise ConfigError("E-CFG-016", path=output.name)
    proposal = connecting.connect(url, Http(allow_networks=networks, auth=credentials(auth)), name=name, auth=auth)
    written = proposal.source.to_yaml()
    if output is not None:
        output.touch(mode=0o600)
        output.write_text(written, encoding="utf-8")
    http = http_for(proposal.source, permitted=networks)
    report = preview_source(proposal.source, http, limit=3, profile=_profile(profile))
    if as_json:
        told = {"kind": proposal.kind, "answered": redact(proposal.answered), "needs_key": proposal.needs_key}
        _echo_json({**told, "source": proposal.source.masked(), **report.to_dict(lang)})
        sys.exit(FINE if report.error is None else PROBLEMS)
    click.echo(f"{_WORDS['found'][lang]}: {registry()[proposal.kind].title[lang]}")
    click.echo(f"{_WORDS['written'][lang]}: {output}" if output is not None else written)
    for line in _lines(report, lang):
        click.echo(line)
    if report.error is not None:
        _tell(report.error, lang)
    sys.exit(FINE if report.error is None else PROBLEMS)


@satudata.group()
def connector() -> None:
    """Jenis sumber data yang dapat ditarik.

    \b
    Contoh:
      satudata connector list
      satudata connector show rest
    """


@connector.command("list")
@_common
def connector_list(as_json: bool, lang: Lang) -> None:
    """Daftar konektor.

    \b
    Contoh:
      satudata connector list --json
    """
    known = registry()
    rows: list[dict[str, Any]] = [
        {"kind": kind, "title": known[kind].title.get(lang, kind), "changes": known[kind].knows_changes}
        for kind in known
    ]
    if as_json:
        _echo_json({"connectors": rows, "broken": dict(known.broken)})
        return
    _table([[row["kind"], row["title"]] for row in rows])
    for name, reason in known.broken.items():
        click.echo(f"{name}  {_WORDS['broken'][lang]}: {reason}", err=True)


@connector.command("show")
@click.argument("kind", metavar="KONEKTOR")
@_common
def connector_show(kind: str, as_json: bool, lang: Lang) -> None:
    """Isian sebuah konektor.

    \b
    Contoh:
      satudata connector show ckan
    """
    known = registry()
    if kind not in known:
        raise ConfigError("E-CFG-005", connector=kind, known=", ".join(known))
    found = known[kind]
    if as_json:
        shown = {
            "kind": kind,
            "title": dict(found.title),
            "changes": found.knows_changes,
            "config_schema": found.config_schema,
        }
        _echo_json(shown)
        return
    click.echo(f"{kind}: {found.title.get(lang, kind)}")
    required = found.config_schema.get("required", [])
    rows = []
    for name, schema in found.config_schema.get("properties", {}).items():
        marks = [_WORDS["required"][lang]] if name in required else []
        marks += [_WORDS["secret"][lang]] if schema.get("secret") or name == "auth" else []
        rows.append([name, schema.get("title", ""), ", ".join(marks)])
    _table(rows)


@satudata.command()
@click.argument("name", required=False, metavar="[KOSAKATA]")
@click.option("--find", metavar="TEKS", help="Hanya kode atau nama yang memuat teks ini.")
@click.option("--within", metavar="KODE", help="Hanya yang kodenya di bawah kode ini, misalnya 32.04.")
@_common
def vocab(name: str | None, find: str | None, within: str | None, as_json: bool, lang: Lang) -> None:
    """Daftar kosakata, atau isi satu kosakata beserta sumber dan versinya; juga kode wilayah.

    \b
    Contoh:
      satudata vocab
      satudata vocab jadwal_pemutakhiran
      satudata vocab wilayah --within 32.04
      satudata vocab wilayah --find bandung
    """
    every = contract.vocabularies
    if name is None:
        rows = [
            *({"name": key, "label": found.label if lang == "id" else found.label_en} for key, found in every.items()),
            {"name": _REGIONS, "label": _WORDS["regions"][lang]},
        ]
        _echo_json({"data": rows}) if as_json else _table([[row["name"], row["label"]] for row in rows])
        return
    if name != _REGIONS and name not in every:
        raise ConfigError("E-CFG-004", field="KOSAKATA", expected=", ".join([*sorted(every), _REGIONS]))
    about, listed = _regions() if name == _REGIONS else (every[name], every[name].to_list())
    kept = [row for row in listed if _asked_for(row, find, within)]
    if as_json:
        told = {key: getattr(about, key, None) for key in ("version", "source", "note")}
        _echo_json({"name": name, **told, "data": kept})
        return
    _table([[row["code"], row["label_en" if lang == "en" else "label"]] for row in kept])
    source = getattr(about, "source", None)
    click.echo(f"{_WORDS['version'][lang]} {about.version}{' · ' + source if source else ''}", err=True)


#: The region codes are too many for a vocabulary of the contract, and are shown like one.
_REGIONS = "wilayah"


def _regions() -> tuple[Wilayah, list[dict[str, Any]]]:
    """Every region in force or retired, province to district, as a vocabulary's entries."""
    known = Reference.load().wilayah
    rows = [
        {
            "code": region.code, "label": region.name, "label_en": region.name, "since": region.since,
            "until": region.until, "level": region.level, "successor": region.successor,
        }
        for region in known
    ]  # fmt: skip
    return known, rows


def _asked_for(row: Mapping[str, Any], find: str | None, within: str | None) -> bool:
    if within and not (row["code"] == within or row["code"].startswith(f"{within}.")):
        return False
    return not find or any(find.casefold() in row[key].casefold() for key in ("code", "label", "label_en"))


def _profile(name: str | None) -> Profile:
    try:
        return Profile.load(name) if name else Profile.load()
    except (ProfileError, OSError):
        raise ConfigError("E-CFG-004", field="profile", expected=", ".join(Profile.names())) from None


def _show(report: Preview, as_json: bool, lang: Lang) -> None:
    if as_json:
        _echo_json(report.to_dict(lang))
    else:
        for line in _lines(report, lang):
            click.echo(line)
    if report.error is not None and not as_json:
        _tell(report.error, lang)
    sys.exit(_exit_code(report))


def _exit_code(report: Preview) -> int:
    if isinstance(report.error, ConfigError):
        return WRONG_USAGE
    return FINE if report.fine else PROBLEMS


def _lines(report: Preview, lang: Lang) -> Iterable[str]:
    for item in report.items:
        yield f"{item.title or item.identifier or item.pointer}"
        score = "" if item.score is None else f" · {_WORDS['score'][lang]} {item.score:g}"
        yield f"  {_WORDS[item.hasil][lang]}{score}{' · ' + item.place if item.place else ''}"
        serious = by_weight(item.issues)
        for issue in serious[:SHOWN]:
            yield f"  {issue.code} {issue.message(lang)} {issue.remedy(lang)}"
        if len(serious) > SHOWN:
            yield "  " + _WORDS["more"][lang].format(n=len(serious) - SHOWN)
        yield from _file_lines(item, lang)
    if report.table is not None:
        table = report.table
        hidden = f"{table.suppressed}/{table.total_cells} {_WORDS['suppressed'][lang]}"
        yield f"{table.rows_read} {_WORDS['rows'][lang]}, {hidden}"
        for row in [table.columns, *table.rows[:10]]:
            yield "  " + " | ".join(map(str, row))
    counts = report.summary()
    total = f" {_WORDS['of'][lang]} {counts['total']}" if counts["total"] is not None else ""
    told = ", ".join(f"{counts[name]} {_WORDS[name][lang]}" for name in ("layak", "perlu_perbaikan", "tidak_dimuat"))
    yield f"{counts['read']}{total} {_WORDS['read'][lang]}: {told}"


def _file_lines(item: Item, lang: Lang) -> Iterable[str]:
    """What a data file holds: personal data masked, and of each table its columns as a proposed data dictionary."""
    if item.file is None:
        return
    for found in item.personal_data:
        yield f"  {found['kind']}: {found['count']} ({found['column'] or '–'}) {found['example']}"
    for table in item.file.tables:
        yield f"  {table.sheet or item.identifier}: {table.row_count} {_WORDS['rows'][lang]}; kamus_data:"
        for column in table.kamus_data():
            yield "    " + " · ".join(str(value) for value in column.values())


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(max(map(len, rows), default=0))]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip())


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def _tell(error: ReadingError, lang: Lang) -> None:
    for found in error.all() if isinstance(error, ConfigError) else (error,):
        click.echo(f"{found.code} {found.message(lang)} {found.remedy(lang)}", err=True)


def _language(arguments: Sequence[str]) -> Lang:
    """The language asked for, also where the rest of the command line is not understood."""
    joined = " ".join(arguments)
    return "en" if "--lang en" in joined or "--lang=en" in joined else "id"


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
        named = getattr(error, "option_name", None) or getattr(getattr(error, "param", None), "human_readable_name", "")
        click.echo(f"{words[lang]}{': ' + named if named else ''}. {hint}: satudata --help", err=True)
        sys.exit(WRONG_USAGE)
    except ReadingError as error:
        if "--json" in arguments:
            _echo_json({"items": [], "error": error.to_dict(lang)})
        _tell(error, lang)
        sys.exit(WRONG_USAGE if isinstance(error, ConfigError) else PROBLEMS)
    except Exception as error:  # noqa: BLE001 - whoever types a command is never shown a traceback
        sentence = {"id": "Terjadi kesalahan pada program ini", "en": "This program made a mistake"}[lang]
        click.echo(f"{sentence} ({type(error).__name__}).", err=True)
        sys.exit(WRONG_USAGE)


if __name__ == "__main__":
    main()
