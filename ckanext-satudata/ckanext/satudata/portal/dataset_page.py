"""What a dataset's page says, put together from the contract's fields, the catalogue's record and who is reading."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ckan import model
from ckan.common import config
from ckan.lib import helpers as ckan_helpers
from ckan.plugins import toolkit

from ckanext.satudata.catalog.package import to_dataset
from ckanext.satudata.portal import access, facets, holding, records, table_part, wording
from ckanext.satudata.portal.records import Problem, Standing
from ckanext.satudata.portal.table_part import TablePart
from satudata_schemas import contract, timeliness
from satudata_schemas.contract import Field
from satudata_schemas.dataset import Dataset, plain_text, plain_texts

Kind = Literal["text", "list", "markdown", "link"]

#: Shown elsewhere on the page, or meant for machines.
_ELSEWHERE = frozenset(
    [
        "identifier",
        "title",
        "name",
        "notes",
        "tags",
        "owner_org",
        "resources",
        "hasil",
        "status",
        "skor_sdi",
        "sumber_aplikasi",
        "hak_akses",
        "dasar_pengecualian",
        "tanggal_mutakhir",
        "tanggal_terbit",
        "periode_awal",
        "periode_akhir",
        "landing_page",
        "spatial",
        "kategori",
        "jadwal_pemutakhiran",
        "memuat_data_pribadi",
        "kontak_nama_unit",
        "kontak_surel",
    ]
)
#: The five parts of a data standard (Perpres 39/2019 Pasal 4) and what else is always named, filled or not.
_ALWAYS = frozenset({"konsep", "definisi", "klasifikasi", "ukuran", "satuan", "kode_wilayah", "license_id"})
_PRINCIPLES = ("standar_data", "metadata", "interoperabilitas", "kode_referensi")
#: What CKAN portals send of their own housekeeping; kept and served, but no reader's first interest.
_HOUSEKEEPING = re.compile(
    r"(?:type|state|isopen|private|num_(?:tags|resources)|owner_org|creator_user_id|license_(?:title|url)|revision_id"
    r"|metadata_(?:created|modified)|relationships_as_(?:object|subject)|version|tracking_summary|id|name|url"
    r"|(?:organization|resources|groups|tags|plugin_data|extras)(?: › .*)?)\Z"
)
_REST_LIMIT = 60
_REST_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a description list: a label, and a value that is empty where the OPD said nothing."""

    label: str
    value: str | Sequence[str]
    kind: Kind = "text"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One of the four principles with the fields that serve it."""

    name: str
    title: str
    terms: Sequence[Term]
    more: Sequence[Term] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One file or service of a dataset; `url` is empty where it may not be opened or leads nowhere."""

    name: str
    url: str
    format: str
    description: str
    size: str
    changed: str
    columns: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """Everything the template needs; nothing in it is HTML except what `h.render_markdown` makes of markdown."""

    topic: str
    topic_code: str
    summary: Sequence[Term]
    groups: Sequence[Group]
    files: Sequence[File]
    rest: Sequence[Term]
    housekeeping: Sequence[Term]
    access: str
    access_label: str
    access_text: str
    legal_basis: str
    landing_page: str
    standing: Standing | None
    inside: bool
    judged: bool  # whether score and principles are shown to this reader
    problems: Sequence[Problem] | None  # None where this reader may not see them
    principles: Sequence[tuple[str, bool, str]]
    held: Sequence[Mapping[str, Any]]
    suggestions: Sequence[Mapping[str, Any]]
    dates: Sequence[Term]
    linked_data: Mapping[str, Any]
    table: TablePart | None = None


def dataset_page(package: Mapping[str, Any]) -> DatasetPage:
    """The page of a dataset as `package_show` gave it to this reader, already redacted by its access class."""
    lang = wording.language()
    dataset = to_dataset(package)
    standing = records.standings(model.Session, [package["id"]]).get(package["id"])
    inside = access.may_manage(package.get("owner_org"))
    access_class = dataset.text("hak_akses") or (standing.fields["hak_akses"] if standing else "") or "terbuka"
    score, issues = records.told_to_all(standing) if standing else (False, False)
    closed = access_class == "tertutup" and not inside
    open_links = access_class == "terbuka" or inside
    rest = _rest(standing, open_links) if standing and not closed else []
    files = [] if closed else [_file(item, lang, linked=open_links) for item in dataset.resources]
    return DatasetPage(
        topic=""
        if closed
        else contract.vocabulary("kategori").label_of(dataset.text("kategori"), lang)
        if dataset.text("kategori")
        else "",
        topic_code=dataset.text("kategori"),
        summary=[] if closed else _summary(dataset, lang),
        groups=[] if closed else _groups(dataset, lang),
        files=files,
        rest=[term for term in rest if not _HOUSEKEEPING.match(term.label)],
        housekeeping=[term for term in rest if _HOUSEKEEPING.match(term.label)],
        access=access_class,
        access_label=contract.vocabulary("hak_akses").label_of(access_class, lang),
        access_text=_access_text(access_class, inside=inside),
        legal_basis=dataset.text("dasar_pengecualian"),
        landing_page=wording.safe_link(dataset.text("landing_page")) if open_links else "",
        standing=None if closed else standing,
        inside=inside,
        judged=inside or score,
        problems=_problems(standing, dataset) if standing and (inside or issues) else None,
        principles=_principles(standing) if standing and (inside or score) else [],
        held=holding.shown(package["id"]) if standing and inside else [],
        suggestions=holding.suggested(standing.fields["suggestions"]) if standing and inside else [],
        dates=[] if closed else _dates(package, dataset, standing),
        linked_data={} if closed else _linked_data(package, dataset, files),
        table=table_part.of_package(package["id"], inside=inside) if open_links and not closed else None,
    )


