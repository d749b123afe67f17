"""Rules on personal data in what a dataset says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from satudata_schemas import contract, personal_data
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import Issue, excerpt, pointer
from satudata_schemas.reference import Reference
from satudata_schemas.rule import Found, found, rule


@rule("E-PDP-002", "W-PDP-003", "W-PDP-004", principle=None, source="UU 27/2022 Pasal 4 dan Pasal 65")
def names_no_person(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """No NIK or family card number stands in what the public may see, and no private telephone, e-mail or staff number.

    Metadata of restricted data is public too. Of closed data only title and legal basis are, but it may hold personal
    data only when it says so. The contact fields are judged by themselves.
    """
    everything, written = _strings(dataset)
    if personal_data.may_hold_nik(everything):
        yield from _niks(dataset)
    expected = sum(dataset.text(name).count("@") for name in _CONTACT_FIELDS)
    if written.count("@") > expected or personal_data.may_hold_contacts(written.replace("@", " ")):
        yield from _contacts(dataset)


_CONTACT_FIELDS = ("kontak_surel", "kontak_nama_unit", "i_email", "i_telepon", "i_faksimile")
#: Links, keys and hashes may hold any number; a NIK in them is looked for all the same.
_KEYS = frozenset({"url", "id", "hash", "identifier", "landing_page", "kode_indikator"})
_NOT_TEXT = tuple(f"/{key}" for key in sorted(_KEYS))


def _niks(dataset: Dataset) -> Iterator[Found]:
    closed = contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses")) == "tertutup"
    declared = contract.vocabulary("memuat_data_pribadi").resolve(dataset.text("memuat_data_pribadi"))
    public_only = closed and declared in {"umum", "spesifik"}
    for at, text in _texts_of(dataset):
        if not public_only or at in {"/title", "/dasar_pengecualian", "/identifier", "/name"}:
            for one in personal_data.in_text(text):
                yield found(at, jumlah=one.count, contoh=one.example)


def _contacts(dataset: Dataset) -> Iterator[Found]:
    known = contract.fields()
    for at, text in _texts_of(dataset, shortest=6):
        field = known.get(at[1:])
        if at.endswith(_NOT_TEXT) or at[1:] in _CONTACT_FIELDS or (field is not None and field.private):
            continue
        if personal_data.may_hold_contacts(text):
            for one in personal_data.contacts_in_text(text):
                code = "W-PDP-003" if one.kind in {"phone", "email"} else "W-PDP-004"
                yield found(at, code=code, jenis=one.kind, jumlah=one.count, contoh=one.example)


@rule("E-PDP-006", principle=None, source="UU 27/2022 Pasal 4 ayat (2)")
def is_not_open_and_sensitive(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """What is declared to hold specific personal data is not open."""
    declared = contract.vocabulary("memuat_data_pribadi").resolve(dataset.text("memuat_data_pribadi"))
    access = contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses")) or "terbuka"
    if declared == "spesifik" and access == "terbuka":
        yield found("/hak_akses")


def people_in(rest: Mapping[str, Any]) -> Iterator[Issue]:
    """Numbers of persons in the source's other keys, which are shown as they are and which no rule looks at."""
    if not personal_data.may_hold_nik(as_one_text(rest)):
        return
    for key, value in rest.items():
        for one in personal_data.in_text(as_one_text({key: value})):
            params = {"isian": excerpt(key), "jumlah": one.count, "contoh": one.example}
            yield Issue("E-PDP-002", "error", pointer(key), None, params)


def as_one_text(value: Any) -> str:
    """Every text, key and long number of a JSON value, a line each.

    Not its JSON: there a line break before a number is a letter before it, and a no-break space may be digits.
    """
    lines: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            lines.append(one)
        elif isinstance(one, Mapping):
            for key, inner in reversed(list(one.items())):
                waiting += (inner, str(key))
        elif isinstance(one, list | tuple):
            waiting += reversed(one)
        elif isinstance(one, int) and one > 10**14:
            lines.append(str(one))
    return "\n".join(lines)


def _strings(dataset: Mapping[str, Any]) -> tuple[str, str]:
    """Everything the dataset says as one text, and that without links, keys and hashes: for a quick look before the
    careful one.
    """
    everything: list[str] = []
    written: list[str] = []
    waiting: list[Any] = [dataset]
    while waiting:
        value = waiting.pop()
        for key, inner in value.items() if isinstance(value, Mapping) else ((None, one) for one in value):
            if isinstance(inner, str):
                (everything if key in _KEYS else written).append(inner)
            elif isinstance(inner, Mapping | list | tuple):
                waiting.append(inner)
            elif isinstance(inner, int) and inner > 10**14:
                everything.append(str(inner))
    texts = "\n".join(written)
    return "\n".join([texts, *everything]), texts


def _texts_of(dataset: Mapping[str, Any], shortest: int = 16) -> Iterator[tuple[str, str]]:
    """Every text of the dataset with its pointer, however deep."""
    waiting: list[tuple[str, Any]] = [
        ("/" + name.replace("~", "~0").replace("/", "~1"), value) for name, value in dataset.items()
    ]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, str):
            if len(value) >= shortest:
                yield at, value
        elif isinstance(value, Mapping):
            waiting.extend(
                (f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}", inner) for key, inner in value.items()
            )
        elif isinstance(value, list | tuple):
            waiting.extend((f"{at}/{position}", inner) for position, inner in enumerate(value))
        elif isinstance(value, int) and value > 10**14:
            yield at, str(value)
