"""The rules. Each has a code, the principle it serves and the law or standard it comes from; a profile decides how
much it counts.

A rule is a function of the dataset and the master codes that yields what it found. One that looks at what is known of
the
linked files is declared with `reads="files"` and gets that instead of the codes. Rules never raise on bad values: bad
values are what they are for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

from satudata_schemas import contract, personal_data
from satudata_schemas.contract import Field
from satudata_schemas.dataset import Dataset, plain_text, plain_texts
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.issue import excerpt, pointer
from satudata_schemas.reference import Reference, period

PRINCIPLES = ("standar_data", "metadata", "interoperabilitas", "kode_referensi")


class Found(NamedTuple):
    """What a rule yields: the place, the values for its sentences, and which of the rule's codes where it has
    several.
    """

    pointer: str
    params: dict[str, Any]
    code: str | None = None
    principle: str | None = None


@dataclass(frozen=True)
class Rule:
    """A registered rule; `codes[0]` is the one it means unless it says otherwise."""

    codes: tuple[str, ...]
    principle: str | None
    source: str
    reads: Literal["codes", "files"]
    check: Callable[..., Iterable[Found]]


RULES: list[Rule] = []


def rule(
    *codes: str, principle: str | None, source: str, reads: Literal["codes", "files"] = "codes"
) -> Callable[[Callable[..., Iterable[Found]]], Callable[..., Iterable[Found]]]:
    """Registers a rule under its codes.

    `principle` is one of the four, or None for what stands beside them; `source` its legal basis.
    """

    def register(check: Callable[..., Iterable[Found]]) -> Callable[..., Iterable[Found]]:
        RULES.append(Rule(codes, principle, source, reads, check))
        return check

    return register


def found(at: str, *, code: str | None = None, principle: str | None = None, **params: Any) -> Found:
    """One finding at a pointer with the values its sentences need."""
    return Found(at, params, code, principle)


def sources() -> dict[str, str]:
    """The legal basis or standard behind every code a rule can give."""
    return {code: rule.source for rule in RULES for code in rule.codes}


# --- identity, title, owner
# -------------------------------------------------------------------------------------------------


@rule("E-META-002", principle="metadata", source="Perpres 39/2019 Pasal 3 huruf b")
def has_an_identity(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The record says which one it is: without that, its next version could not be told from a new dataset."""
    if not dataset.text("identifier"):
        yield found("/identifier")


