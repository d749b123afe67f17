"""Datasets as regencies' portals show them, drawn from a seed: what the measurements of reading and writing read."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

from satudata_schemas import contract

EXTRAS = 33
RESOURCES = 3
TAGS = 4
WORDS = [
    "jumlah", "penduduk", "menurut", "kecamatan", "kelamin", "tahun", "kabupaten", "data", "sektoral", "rekapitulasi",
    "pelayanan", "kesehatan", "pendidikan", "pertanian", "perikanan", "anggaran", "realisasi", "laporan", "semester",
]  # fmt: skip


def package(number: int, draw: random.Random) -> dict[str, Any]:
    """A package as a regency's portal shows it: national fields as extras, files, tags, an office."""

    def words(count: int) -> str:
        return " ".join(draw.choices(WORDS, k=count)).capitalize()

    def uid() -> str:
        return str(uuid.UUID(int=draw.getrandbits(128)))

    name, office = f"dataset-{number:06d}", uid()
    moment = f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}T08:{draw.randint(0, 59):02d}:11.123456"
    resources = [
        {
            "cache_last_updated": None, "cache_url": None, "created": moment, "datastore_active": True,
            "description": words(12), "format": draw.choice(["CSV", "XLSX", "PDF"]), "hash": "", "id": uid(),
            "last_modified": moment, "metadata_modified": moment, "mimetype": "text/csv", "mimetype_inner": None,
            "name": words(5), "package_id": uid(), "position": place, "resource_type": None,
            "size": draw.randint(1000, 9_000_000), "state": "active",
            "url": f"https://data.contoh.go.id/dataset/{name}/berkas-{place}.csv", "url_type": "upload",
        }
        for place in range(RESOURCES)
    ]  # fmt: skip
    return {
        "author": "Dinas Kesehatan", "author_email": "dinkes@contoh.go.id", "creator_user_id": uid(),
        "id": f"{number:08d}-{uid()[9:]}", "isopen": True, "license_id": "cc-by", "license_title": "CC BY 4.0",
        "maintainer": "Bidang Data", "maintainer_email": "data@contoh.go.id", "metadata_created": moment,
        "metadata_modified": moment, "name": name, "notes": words(40), "num_resources": RESOURCES, "num_tags": TAGS,
        "organization": {
            "id": office, "name": "dinas-kesehatan", "title": "Dinas Kesehatan", "type": "organization",
            "description": words(10), "image_url": "", "created": moment, "is_organization": True,
            "approval_status": "approved", "state": "active",
        },
        "owner_org": office, "private": False, "state": "active", "title": words(8), "type": "dataset", "url": "",
        "version": "", "groups": [], "relationships_as_subject": [], "relationships_as_object": [],
        "extras": [{"key": key, "value": value} for key, value in _extras(number, draw, words)],
        "resources": resources,
        "tags": [
            {"display_name": word, "id": uid(), "name": word, "state": "active", "vocabulary_id": None}
            for word in draw.sample(WORDS, TAGS)
        ],
    }  # fmt: skip


def _extras(number: int, draw: random.Random, words: Callable[[int], str]) -> list[tuple[str, Any]]:
    """National fields with values of their own, then keys of the portal's own."""
    taken = {"title", "notes", "tags", "resources", "identifier", "license_id"}
    known = [one for one in contract.fields().values() if one.national and not one.computed and one.name not in taken]
    told = [(one.name, _value(one, draw, words)) for one in known[: EXTRAS - 5]]
    own = [
        ("harvest_object_id", str(uuid.UUID(int=draw.getrandbits(128)))), ("harvest_source_title", "Kabupaten - CKAN"),
        ("Hasil_Pemeriksaan_SKDN", "1"), ("tingkat_penyajian_dataset", words(2)), ("nomor urut", str(number)),
    ]  # fmt: skip
    padding = [(f"i_kolom_{place}", words(6)) for place in range(EXTRAS - len(told) - len(own))]
    return [*told, *padding, *own]


def _value(one: contract.Field, draw: random.Random, words: Callable[[int], str]) -> str:
    if one.vocabulary:
        entry = draw.choice(contract.vocabulary(one.vocabulary).to_list())
        return str(entry["label"])
    samples = {
        "date": f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}", "period": "2025-Q1", "years": "2024, 2025",
        "number": str(draw.randint(1, 99_999)), "boolean": "ya", "url": "https://contoh.go.id/berkas",
        "email": "data@contoh.go.id",
    }  # fmt: skip
    return samples.get(one.kind) or words(8)
