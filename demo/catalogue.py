"""The datasets of the demo portal: a few complete ones, many thin ones, and the defects that real portals have.

Everything follows from a seed: two portals with the same seed and size hold the same datasets, quirks and files.
"""

from __future__ import annotations

import json
import random
import re
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from demo.regency import CODE, NAME, District, Indicator, Office, districts, indicators, offices

#: stands for the portal's own address in everything stored; the portal puts in the one it was called by
BASE = "http://portal.invalid"
LICENCE = {"license_id": "cc-by", "license_title": "Creative Commons Attribution", "isopen": True}
NEWEST_YEAR = 2024
YEARS = 20


@dataclass(frozen=True)
class Topic:
    """What one dataset is about: an indicator in a year, of the regency or of one district."""

    indicator: Indicator
    year: int
    district: District | None = None

    @property
    def title(self) -> str:
        """The dataset's title as offices here write it."""
        about = self.indicator
        place = f"Kecamatan {self.district.name} {NAME}" if self.district else NAME
        return f"{about.ukuran} {about.konsep} Menurut {about.menurut} di {place} Tahun {self.year}"


@dataclass
class Entry:
    """One dataset of the portal: the package CKAN would show, what is odd about it, and what its files hold."""

    package: dict[str, Any]
    topic: Topic
    quirks: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        """CKAN's id of the dataset."""
        return str(self.package["id"])

    @property
    def json(self) -> str:
        """The package as JSON, links still under `BASE`."""
        return json.dumps(self.package, ensure_ascii=False)


def topics(count: int) -> list[Topic]:
    """The first `count` topics: the regency's newest year first, then back in time, then district by district."""
    years = range(NEWEST_YEAR, NEWEST_YEAR - YEARS, -1)
    found: list[Topic] = []
    for district in (None, *districts()):
        for year in years:
            found += [Topic(indicator, year, district) for indicator in indicators()]
            if len(found) >= count:
                return found[:count]
    raise ValueError(f"The demo portal knows {len(found)} topics, {count} were asked for.")