@rule("E-META-003", principle="metadata", source="Perpres 39/2019 Pasal 3 huruf b")
def has_a_title(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The dataset has a title a person can read."""
    if not any(letter.isalnum() for letter in dataset.text("title")):
        yield found("/title")


@rule("E-META-004", principle="metadata", source="Perpres 39/2019 Pasal 1 angka 13")
def has_an_owner(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """An office answers for the dataset; the platform sets which."""
    if not dataset.text("owner_org"):
        yield found("/owner_org")


# --- links
# ------------------------------------------------------------------------------------------------------------------

_LINK = re.compile(
    r"https?://(?P<user>[^\s/?#@]*@)?(?:\[[0-9a-f:.]+\]|[^\s/?#@:\[\]\\]+)(?::\d{1,5})?(?:[/?#][^\x00-\x1f\x7f]*)?\Z",
    re.IGNORECASE,
)


def usable_link(url: object) -> bool:
    """Whether a text is a web address with a host: http or https, nothing else."""
    return isinstance(url, str) and len(url) <= 4000 and _LINK.match(url.strip()) is not None


@rule("E-TAUT-001", principle="interoperabilitas", source="Perpres 39/2019 Pasal 3 huruf c")
def has_a_usable_link(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """At least one resource can be fetched from somewhere."""
    if not any(usable_link(resource.get("url")) for resource in dataset.resources):
        yield found("/resources", jumlah=len(dataset.resources))


@rule("W-TAUT-002", "W-TAUT-003", principle="interoperabilitas", source="Perpres 39/2019 Pasal 3 huruf c")
def every_link_is_usable(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """Each resource's link is a web address, and carries no user name or password."""
    for at, resource in _numbered(dataset):
        url = resource.get("url")
        match = _LINK.match(url.strip()) if isinstance(url, str) and len(url) <= 4000 else None
        if match is None:
            yield found(pointer("resources", at, "url"), nomor=at + 1, nilai=excerpt(plain_text(url)) or "–")
        elif match["user"]:
            yield found(pointer("resources", at, "url"), code="W-TAUT-003", nomor=at + 1)


# --- types, lengths, vocabularies
# -------------------------------------------------------------------------------------------

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@rule(
    "W-TIPE-001",
    "W-TIPE-002",
    "W-TIPE-003",
    "W-TIPE-004",
    principle="interoperabilitas",
    source="JSON Schema kontrak dataset",
)
def has_the_right_types(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """Every value has the contract's type and length and no characters that no database can keep."""
    yield from _types_inside(dataset, contract.fields(), "")
    resources = dataset.get("resources")
    if resources is not None:
        yield from _resource_types(resources)


def _resource_types(value: Any) -> Iterator[Found]:
    if not isinstance(value, list | tuple):
        yield found("/resources", jenis=_kind_of(value), diharapkan="array")
        return
    known = contract.resource_fields()
    for at, resource in enumerate(value):
        if isinstance(resource, Mapping):
            yield from _types_inside(resource, known, f"/resources/{at}")
            if resource.get("kamus_data"):
                yield from _column_types(resource["kamus_data"], f"/resources/{at}/kamus_data")
        else:
            yield found(pointer("resources", at), jenis=_kind_of(resource), diharapkan="object")


def _column_types(value: Any, here: str) -> Iterator[Found]:
    if not isinstance(value, list | tuple):
        yield found(here, jenis=_kind_of(value), diharapkan="array")
        return
    known = contract.column_fields()
    for at, column in enumerate(value):
        if isinstance(column, Mapping):
            yield from _types_inside(column, known, f"{here}/{at}")
        else:
            yield found(f"{here}/{at}", jenis=_kind_of(column), diharapkan="object")


def _types_inside(values: Mapping[str, Any], known: Mapping[str, Field], here: str) -> Iterator[Found]:
    for name, value in values.items():
        field = known.get(name)
        if field is None or value is None or value == "":
            continue
        # Nearly every value is a short printable text where one is expected: say yes to those before asking anything
        # else.
        if (
            type(value) is str
            and field.is_text
            and len(value) <= (field.max_length or len(value))
            and value.isprintable()
        ):
            continue
        if field.kind != "objects":
            yield from _type_of(field, value, f"{here}/{name}")


def _type_of(field: Field, value: Any, at: str) -> Iterator[Found]:
    if field.is_text and isinstance(value, str):
        if field.max_length and len(value) > field.max_length:
            yield found(at, code="W-TIPE-002", panjang=len(value), batas=field.max_length)
        if _FORBIDDEN.search(value):
            yield found(at, code="W-TIPE-004")
    elif field.is_list and isinstance(value, list | tuple):
        yield from _items_of(field, value, at)
    elif not isinstance(value, _PYTHON_TYPES.get(field.kind, ())) or (
        isinstance(value, bool) and field.kind != "boolean"
    ):
        yield found(at, jenis=_kind_of(value), diharapkan=field.kind)


_PYTHON_TYPES: Mapping[str, Any] = {"number": (int, float), "boolean": bool, "geojson": Mapping}


def _items_of(field: Field, values: list[Any] | tuple[Any, ...], at: str) -> Iterator[Found]:
    if field.max_items and len(values) > field.max_items:
        yield found(at, code="W-TIPE-003", jumlah=len(values), batas=field.max_items)
    for position, item in enumerate(values):
        if not isinstance(item, str):
            yield found(f"{at}/{position}", jenis=_kind_of(item), diharapkan="text")
        elif field.max_length and len(item) > field.max_length:
            yield found(f"{at}/{position}", code="W-TIPE-002", panjang=len(item), batas=field.max_length)


@rule("W-VOK-001", "I-VOK-002", principle="interoperabilitas", source="Kosakata kontrak dataset")
def uses_the_vocabularies(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """Values come from the contract's lists; labels and known other spellings are read as their code, and an open
    list may be left with a hint.
    """
    for name, field, words in _listed_fields():
        value = dataset.get(name)
        if value:
            yield from _outside(words, plain_texts(value) if field.is_list else [plain_text(value)], "/" + name)
    formats = contract.vocabulary("format")
    for at, resource in _numbered(dataset):
        value = resource.get("format")
        if value:
            yield from _outside(formats, [plain_text(value)], f"/resources/{at}/format")


def _outside(words: contract.Vocabulary, values: list[str], at: str) -> Iterator[Found]:
    for value in values:
        if value and words.resolve(value) is None:
            code = "I-VOK-002" if words.open else "W-VOK-001"
            yield found(at, code=code, nilai=excerpt(value), pilihan=[entry.label for entry in words.values()][:10])


# --- dates
# ------------------------------------------------------------------------------------------------------------------


@rule("W-WAKTU-001", "W-WAKTU-002", principle="metadata", source="ISO 8601")
def says_its_time(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """Dates and years can be read, and a period begins before it ends."""
    for name in _dated_fields():
        value = dataset.get(name)
        if value and readable_time(value) is None:
            yield found("/" + name, nilai=excerpt(plain_text(value)))
    first, last = readable_time(dataset.get("periode_awal")), readable_time(dataset.get("periode_akhir"))
    if first and last and first[0] > last[1]:
        yield found(
            "/periode_awal", code="W-WAKTU-002", awal=dataset.text("periode_awal"), akhir=dataset.text("periode_akhir")
        )


def readable_time(value: object) -> tuple[str, str] | None:
    """First and last day of a year, month or date as the contract writes them; None when it is none of these."""
    text = plain_text(value)
    span = period(text)
    if span is None or not "1500" <= text[:4] <= "2200":
        return None
    try:
        date.fromisoformat(span[0])
    except ValueError:
        return None
    return span if len(text) in {4, 7, 10} or (len(text) > 10 and text[10] in "T ") else None


# --- region codes
# -----------------------------------------------------------------------------------------------------------

_WHOLE_COUNTRY = {"0", "00", "0000", "00.00", "id", "indonesia", "nasional"}


@rule(
    "E-REF-002",
    "W-REF-003",
    "W-REF-004",
    "I-REF-005",
    "W-REF-006",
    principle="kode_referensi",
    source="Perpres 39/2019 Pasal 3 huruf d",
)
def region_is_right(dataset: Dataset, codes: Reference) -> Iterator[Found]:
    """The region code exists, did so in the period the data is about, and is that of the name beside it.

    A table of 2013 may rightly carry a code that has been split since; a code that exists may still be another
    place's, because BPS numbers differently.
    """
    code = dataset.text("kode_wilayah")
    if not code or code.casefold() in _WHOLE_COUNTRY:
        return
    system = contract.vocabulary("sistem_kode_wilayah").resolve(dataset.text("sistem_kode_wilayah"))
    if system == "bps":
        if not re.fullmatch(r"\d{2}(?:\d{2}(?:\d{3}(?:\d{3})?)?)?", code):
            yield found("/kode_wilayah", kode=excerpt(code), versi="BPS")
        return
    wilayah = codes.wilayah
    when = dataset.text("periode_akhir") or dataset.text("periode_awal") or None
    region = wilayah.get(code)
    if not wilayah.valid(code) and not wilayah.valid(code, on=when):
        if region is not None and region.until is not None:
            yield found(
                "/kode_wilayah",
                code="W-REF-006",
                kode=region.code,
                nama=region.name,
                sampai=region.until,
                pengganti=region.successor or "–",
            )
        elif _looks_like_bps(code):
            yield found("/kode_wilayah", code="W-REF-003", kode=excerpt(code))
        else:
            yield found("/kode_wilayah", kode=excerpt(code), versi=wilayah.version)
        return
    if when and region is not None and not wilayah.valid(code, on=when):
        yield found(
            "/kode_wilayah",
            code="W-REF-006",
            kode=region.code,
            nama=region.name,
            sampai=region.since or region.until or "–",
            pengganti=region.successor or "–",
        )
    name = dataset.text("nama_wilayah")
    if name and region is not None and not wilayah.bears(code, name):
        hint = wilayah.find(name)
        yield found(
            "/kode_wilayah",
            code="W-REF-004",
            kode=region.code,
            nama=region.name,
            tertulis=excerpt(name),
            usulan=hint[0].code if hint else "–",
        )
    if region is not None and region.code != code:
        yield found("/kode_wilayah", code="I-REF-005", kode=excerpt(code), baku=region.code)


def _looks_like_bps(code: str) -> bool:
    """Seven digits are a BPS district; BPS writes no dots and its codes have ten digits for villages."""
    return re.fullmatch(r"[1-9]\d(?:\d{5}|\d{8})", code) is not None


# --- personal data
# ----------------------------------------------------------------------------------------------------------


@rule("E-PDP-002", principle=None, source="UU 27/2022 Pasal 4 dan Pasal 65")
def names_no_person(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """No NIK or family card number stands in what the public may see.

    Metadata of restricted data is public too. Of closed data only title and legal basis are, but it may hold personal
    data only when it says so.
    """
    if not personal_data.may_hold_nik(_all_in_one(dataset)):
        return
    closed = contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses")) == "tertutup"
    declared = contract.vocabulary("memuat_data_pribadi").resolve(dataset.text("memuat_data_pribadi")) in {
        "umum",
        "spesifik",
    }
    public_only = {"/title", "/dasar_pengecualian", "/identifier", "/name"} if closed and declared else None
    for at, text in _texts_of(dataset):
        if public_only is None or at in public_only:
            for one in personal_data.in_text(text):
                yield found(at, jumlah=one.count, contoh=one.example)


@rule("E-PDP-006", principle=None, source="UU 27/2022 Pasal 4 ayat (2)")
def is_not_open_and_sensitive(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """What is declared to hold specific personal data is not open."""
    declared = contract.vocabulary("memuat_data_pribadi").resolve(dataset.text("memuat_data_pribadi"))
    if (
        declared == "spesifik"
        and contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses") or "terbuka") == "terbuka"
    ):
        yield found("/hak_akses")


@rule("E-PDP-001", principle=None, source="UU 27/2022 Pasal 4 dan Pasal 65", reads="files")
def files_name_no_person(dataset: Dataset, files: Mapping[str, FileFacts]) -> Iterator[Found]:
    """No file of open data has a column of NIKs or of other data that identifies people."""
    if contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses") or "terbuka") != "terbuka":
        return
    for at, resource in _numbered(dataset):
        facts = files.get(plain_text(resource.get("url")))
        for one in facts.personal if facts else ():
            if one.kind in personal_data.BLOCKING:
                name = excerpt(plain_text(resource.get("name")) or str(at + 1))
                yield found(
                    pointer("resources", at),
                    jenis=one.kind,
                    kolom=excerpt(one.column or "–"),
                    berkas=name,
                    jumlah=one.count,
                    contoh=one.example,
                )


# --- description and interoperability
# ---------------------------------------------------------------------------------------


@rule("W-META-010", "W-META-011", principle="metadata", source="Perpres 39/2019 Pasal 3 huruf b")
def is_described(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The description says more than the title and more than a few words."""
    notes, title = dataset.text("notes"), dataset.text("title")
    if not notes:
        return
    if notes.casefold() == title.casefold():
        yield found("/notes", code="W-META-011")
    elif len(notes) < 30:
        yield found("/notes", panjang=len(notes), batas=30)


@rule("W-META-012", principle="metadata", source="RFC 5321")
def contact_can_be_written_to(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The unit's mailbox is an e-mail address."""
    address = dataset.text("kontak_surel")
    if address and not re.fullmatch(r"[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+", address):
        yield found("/kontak_surel")


@rule("E-INT-001", "W-INT-002", principle="interoperabilitas", source="Perpres 39/2019 Pasal 9")
def is_in_an_open_format(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """At least one resource is in a format machines can read freely; a picture or a PDF alone is not data."""
    formats = contract.vocabulary("format")
    known = [(at, formats.resolve(plain_text(resource.get("format")))) for at, resource in _numbered(dataset)]
    if known and all(code is not None and formats[code].more.get("open") is False for _, code in known):
        yield found("/resources", format=[formats[code].label for _, code in known if code][:5])
    for at, code in known:
        told = _extension(dataset.resources[at].get("url"))
        if code and told and told != code and {told, code} not in _SAME_THING:
            yield found(
                pointer("resources", at, "format"),
                code="W-INT-002",
                tertulis=formats[code].label,
                terbaca=formats[told].label,
            )


_SAME_THING = (
    {"shp", "zip"},
    {"json", "geojson"},
    {"json", "jsonld"},
    {"xml", "rdf"},
    {"xml", "gml"},
    {"xml", "kml"},
    {"csv", "txt"},
    {"txt", "tsv"},
    {"xls", "xlsx"},
)
_CONTAINERS = {"zip", "gz", "rar", "html"}


def _extension(url: object) -> str | None:
    """The format a link's ending names; None where it names none, or one that may hold anything."""
    if not isinstance(url, str):
        return None
    match = re.search(r"\.([A-Za-z0-9]{2,8})\Z", url.partition("?")[0].partition("#")[0])
    # A host's last label ("https://data.zip") is no file ending.
    if match is None or "/" not in url.partition("://")[2]:
        return None
    code = contract.vocabulary("format").resolve(match[1].lower())
    return (
        None if code in _CONTAINERS or code is None or contract.vocabulary("format")[code].more.get("service") else code
    )


# --- the contract, prepared once
# --------------------------------------------------------------------------------------------


@cache
def _listed_fields() -> tuple[tuple[str, Field, contract.Vocabulary], ...]:
    listed = [field for field in contract.fields().values() if field.vocabulary and not field.computed]
    return tuple((field.name, field, contract.vocabulary(field.vocabulary)) for field in listed if field.vocabulary)


@cache
def _dated_fields() -> tuple[str, ...]:
    return tuple(field.name for field in contract.fields().values() if field.kind in {"date", "period"})


def _numbered(dataset: Dataset) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each resource that is an object with its place in the list as it was given."""
    given = dataset.get("resources")
    if isinstance(given, list | tuple):
        for at, resource in enumerate(given):
            if isinstance(resource, Mapping):
                yield at, resource


def _all_in_one(dataset: Dataset) -> str:
    """Everything the dataset says as one text, for a quick look before the careful one."""
    try:
        return json.dumps(dict(dataset), ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        return "\n".join(text for _, text in _texts_of(dataset))


def _texts_of(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Every text of the dataset with its pointer, however deep."""
    waiting: list[tuple[str, Any]] = [
        ("/" + name.replace("~", "~0").replace("/", "~1"), value) for name, value in dataset.items()
    ]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, str):
            if len(value) >= 16:
                yield at, value
        elif isinstance(value, Mapping):
            waiting.extend(
                (f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}", inner) for key, inner in value.items()
            )
        elif isinstance(value, list | tuple):
            waiting.extend((f"{at}/{position}", inner) for position, inner in enumerate(value))
        elif isinstance(value, int) and value > 10**14:
            yield at, str(value)


def _kind_of(value: Any) -> str:
    """The JSON kind of a value, as the messages name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