def _problems(standing: Standing, dataset: Dataset) -> list[Problem]:
    """What was found when the newest version was judged, and that it is late where today it is."""
    today = dt.datetime.now(dt.timezone.utc).date()
    late = timeliness.lateness(dataset, today, standing.fields["jatuh_tempo"])
    told = [records.problem(late.code, late.severity, late.params, late.principle, late.pointer)] if late else []
    return [*records.problems(model.Session, standing.fields["id"]), *told]


def principle_title(name: str) -> str:
    """The name of one of the four principles on a page."""
    return {
        "standar_data": toolkit._("Standar data"),
        "metadata": toolkit._("Metadata"),
        "interoperabilitas": toolkit._("Interoperabilitas data"),
        "kode_referensi": toolkit._("Kode referensi"),
    }.get(name, name)


def _summary(dataset: Dataset, lang: str) -> list[Term]:
    fields = contract.fields()
    spoken = [_term(fields[name], dataset, lang) for name in ("kategori", "jadwal_pemutakhiran")]
    span = wording.period(dataset.text("periode_awal"), dataset.text("periode_akhir"))
    region = dataset.text("nama_wilayah") or facets.region(dataset.text("kode_wilayah"))
    contact = " · ".join(part for part in (dataset.text("kontak_nama_unit"), dataset.text("kontak_surel")) if part)
    spoken += [
        Term(toolkit._("Periode data"), span),
        Term(toolkit._("Wilayah"), region),
        Term(toolkit._("Kata kunci"), dataset.texts("tags"), "list"),
        Term(toolkit._("Kontak"), contact),
    ]
    return [term for term in spoken if term.value]


def _groups(dataset: Dataset, lang: str) -> list[Group]:
    groups = []
    for principle in _PRINCIPLES:
        fields = [f for f in contract.fields().values() if f.principle == principle and f.name not in _ELSEWHERE]
        shown = [f for f in fields if not f.computed and not f.private]
        terms = [
            _term(f, dataset, lang) for f in shown if not f.national and (dataset.filled(f.name) or f.name in _ALWAYS)
        ]
        if principle == "interoperabilitas":
            terms.insert(0, _formats(dataset))
        more = [_term(f, dataset, lang) for f in shown if f.national and dataset.filled(f.name)]
        groups.append(Group(principle, principle_title(principle), terms, more))
    return groups


def _term(field: Field, dataset: Dataset, lang: str) -> Term:
    label = field.label_in(lang)
    if field.vocabulary and field.is_list:
        words = contract.vocabulary(field.vocabulary)
        return Term(label, [_spelled(words.label_of(code, lang), code) for code in dataset.texts(field.name)], "list")
    if field.is_list:
        return Term(label, dataset.texts(field.name), "list")
    text = dataset.text(field.name)
    if field.vocabulary:
        return Term(label, contract.vocabulary(field.vocabulary).label_of(text, lang) if text else "")
    if field.kind == "date":
        return Term(label, wording.day(text))
    if field.kind == "markdown":
        return Term(label, text, "markdown")
    return Term(label, text, "link" if field.kind == "url" and wording.safe_link(text) else "text")


def _spelled(label: str, code: str) -> str:
    return label if label == code else f"{label} ({code})"


def _formats(dataset: Dataset) -> Term:
    found = dict.fromkeys(format_name(item.get("format")) for item in dataset.resources)
    return Term(toolkit._("Format berkas"), [name for name in found if name], "list")


def format_name(value: Any) -> str:
    """A file format as people write it: CSV, XLSX, GeoJSON."""
    text = plain_text(value)
    code = contract.vocabulary("format").resolve(text)
    return contract.vocabulary("format").label_of(code) if code else wording.clean(text, 20).upper()


def _file(resource: Mapping[str, Any], lang: str, *, linked: bool) -> File:
    url = wording.safe_link(resource.get("url")) if linked else ""
    name = (
        plain_text(resource.get("name"))
        or plain_text(resource.get("description"))
        or str(toolkit._("Berkas tanpa nama"))
    )
    description = plain_text(resource.get("description"))
    columns = resource.get("kamus_data")
    return File(
        name=wording.clean(name, 200),
        url=url,
        format=format_name(resource.get("format")),
        description=wording.clean(ckan_helpers.markdown_extract(description, 0), 300) if description != name else "",
        size=wording.size(resource.get("size")),
        changed=wording.day(resource["last_modified"]) if resource.get("last_modified") else "",
        columns=[_column(item, lang) for item in columns if isinstance(item, Mapping)][:200]
        if isinstance(columns, list)
        else [],
    )


