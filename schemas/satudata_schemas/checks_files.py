"""Rules on linked files, judged by what is known of them; what nobody looked at is not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from satudata_schemas import contract, personal_data
from satudata_schemas.dataset import Dataset, plain_text
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.issue import excerpt, pointer
from satudata_schemas.rule import Found, found, numbered, rule


@rule("E-PDP-001", "W-PDP-005", principle=None, source="UU 27/2022 Pasal 4 dan Pasal 65", reads="files")
def files_name_no_person(dataset: Dataset, files: Mapping[str, FileFacts]) -> Iterator[Found]:
    """No file of open data has a column of NIKs or of other data that identifies people."""
    if (contract.vocabulary("hak_akses").resolve(dataset.text("hak_akses")) or "terbuka") != "terbuka":
        return
    for at, resource, facts in _looked_at(dataset, files):
        name = excerpt(plain_text(resource.get("name")) or str(at + 1))
        for one in facts.personal:
            code = "E-PDP-001" if one.kind in personal_data.BLOCKING else "W-PDP-005"
            told: dict[str, Any] = {
                "jenis": one.kind,
                "kolom": excerpt(one.column or "–"),
                "berkas": name,
                "jumlah": one.count,
                "contoh": one.example,
            }
            yield found(pointer("resources", at), code=code, **told)


@rule(
    "W-TAUT-005",
    "W-INT-003",
    "W-INT-005",
    principle="interoperabilitas",
    source="Perpres 39/2019 Pasal 9",
    reads="files",
)
def files_are_what_they_are_said_to_be(dataset: Dataset, files: Mapping[str, FileFacts]) -> Iterator[Found]:
    """A link answers, and its content is and reads as what the format says."""
    formats = contract.vocabulary("format")
    for at, resource, facts in _looked_at(dataset, files):
        said = formats.resolve(plain_text(resource.get("format")))
        if facts.reachable is False:
            yield found(pointer("resources", at, "url"), nomor=at + 1)
        elif said and facts.format and facts.format != said:
            names: dict[str, Any] = {"tertulis": formats.label_of(said), "terbaca": formats.label_of(facts.format)}
            yield found(pointer("resources", at, "format"), code="W-INT-003", nomor=at + 1, **names)
        elif facts.readable is False:
            label = formats.label_of(said or facts.format or "–")
            yield found(pointer("resources", at), code="W-INT-005", nomor=at + 1, tertulis=label)


@rule("W-INT-004", principle="interoperabilitas", source="Peraturan BPS 5/2020", reads="files")
def columns_are_those_of_the_dictionary(dataset: Dataset, files: Mapping[str, FileFacts]) -> Iterator[Found]:
    """The file's columns are those its data dictionary explains."""
    for at, resource, facts in _looked_at(dataset, files):
        kamus = resource.get("kamus_data")
        if not facts.columns or not kamus or not isinstance(kamus, list | tuple):
            continue
        told = {plain_text(column.get("nama")).casefold() for column in kamus if isinstance(column, Mapping)}
        strange = [column for column in facts.columns if column.casefold() not in told]
        absent = sorted(told - {column.casefold() for column in facts.columns} - {""})
        if strange or absent:
            names = [excerpt(name, 40) for name in (*strange, *absent)]
            yield found(pointer("resources", at, "kamus_data"), nomor=at + 1, kolom=names[:10])


def _looked_at(dataset: Dataset, files: Mapping[str, FileFacts]) -> Iterator[tuple[int, Mapping[str, Any], FileFacts]]:
    for at, resource in numbered(dataset):
        facts = files.get(plain_text(resource.get("url")))
        if facts is not None:
            yield at, resource, facts
