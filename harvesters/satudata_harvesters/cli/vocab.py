"""`satudata vocab`: code lists of the contract and region codes, with source, version and validity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from satudata_harvesters.cli.grammar import Command, speaking
from satudata_harvesters.cli.showing import echo_json, print_table
from satudata_harvesters.errors import ConfigError, Lang
from satudata_schemas import contract, region_files
from satudata_schemas.reference import Reference, Wilayah
from satudata_schemas.table_source import TableError

#: The region codes are too many for a vocabulary of the contract, and are shown like one.
_REGIONS = "wilayah"
_WORDS = {
    "regions": {"id": "Kode wilayah Kemendagri", "en": "Region codes of Kemendagri"},
    "version": {"id": "versi", "en": "version"},
    "none": {"id": "Tidak ada kode atau nama yang sesuai.", "en": "No code or name fits."},
    "loaded": {
        "id": "Dimuat: {desa} desa/kelurahan, {bps} padanan kode BPS; {unknown} baris dari kecamatan yang tidak "
        "dikenal, {others} baris tanpa kode wilayah.",
        "en": "Loaded: {desa} villages, {bps} codes of BPS; {unknown} rows of districts that are not known, {others} "
        "rows without a region code.",
    },
}


@click.command(cls=Command)
@click.argument("name", required=False, metavar="[KOSAKATA]")
@click.option("--find", metavar="TEKS", help="Hanya kode atau nama yang memuat teks ini.")
@click.option("--within", metavar="KODE", help="Hanya yang kodenya di bawah kode ini, misalnya 32.04.")
@click.option(
    "--load",
    type=click.Path(path_type=Path),
    metavar="BERKAS",
    help="Muat daftar desa/kelurahan, atau padanan kode BPS, dari tabel (CSV, XLSX, JSON).",
)
@speaking
def vocab(name: str | None, find: str | None, within: str | None, load: Path | None, as_json: bool, lang: Lang) -> None:
    """Daftar kosakata, atau isi satu kosakata beserta sumber dan versinya; juga kode wilayah.

    \b
    Contoh:
      satudata vocab
      satudata vocab jadwal_pemutakhiran
      satudata vocab wilayah --within 32.04
      satudata vocab wilayah --find bandung
      satudata vocab wilayah --load desa.csv
    """
    if load is not None:
        if name != _REGIONS:
            raise ConfigError("E-CFG-004", field="KOSAKATA", expected=_REGIONS)
        _load(load, as_json, lang)
        return
    every = contract.vocabularies
    if name is None:
        rows = [
            *({"name": key, "label": found.label if lang == "id" else found.label_en} for key, found in every.items()),
            {"name": _REGIONS, "label": _WORDS["regions"][lang]},
        ]
        echo_json({"data": rows}) if as_json else print_table([[row["name"], row["label"]] for row in rows])
        return
    if name != _REGIONS and name not in every:
        raise ConfigError("E-CFG-004", field="KOSAKATA", expected=", ".join([*sorted(every), _REGIONS]))
    about, listed = _regions() if name == _REGIONS else (every[name], every[name].to_list())
    if name == _REGIONS and within:
        within = Reference.load().wilayah.read(within) or within
    kept = [row for row in listed if _asked_for(row, find, within)]
    if as_json:
        told = {key: getattr(about, key, None) for key in ("version", "taken", "since", "source", "note")}
        echo_json({"name": name, **told, "data": kept})
        return
    print_table([[row["code"], row["label_en" if lang == "en" else "label"]] for row in kept])
    if not kept:
        click.echo(_WORDS["none"][lang], err=True)
    source = getattr(about, "source", None)
    click.echo(f"{_WORDS['version'][lang]} {about.version}{' · ' + source if source else ''}", err=True)


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
    villages = (known.get(code) for code in sorted(known.villages))
    rows += [
        {"code": one.code, "label": one.name, "label_en": one.name, "since": None, "until": None, "level": one.level}
        for one in villages
        if one is not None
    ]
    return known, rows


def _load(path: Path, as_json: bool, lang: Lang) -> None:
    """Keep a list of villages, or which code of BPS is which of Kemendagri, where every later check finds it."""
    known = Reference.load().wilayah
    if not path.is_file():
        raise ConfigError("E-CFG-012", path=path.name)
    try:
        found = region_files.read(path, known.read, known.valid)
    except TableError as error:
        raise ConfigError(error.issue.code, **error.issue.params) from None
    if not found.villages and not found.crosswalk:
        raise ConfigError("E-CFG-021", path=path.name)
    try:
        written = region_files.keep(found, region_files.own_folder())
    except OSError:
        raise ConfigError("E-CFG-018", path=str(region_files.own_folder())) from None
    Reference.forget()
    counts = {
        "desa": len(found.villages), "bps": len(found.crosswalk), "unknown": found.unknown, "others": found.others,
    }  # fmt: skip
    if as_json:
        echo_json({**counts, "files": [str(one) for one in written]})
        return
    click.echo(_WORDS["loaded"][lang].format(**counts))
    for one in written:
        click.echo(str(one))


def _asked_for(row: Mapping[str, Any], find: str | None, within: str | None) -> bool:
    if within and not (row["code"] == within or row["code"].startswith(f"{within}.")):
        return False
    return not find or any(find.casefold() in row[key].casefold() for key in ("code", "label", "label_en"))
