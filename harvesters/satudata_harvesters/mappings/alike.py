"""Records whose keys are the contract's, or other known spellings of them (`judul`, `Deskripsi`, `Nama OPD`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings import Draft, Ready
from satudata_harvesters.mappings.fields import contract_name, resources

#: Keys under which applications keep the identifier of a dataset, most telling first.
IDENTIFIERS = ("identifier", "guid", "id_dataset", "uuid", "id", "slug", "kode", "kode_dssd", "kodeindikator")
PUBLISHERS = (
    "produsen_data", "nama_opd", "nama_skpd", "opd", "skpd", "organisasi", "instansi", "penerbit", "opds_nama_opd",
)  # fmt: skip
RESOURCES = ("resources", "berkas", "distribution", "files")
LINKS = ("download_url", "downloadurl", "url_download", "link_akses", "tautan", "link", "file_url", "url")


def plain_key(key: str) -> str:
    """A key as it is compared: `Nama OPD` and `nama-opd` are `nama_opd`."""
    return re.sub(r"[\s\-]+", "_", key.strip()).casefold()


def found_under(names: Iterable[str], keys: Mapping[str, str], raw: Mapping[str, Any]) -> Iterator[str]:
    """The record's own keys, in the order of `names`, under which something stands."""
    for name in names:
        key = keys.get(name)
        if key is not None and not values.is_missing(raw[key]):
            yield key


def read(raw: Mapping[str, Any], _: str = "") -> Draft:
    """The contract fields found by name; everything else stays in `rest`."""
    draft = Draft(rest={key: value for key, value in raw.items() if value is not None})
    keys = {plain_key(str(key)): key for key in reversed(list(raw))}
    for key in found_under(IDENTIFIERS, keys, raw):
        draft.identifier = values.text(raw[key])
        if draft.identifier:
            draft.rest.pop(key, None)
            break
    _resources(raw, keys, draft)
    for key, value in raw.items():
        name = contract_name(str(key))
        if name is None or name in draft.dataset or values.is_missing(value):
            continue
        found = values.reader(name)(value)
        if found is not None:
            draft.dataset[name] = found
            draft.rest.pop(key, None)
    _publisher(raw, keys, draft)
    _link(raw, keys, draft)
    return draft


def _resources(raw: Mapping[str, Any], keys: Mapping[str, str], draft: Draft) -> None:
    for key in found_under(RESOURCES, keys, raw):
        if isinstance(raw[key], list):
            draft.dataset["resources"], others = resources(raw[key])
            draft.rest.pop(key)
            if any(others):
                draft.rest["resources"] = others
            return


def _publisher(raw: Mapping[str, Any], keys: Mapping[str, str], draft: Draft) -> None:
    for key in found_under(PUBLISHERS, keys, raw):
        if "produsen_data_name" in draft.dataset:
            return
        value = raw[key]
        if isinstance(value, Mapping):
            value = value.get("title") or value.get("nama") or value.get("name")
        if found := values.text(value):
            draft.dataset["produsen_data_name"] = found
            if not isinstance(raw[key], Mapping):
                draft.rest.pop(key, None)


def _link(raw: Mapping[str, Any], keys: Mapping[str, str], draft: Draft) -> None:
    """A record with one address and no list of files is about that one file."""
    if draft.dataset.get("resources"):
        return
    for key in found_under(LINKS, keys, raw):
        found = values.url(raw[key])
        if found and found.startswith(("http://", "https://")):
            resource = {"name": draft.dataset.get("title") or found, "url": found}
            written = values.reader("format", "resource")(raw.get(keys.get("format", "")))
            if written:
                resource["format"] = written
                draft.rest.pop(keys["format"], None)
            draft.dataset["resources"] = [resource]
            draft.rest.pop(key, None)
            return


READY = Ready(read)
