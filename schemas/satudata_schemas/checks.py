"""The rules. Each has a code, the principle it serves and the law or standard it comes from; a profile decides how
much it counts.

A rule is a function of the dataset and the master codes that yields what it found. One that looks at what is known of
the
linked files is declared with `reads="files"` and gets that instead of the codes. Rules never raise on bad values: bad
values
are what they are for. Those on identity, links, description, time and format stand here; the others in `checks_*.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from satudata_schemas import checks_files, checks_personal, checks_region, checks_standard, checks_values, contract
from satudata_schemas.dataset import Dataset, plain_text
from satudata_schemas.issue import excerpt, pointer
from satudata_schemas.reference import Reference, period
from satudata_schemas.rule import PRINCIPLES, RULES, Found, found, numbered, rule, sources

__all__ = [
    "PRINCIPLES",
    "RULES",
    "checks_files",
    "checks_personal",
    "checks_region",
    "checks_standard",
    "checks_values",
    "sources",
]


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
    for at, resource in numbered(dataset):
        url = resource.get("url")
        match = _LINK.match(url.strip()) if isinstance(url, str) and len(url) <= 4000 else None
        if match is None:
            yield found(pointer("resources", at, "url"), nomor=at + 1, nilai=excerpt(plain_text(url)) or "–")
        elif match["user"]:
            yield found(pointer("resources", at, "url"), code="W-TAUT-003", nomor=at + 1)


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


@rule("W-META-015", "W-META-014", principle="metadata", source="Perpres 39/2019 Pasal 3 huruf b")
def title_is_a_title(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The title is written for people, and the years it names lie in the period the dataset gives."""
    title = dataset.text("title")[:500]
    if title and _FILE_NAME.search(title):
        yield found("/title", nilai=excerpt(title))
    first, last = readable_time(dataset.get("periode_awal")), readable_time(dataset.get("periode_akhir"))
    years = _YEAR.findall(title)
    if first and last and years and not any(first[0][:4] <= year <= last[1][:4] for year in years):
        span = {"awal": dataset.text("periode_awal"), "akhir": dataset.text("periode_akhir")}
        yield found("/periode_awal", code="W-META-014", judul=", ".join(years[:3]), **span)


_FILE_NAME = re.compile(r"\.(?:csv|xlsx?|pdf|docx?|json|zip)\Z|\A\S+_\S+\Z", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


@rule("W-META-018", principle="metadata", source="Perpres 39/2019 Pasal 3 huruf c")
def open_data_has_an_open_licence(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The licence of open data lets anyone use it again."""
    licences = contract.vocabulary("lisensi")
    licence = licences.resolve(dataset.text("license_id"))
    if licence is None or licences[licence].more.get("open") is not False:
        return
    if (contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses")) or "terbuka") == "terbuka":
        yield found("/license_id", lisensi=licences.label_of(licence))


@rule("W-META-017", principle="metadata", source="Peraturan BPS 5/2020")
def tables_are_explained(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """A table has a data dictionary."""
    formats = contract.vocabulary("format")
    for at, resource in numbered(dataset):
        code = formats.resolve(plain_text(resource.get("format")))
        if code and formats[code].more.get("tabular") and not resource.get("kamus_data"):
            yield found(pointer("resources", at, "kamus_data"), nomor=at + 1)


@rule("I-REF-008", principle="kode_referensi", source="SIPD e-Walidata (DSSD)")
def indicator_code_looks_right(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """An indicator code has the pattern of SIPD's; other registers have others, so this is a hint."""
    code = dataset.text("kode_indikator")
    if code and not re.fullmatch(r"\d\.\d{2}\.\d{6}", code):
        yield found("/kode_indikator", kode=excerpt(code))


@rule("W-META-012", "W-META-016", principle="metadata", source="RFC 5321; UU 27/2022 Pasal 4")
def contact_can_be_written_to(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """The unit's mailbox is an e-mail address, and one of the unit."""
    address = dataset.text("kontak_surel")
    if not address:
        return
    match = re.fullmatch(r"[^\s@]{1,64}@(?P<host>[^\s@.]{1,63}(?:\.[^\s@.]{1,63}){1,9})", address[:400])
    if match is None:
        yield found("/kontak_surel")
    elif match["host"].casefold() in _PUBLIC_MAIL:
        yield found("/kontak_surel", code="W-META-016", layanan=match["host"].casefold())


_PUBLIC_MAIL = frozenset(
    {"gmail.com", "yahoo.com", "yahoo.co.id", "ymail.com", "hotmail.com", "outlook.com", "live.com", "icloud.com"}
)


@rule("E-INT-001", "W-INT-002", principle="interoperabilitas", source="Perpres 39/2019 Pasal 9")
def is_in_an_open_format(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """At least one resource is in a format machines can read freely; a picture or a PDF alone is not data."""
    formats = contract.vocabulary("format")
    known = [(at, formats.resolve(plain_text(resource.get("format")))) for at, resource in numbered(dataset)]
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


@cache
def _dated_fields() -> tuple[str, ...]:
    return tuple(field.name for field in contract.fields().values() if field.kind in {"date", "period"})
