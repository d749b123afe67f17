"""What a JSON answer of an unknown application is: where its records are, what its keys mean, whether they are people.

Nothing here asks anybody anything; `connect` does, and tries on the source what is proposed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings.alike import IDENTIFIERS, plain_key
from satudata_harvesters.mappings.fields import contract_name

_TITLES = (
    "title",
    "judul",
    "judul_dataset",
    "nama_data",
    "nama_dataset",
    "nama",
    "name",
    "uraian",
    "uraian_indikator",
    "indikator",
)
#: Keys by which a list of people is known; what holds them is counted, never listed.
_PEOPLE = re.compile(
    r"^(nik|no_?ktp|nomor_induk_kependudukan|no_?kk|nip|nisn|no_?hp|telepon|telp|no_?telp|alamat(_rumah)?|tempat_lahir|tanggal_lahir"
    r"|nama_(lengkap|pelapor|pasien|pegawai|siswa|pemohon|penerima|ibu|ayah))$"
)
#: A table of datasets has one of these beside its titles.
OF_DATASETS = frozenset(
    {"notes", "produsen_data_name", "definisi", "satuan", "jadwal_pemutakhiran", "tags", "kode_indikator"}
)
_DATES = re.compile(r"^(tanggal|tgl|waktu|created_?at|date)", re.IGNORECASE)
#: A column with at most so many different values on the first page can be grouped by.
_GROUPS = 30


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_]\w*", key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(JMESPath, value) of everything beside the records that is no container, outermost last so that it wins."""
    if isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            if isinstance(inner, dict):
                yield from leaves(inner, f"{path}{_quoted(str(key))}.", depth + 1)
        for key, inner in value.items():
            if not isinstance(inner, dict | list):
                yield f"{path}{_quoted(str(key))}", inner


def listed(value: Any) -> tuple[str, list[Any]]:
    """Where the list of records is, and the list: of several the longest."""
    found = [(path, items) for path, items in _lists(value) if items and all(isinstance(item, dict) for item in items)]
    return max(found, key=lambda one: len(one[1]), default=("", []))


def _lists(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list):
        yield path, value
        # BPS puts the list beside its page numbers, into one array.
        for place, inner in enumerate(value[:3]):
            if isinstance(inner, list):
                yield from _lists(inner, f"{path}[{place}]", depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{_quoted(str(key))}".lstrip("."), depth + 1)


def rules(records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Rules for what `otomatis` would not find by name."""
    keys = list(records[0])
    plain = {plain_key(key): key for key in reversed(keys)}
    found: dict[str, Any] = {}
    if not any(name in plain for name in IDENTIFIERS):
        distinct = (key for key in keys if plain_key(key).endswith(("_id", "id", "kode")) and _distinct(records, key))
        identifier = next(distinct, None) or next(
            (key for name in _TITLES if (key := plain.get(name)) and _distinct(records, key)), None
        )
        if identifier:
            found["identifier"] = _quoted(identifier)
    if not any(contract_name(key) == "title" for key in keys):
        title = next((plain[name] for name in _TITLES if name in plain), None)
        title = title or next(
            (key for key in keys if re.search(r"(^|_)(nama|judul|name|title|uraian)$", plain_key(key))), None
        )
        if title:
            found["fields"] = {"title": _quoted(title)}
    return {"use": "otomatis", **found} if found else None


def _distinct(records: list[dict[str, Any]], key: str) -> bool:
    found = [values.text(record.get(key)) for record in records]
    return None not in found and len(set(found)) == len(found)


def about_people(records: list[dict[str, Any]]) -> bool:
    """Whether these rows are about people: such rows are counted, never listed."""
    return sum(bool(_PEOPLE.match(plain_key(key))) for key in records[0]) >= 2


def lists_datasets(records: list[dict[str, Any]]) -> bool:
    """Whether each of these rows of a table is a dataset, rather than all of them together."""
    names = {contract_name(key) for key in records[0]} if records else set()
    return "title" in names and bool(names & OF_DATASETS)


def counted(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts by what repeats, and by month; nothing that tells who somebody is."""
    groups: list[dict[str, Any]] = []
    for key in records[0]:
        written = [values.text(record.get(key)) for record in records]
        if _PEOPLE.match(plain_key(key)) or any(isinstance(record.get(key), dict | list) for record in records):
            continue
        if _DATES.match(key) and any(values.day(text) for text in written):
            groups.append({"field": key, "as": "bulan", "bucket": "month"})
        elif len(set(written)) <= min(_GROUPS, max(len(records) // 5, 1)) and all(
            len(text or "") <= 60 for text in written
        ):
            groups.append({"field": key})
    # Two words and a month say something; more cut the cells too small to be shown.
    words = [group for group in groups if "bucket" not in group][:2]
    months = [group for group in groups if "bucket" in group][:1]
    chosen = words + months or [{"field": next(iter(records[0]))}]
    columns = [group["field"] for group in chosen]
    return {
        "columns": columns,
        "group_by": chosen,
        "k": 5,
        "dataset": {"title": "Jumlah Data Menurut " + ", ".join(columns)},
    }
