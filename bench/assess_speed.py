"""What the whole assessment of a dataset costs, against jsonschema alone validating it by the same contract.

The dataset is valid, has forty fields and three resources with a data dictionary each, and all that a look at its
files tells; the profile is the strict one, so every check is on. jsonschema's validator is made once and checks no
formats, which favours it. Both judge datasets of their own titles and numbers in turns; the ratio is of the best turns,
by processor time.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from bench.figure import Figure
from satudata_schemas import contract
from satudata_schemas.assess import assess
from satudata_schemas.dataset import Dataset
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

FIELDS = 40
DATASETS = 150
TURNS = 9
_FIRST = ("identifier", "title", "name", "notes", "owner_org", "walidata", "resources")


def dataset(number: int) -> dict[str, Any]:
    """A valid dataset of forty fields: those the strict profile asks for first, then others, by their examples."""
    known = [one for one in contract.fields().values() if one.example is not None and not one.computed]
    known.sort(key=lambda one: not one.required_by)
    fields = {one.name: one.example for one in known if one.name not in _FIRST}
    told: dict[str, Any] = {
        "identifier": f"dukcapil-{number}", "title": f"Jumlah Penduduk Menurut Kecamatan {number} Tahun 2024",
        "name": f"jumlah-penduduk-{number}", "owner_org": "disdukcapil", "walidata": "diskominfo",
        "notes": f"Jumlah penduduk menurut kecamatan dan jenis kelamin, hasil konsolidasi bersih semester {number}.",
        "sumber_definisi": "Undang-Undang Nomor 24 Tahun 2013", "id_mskeg": f"{number:06}", "id_msind": f"{number:06}",
        "interpretasi": "Makin besar nilainya, makin banyak penduduk yang tercatat di kecamatan itu.",
        "metode_perhitungan": "Penduduk yang tercatat pada akhir semester dijumlahkan.", "rumus": "jumlah(penduduk)",
        "level_estimasi": "kecamatan", "variabel_disagregasi": ["Kecamatan", "Jenis Kelamin"],
        "resources": [_resource(number, year) for year in (2022, 2023, 2024)],
    }  # fmt: skip
    return told | {name: fields[name] for name in list(fields)[: FIELDS - len(told)]}


def _resource(number: int, year: int) -> dict[str, Any]:
    columns = ("kode_kecamatan", "nama_kecamatan", "jenis_kelamin", "jumlah", "tahun")
    digest = hashlib.sha256(f"{number} {year}".encode()).hexdigest()
    return {
        "name": f"Jumlah penduduk {year}", "format": "csv", "tahun_data": str(year), "hash": digest,
        "url": f"https://data.contoh.go.id/dataset/penduduk-{number}/{year}.csv", "size": 12_000 + number,
        "description": "Satu baris untuk setiap kecamatan dan jenis kelamin.",
        "kamus_data": [{"nama": one, "tipe_data": "teks", "judul": one.title(), "satuan": "orang"} for one in columns],
    }  # fmt: skip


def _facts(told: Mapping[str, Any]) -> dict[str, FileFacts]:
    return {
        one["url"]: FileFacts(True, "csv", True, tuple(column["nama"] for column in one["kamus_data"]), 60)
        for one in told["resources"]
    }


def measure(turns: int = TURNS) -> Iterator[Figure]:
    """Judge the same datasets both ways, in turns."""
    validator, profile, codes = Draft202012Validator(contract.schema()), Profile.load("sdi-2019"), Reference.load()
    told = [dataset(number) for number in range(DATASETS)]
    files = [_facts(one) for one in told]
    if any(True for _ in validator.iter_errors(told[0])) or len(told[0]) != FIELDS:
        raise RuntimeError("the dataset is not valid or has not forty fields")
    hasil = assess(told[0], profile, reference=codes, files=files[0])
    if hasil.hasil != "layak":
        raise RuntimeError(f"the dataset is {hasil.hasil}: {[issue.code for issue in hasil.issues]}")
    pairs = list(zip(told, files, strict=True))
    both: dict[str, Callable[[], object]] = {
        "jsonschema": lambda: [list(validator.iter_errors(one)) for one in told],
        "assess": lambda: [assess(Dataset(one), profile, reference=codes, files=fact) for one, fact in pairs],
    }
    taken = [{name: _seconds(work) for name, work in both.items()} for _ in range(turns)]
    best = {name: min(turn[name] for turn in taken) for name in both}
    raw: dict[str, object] = {f"{name}_microseconds": round(best[name] / DATASETS * 1e6, 1) for name in both}
    raw |= {"datasets": DATASETS, "ratios": [round(turn["assess"] / turn["jsonschema"], 3) for turn in taken]}
    value = round(best["assess"] / best["jsonschema"], 3)
    yield Figure("assess_vs_jsonschema", value, bar=1.5, aim=0.5, better="lower", raw=raw)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


FIGURES = {"assess_vs_jsonschema": measure}