def entries(count: int, seed: int) -> list[Entry]:
    """`count` datasets of mixed quality."""
    found = [_entry(topic, random.Random(f"{seed}/{number}")) for number, topic in enumerate(topics(count))]
    rng = random.Random(f"{seed}/quirks/{count}")
    spoiled = [name for name, (per_300, _) in QUIRKS.items() for _ in range(max(1, per_300 * count // 300))]
    for entry, name in zip(rng.sample(found, min(len(spoiled), count // 3)), spoiled, strict=False):
        QUIRKS[name][1](entry, rng)
        entry.quirks.add(name)
    return found


def _entry(topic: Topic, rng: random.Random) -> Entry:
    office = next(office for office in offices() if office.name == topic.indicator.opd)
    package_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    created = datetime(topic.year + 1, 1, 10) + timedelta(minutes=rng.randrange(60 * 24 * 80))  # noqa: DTZ001  # as CKAN: naive UTC
    modified = created + timedelta(minutes=rng.randrange(60 * 24 * 200), microseconds=rng.randrange(1_000_000))
    package: dict[str, Any] = {
        "author": office.title,
        "author_email": "",
        "creator_user_id": str(uuid.UUID(int=zlib.crc32(office.name.encode()), version=4)),
        "id": package_id,
        **LICENCE,
        "maintainer": "",
        "maintainer_email": "",
        "metadata_created": created.isoformat(),
        "metadata_modified": modified.isoformat(timespec="microseconds"),
        "name": f"{_slug(topic.title)[:90]}-{package_id[:6]}",
        "notes": _description(topic),
        "num_resources": 1,
        "num_tags": 2,
        "organization": organization(office),
        "owner_org": organization(office)["id"],
        "private": False,
        "state": "active",
        "title": topic.title,
        "type": "dataset",
        "url": "",
        "version": "",
        "extras": [],
        "resources": [_resource(package_id, topic, modified, rng)],
        "tags": [_tag(topic.indicator.konsep.lower()), _tag(office.aliases[0].lower())],
        "groups": [],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }
    fill, quirk = rng.choices(
        [(_sdi_extras, "lengkap"), (_extras_of_2014, "lama"), (_no_extras, "polos")], weights=[45, 20, 35]
    )[0]
    package["extras"] = [{"key": key, "value": value} for key, value in fill(topic, office, modified).items()]
    return Entry(package, topic, {quirk})


def _description(topic: Topic) -> str:
    about = topic.indicator
    return f"{about.definisi}. Data disajikan menurut {about.menurut.lower()} untuk tahun {topic.year}."


def organization(office: Office) -> dict[str, Any]:
    """An office as CKAN shows it inside a package."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/organization/{office.name}")),
        "name": office.name,
        "title": office.title,
        "type": "organization",
        "description": "",
        "image_url": "",
        "created": "2022-03-01T02:00:00.000000",
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
    }


def _resource(package_id: str, topic: Topic, modified: datetime, rng: random.Random) -> dict[str, Any]:
    resource_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return {
        "id": resource_id,
        "package_id": package_id,
        "name": f"{topic.title}.csv",
        "description": f"{topic.indicator.konsep} tahun {topic.year}",
        "format": "CSV",
        "mimetype": "text/csv",
        "url": f"{BASE}/dataset/{package_id}/resource/{resource_id}.csv",
        "url_type": "upload",
        "created": modified.isoformat(),
        "last_modified": modified.isoformat(),
        "metadata_modified": modified.isoformat(timespec="microseconds"),
        "hash": "",
        "size": None,
        "position": 0,
        "state": "active",
        "datastore_active": False,
    }


def _tag(name: str) -> dict[str, Any]:
    text = re.sub(r"[^\w .-]", " ", name)[:100]
    return {
        "name": text,
        "display_name": text,
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, text)),
        "state": "active",
        "vocabulary_id": None,
    }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


# --- how much an office has filled in ---------------------------------------------------------------------------------


def _sdi_extras(topic: Topic, office: Office, modified: datetime) -> dict[str, str]:
    """Every field that Satu Data Indonesia asks for."""
    about = topic.indicator
    extras = {
        "konsep": about.konsep,
        "definisi": f"{about.definisi}.",
        "klasifikasi": about.menurut.replace(" dan ", ", "),
        "ukuran": about.ukuran,
        "satuan": about.satuan,
        "jenis_data": "Statistik",
        "kategori": about.kategori,
        "kode_urusan": about.kode_urusan,
        "hak_akses": "Terbuka",
        "memuat_data_pribadi": "Tidak",
        "jadwal_pemutakhiran": about.jadwal,
        "tanggal_mutakhir": modified.date().isoformat(),
        "periode_awal": f"{topic.year}-01-01",
        "periode_akhir": f"{topic.year}-12-31",
        "kode_wilayah": topic.district.code if topic.district else CODE,
        "sistem_kode_wilayah": "kemendagri",
        "tingkat_penyajian": "Kecamatan" if about.menurut.startswith("Kecamatan") else "Kabupaten/Kota",
        "kode_referensi": "kemendagri-wilayah",
        "kontak_nama_unit": f"Subbagian Perencanaan {office.title}",
        "kontak_surel": f"{_slug(office.aliases[0])}@contoh.go.id",
    }
    if about.jadwal == "Tahunan" and about.ukuran in {"Persentase", "Tingkat", "Indeks"}:
        extras["prioritas_tahun"] = f"{topic.year}, {topic.year + 1}"
    return extras


def _extras_of_2014(topic: Topic, _office: Office, _modified: datetime) -> dict[str, str]:
    """The labels portals of the first generation used."""
    about = topic.indicator
    return {
        "Cakupan Wilayah": NAME,
        "Periode": str(topic.year),
        "Frekuensi Pembaruan": about.jadwal,
        "Rujukan": f"Profil {about.konsep} {NAME} {topic.year}",
        "Satuan": about.satuan,
    }


def _no_extras(_topic: Topic, _office: Office, _modified: datetime) -> dict[str, str]:
    return {}


# --- what goes wrong on real portals ----------------------------------------------------------------------------------

Quirk = Callable[[Entry, random.Random], None]
#: name -> (how many of 300 datasets have it, what it does to one)
QUIRKS: dict[str, tuple[int, Quirk]] = {}


def _quirk(per_300: int) -> Callable[[Quirk], Quirk]:
    def register(function: Quirk) -> Quirk:
        QUIRKS[function.__name__.removeprefix("_")] = (per_300, function)
        return function

    return register


def _set_extra(entry: Entry, key: str, value: Any) -> None:
    kept = [extra for extra in entry.package["extras"] if extra["key"] != key]
    entry.package["extras"] = [*kept, {"key": key, "value": value}]


def _publish_as(entry: Entry, title: str) -> None:
    organization_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/organization/{_slug(title)}"))
    entry.package["organization"] |= {"id": organization_id, "name": _slug(title), "title": title}
    entry.package["owner_org"] = organization_id


@_quirk(1)
def _nik_in_notes(entry: Entry, rng: random.Random) -> None:
    """Somebody pasted a row of the source table into the description. The number is made here and belongs to nobody."""
    born = datetime(1970, 1, 1) + timedelta(days=rng.randrange(12_000))  # noqa: DTZ001  # a calendar day, not a moment
    nik = f"{rng.choice(districts()).code.replace('.', '')}{born:%d%m%y}9999"
    entry.package["notes"] += f" Contoh isian: penerima dengan NIK {nik}."


@_quirk(8)
def _no_link(entry: Entry, rng: random.Random) -> None:
    if rng.random() < 0.5:
        entry.package.update(resources=[], num_resources=0)
    else:
        entry.package["resources"][0]["url"] = ""


@_quirk(12)
def _description_is_title(entry: Entry, _rng: random.Random) -> None:
    entry.package["notes"] = entry.package["title"]


@_quirk(5)
def _no_notes(entry: Entry, _rng: random.Random) -> None:
    entry.package["notes"] = None


@_quirk(10)
def _no_licence(entry: Entry, rng: random.Random) -> None:
    entry.package.update(license_id=rng.choice(["", None, "notspecified"]), license_title="", isopen=False)


@_quirk(6)
def _lying_format(entry: Entry, _rng: random.Random) -> None:
    """CSV is declared, a picture of the table is linked."""
    resource = entry.package["resources"][0]
    resource.update(
        name=f"{entry.topic.indicator.konsep}.png", mimetype="image/png", url=resource["url"].replace(".csv", ".png")
    )


@_quirk(4)
def _only_pdf(entry: Entry, _rng: random.Random) -> None:
    resource = entry.package["resources"][0]
    resource.update(format="PDF", mimetype="application/pdf", url=resource["url"].replace(".csv", ".pdf"))


@_quirk(5)
def _sentence_as_key(entry: Entry, _rng: random.Random) -> None:
    _set_extra(entry, f"{entry.topic.indicator.konsep} tahun {entry.topic.year} adalah", "lihat berkas")


@_quirk(5)
def _data_in_extras(entry: Entry, rng: random.Random) -> None:
    for year in range(entry.topic.year - 2, entry.topic.year + 1):
        _set_extra(entry, str(year), str(rng.randrange(50, 100)))


@_quirk(2)
def _dict_title(entry: Entry, _rng: random.Random) -> None:
    entry.package["title"] = {"id": entry.topic.title, "en": ""}


@_quirk(1)
def _no_title(entry: Entry, _rng: random.Random) -> None:
    entry.package["title"] = ""


@_quirk(4)
def _long_tag(entry: Entry, _rng: random.Random) -> None:
    entry.package["tags"].append(_tag(f"{entry.topic.indicator.definisi.lower():.<60}"[:60]))
    entry.package["num_tags"] = len(entry.package["tags"])


@_quirk(4)
def _bps_code(entry: Entry, _rng: random.Random) -> None:
    """Seven digits without dots are a district in the codes of BPS."""
    _set_extra(entry, "kode_wilayah", "3503010")


@_quirk(6)
def _undotted_code(entry: Entry, _rng: random.Random) -> None:
    _set_extra(entry, "kode_wilayah", "3503")


@_quirk(3)
def _unknown_code(entry: Entry, _rng: random.Random) -> None:
    _set_extra(entry, "kode_wilayah", "35.99")


@_quirk(5)
def _float_period(entry: Entry, _rng: random.Random) -> None:
    _set_extra(entry, "periode_awal", f"{entry.topic.year}.0")
    _set_extra(entry, "periode_akhir", f"{entry.topic.year}.0")


@_quirk(6)
def _html_notes(entry: Entry, _rng: random.Random) -> None:
    entry.package["notes"] = (
        f'<p style="text-align:justify">{entry.package["notes"]}</p><script>document.title="x"</script>'
        f'<a href="javascript:void(0)">Unduh</a><br><ul><li>{entry.topic.indicator.satuan}&nbsp;</li></ul>'
    )


@_quirk(5)
def _office_by_alias(entry: Entry, rng: random.Random) -> None:
    office = next(office for office in offices() if office.name == entry.topic.indicator.opd)
    _publish_as(entry, rng.choice(office.aliases))


@_quirk(4)
def _unknown_publisher(entry: Entry, rng: random.Random) -> None:
    _publish_as(entry, rng.choice(["Bagian Tata Usaha", "Tim Satu Data 2023", "admin"]))


@_quirk(2)
def _no_organization(entry: Entry, _rng: random.Random) -> None:
    entry.package.update(organization=None, owner_org=None)


@_quirk(3)
def _internal_link(entry: Entry, _rng: random.Random) -> None:
    entry.package["resources"][0].update(url="http://192.168.10.7/ekspor/data.csv", url_type=None)