def _column(item: Mapping[str, Any], lang: str) -> dict[str, str]:
    kind = plain_text(item.get("tipe_data"))
    return {
        "name": wording.clean(plain_text(item.get("nama")), 100),
        "meaning": wording.clean(plain_text(item.get("definisi")) or plain_text(item.get("judul")), 400),
        "kind": contract.vocabulary("tipe_data").label_of(kind, lang) if kind else "",
        "unit": wording.clean(plain_text(item.get("satuan")), 60),
    }


def _rest(standing: Standing, open_links: bool) -> list[Term]:
    """The source's other keys, flat and short; where files may not be opened, whatever looks like a link stays out."""
    terms = []
    for key, value in _flat(standing.fields.get("rest") or {}):
        text = wording.clean(value, _REST_LENGTH)
        if not text or (not open_links and "://" in text):
            continue
        terms.append(
            Term(wording.clean(key, 120), text, "link" if wording.safe_link(text) and " " not in text else "text")
        )
    return terms[:_REST_LIMIT]


def _flat(rest: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, str]]:
    for key, value in rest.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < 2:
            yield from _flat(value, f"{name} › ", depth + 1)
        elif isinstance(value, list):
            yield name, ", ".join(plain_texts(value))
        elif isinstance(value, bool):
            yield name, str(toolkit._("ya") if value else toolkit._("tidak"))
        else:
            yield name, plain_text(value)


def _access_text(access_class: str, *, inside: bool) -> str:
    if access_class == "terbatas":
        if inside:
            return str(
                toolkit._(
                    "Metadata dapat dibaca siapa saja. Berkas hanya untuk OPD pemilik, Walidata, dan yang diberi izin."
                )
            )
        return str(toolkit._("Metadata dapat dibaca siapa saja. Berkasnya dapat diminta kepada OPD pemilik data."))
    if access_class == "tertutup":
        return str(toolkit._("Hanya judul, OPD pemilik, dan dasar hukum pembatasan yang ditampilkan kepada umum."))
    return str(toolkit._("Metadata dan berkas dapat dibaca, diunduh, dan dipakai ulang oleh siapa saja."))


def _principles(standing: Standing) -> list[tuple[str, bool, str]]:
    found = standing.fields.get("principles") or {}
    shown = []
    for name in _PRINCIPLES:
        value = found.get(name)
        met = bool(value.get("met", value.get("terpenuhi"))) if isinstance(value, Mapping) else value is True
        points = str(value.get("score", "")) if isinstance(value, Mapping) else ""
        shown.append((principle_title(name), met, points))
    return shown


def _dates(package: Mapping[str, Any], dataset: Dataset, standing: Standing | None) -> list[Term]:
    """Four dates that other portals show as one: what changed, where it changed, and when we last looked."""
    row = standing.fields if standing else {}
    at_source = row.get("source_modified") or dataset.text("tanggal_mutakhir")
    told = [
        (toolkit._("Diperbarui di sumber"), at_source, toolkit._("menurut aplikasi sumbernya")),
        (toolkit._("Data berubah"), row.get("data_changed"), toolkit._("berkas atau isinya berbeda dari sebelumnya")),
        (
            toolkit._("Metadata berubah"),
            row.get("metadata_changed") or (package.get("metadata_modified") if not standing else None),
            toolkit._("keterangan dataset berbeda dari sebelumnya"),
        ),
        (toolkit._("Terakhir dicek"), row.get("last_seen"), toolkit._("portal ini membaca sumbernya")),
        (toolkit._("Rilis berikutnya"), dataset.text("tanggal_rilis_berikut"), ""),
    ]
    return [Term(str(label), wording.day(value), help=str(note)) for label, value, note in told if value]


def _linked_data(package: Mapping[str, Any], dataset: Dataset, files: Sequence[File]) -> dict[str, Any]:
    """schema.org/Dataset for search engines; the template writes it with every `<` escaped."""
    organization = package.get("organization") or {}
    address = ckan_helpers.url_for("dataset.read", id=package["name"], _external=True, locale="default")
    document = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": package.get("title") or package["name"],
        "description": wording.clean(ckan_helpers.markdown_extract(package.get("notes") or "", 0), 5000),
        "url": address,
        "identifier": package["id"],
        "keywords": dataset.texts("tags"),
        "isAccessibleForFree": True,
        "creator": {"@type": "GovernmentOrganization", "name": organization.get("title") or organization.get("name")},
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": config.get("ckan.site_title"),
            "url": config.get("ckan.site_url"),
        },
        "dateModified": package.get("metadata_modified"),
        "datePublished": package.get("metadata_created"),
        "spatialCoverage": dataset.text("nama_wilayah") or dataset.text("kode_wilayah"),
        "temporalCoverage": "/".join(filter(None, (dataset.text("periode_awal"), dataset.text("periode_akhir")))),
        "distribution": [
            {"@type": "DataDownload", "name": item.name, "contentUrl": item.url, "encodingFormat": item.format}
            for item in files
            if item.url
        ],
    }
    return {key: value for key, value in document.items() if value}
