"""A dataset becomes a package and a package a dataset; identity and names are the same everywhere."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckanext.satudata.catalog import package
from satudata_schemas import contract
from satudata_schemas.dataset import Dataset

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 15000)  # noqa: DTZ001 - CKAN's columns are naive UTC
PACKAGE = package.package_id("sumber", "42")

#: a loaded machine draws slowly; that says nothing of the code
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(str.strip).filter(bool)
days = st.dates(dt.date(1970, 1, 1)).map(str)


def _values(field):
    if field.is_list:
        return st.lists(texts.filter(lambda text: "," not in text and ";" not in text), min_size=1, unique=True)
    if field.kind == "number":
        return st.integers(0, 10**6)
    if field.kind == "geojson":
        return st.just({"type": "Point", "coordinates": [107.6, -6.9]})
    return texts


FIELDS = {
    name: _values(field)
    for name, field in contract.fields().items()
    if name not in package.unpublished_fields() and name not in ("resources", "name", "owner_org")
}
resources = st.fixed_dictionaries(
    {"url": texts.map("https://data.example.go.id/{}".format)},
    optional={
        "id": texts,
        "name": texts,
        "description": texts,
        "format": texts,
        "hash": texts,
        "size": st.integers(0, 2**62),
        "last_modified": days,
        "tahun_data": texts,
        "kamus_data": st.lists(st.fixed_dictionaries({"nama": texts, "value_domain": st.lists(texts)}), min_size=1),
        "kunci lain": texts,
    },
)
datasets = st.builds(
    lambda fields, title, files: Dataset({**fields, "title": title, "resources": files}),
    st.lists(st.sampled_from(sorted(FIELDS)), max_size=8, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in names})
    ),
    texts,
    st.lists(resources, max_size=4),
)


def _as_package(dataset, **more):
    known = {
        "package_id": PACKAGE,
        "name": "nama",
        "owner_org": "opd",
        "private": False,
        "state": "active",
        "created": NOW,
        "modified": NOW,
    }
    return package.to_package(dataset, **(known | more))


@patient
@given(datasets)
def test_a_dataset_survives_the_way_to_a_package_and_back(dataset):
    back = package.to_dataset(_as_package(dataset))
    assert dict(back) == {**dataset, "name": "nama", "owner_org": "opd"}


@patient
@given(datasets)
def test_a_package_survives_the_way_to_a_dataset_and_back(dataset):
    made = _as_package(dataset)
    assert _as_package(package.to_dataset(made)) == made


@patient
@given(datasets)
def test_extras_are_flat_text_as_ckan_demands(dataset):
    extras = _as_package(dataset)["extras"]
    assert all(isinstance(extra["key"], str) and isinstance(extra["value"], str) for extra in extras)
    assert len({extra["key"] for extra in extras}) == len(extras)


def test_fields_shown_flat_by_the_form_read_like_extras():
    shown = {"id": PACKAGE, "title": "Jumlah Penduduk", "kode_urusan": ["2.12"], "konsep": "Penduduk", "extras": []}
    assert package.to_dataset(shown)["kode_urusan"] == ["2.12"]
    assert package.to_dataset(shown)["konsep"] == "Penduduk"


def test_identity_owner_and_visibility_never_come_from_the_dataset():
    sent = Dataset(
        title="T", name="curian", owner_org="opd-lain", state="deleted", private=True, id="x", status="tayang"
    )
    made = _as_package(sent)
    assert (made["id"], made["name"], made["owner_org"]) == (PACKAGE, "nama", "opd")
    assert (made["private"], made["state"]) == (False, "active")
    assert "status" not in {extra["key"] for extra in made["extras"]}


def test_a_named_contact_of_the_national_metadata_never_becomes_part_of_a_package():
    made = _as_package(Dataset(title="T", ii_pj_nama="seseorang", ii_pj_telepon="0800"))
    assert made["extras"] == []


def test_resources_with_one_address_get_ids_of_their_own():
    twice = [{"url": "https://a.example/x.csv", "name": "x"}] * 2
    ids = package.resource_ids(PACKAGE, twice)
    assert len(set(ids)) == 2
    assert ids == package.resource_ids(PACKAGE, twice)


def test_ids_of_a_replaced_portal_stay():
    kept = "0b5f4d0e-6f0f-4a55-9d06-6b5d4f1c2a3e"
    made = _as_package(Dataset(title="T", resources=[{"id": kept, "url": "u"}]), keep_resource_ids=True)
    assert made["resources"][0]["id"] == kept


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Jumlah Penduduk, Tahun 2024", "jumlah-penduduk-tahun-2024"),
        ("Données & Écoles", "donnees-ecoles"),
        ("人口", "dataset"),
        ("new", "dataset-new"),
        ("a" * 300, "a" * 80),
    ],
)
def test_a_name_is_made_from_the_title(title, name):
    assert package.slug(title) == name


@patient
@given(st.text(max_size=600))
def test_every_title_gives_a_name_that_ckan_takes(title):
    for name in (package.slug(title), package.slug_with_id(title, PACKAGE)):
        assert 2 <= len(name) <= package.NAME_LENGTH
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


def test_ids_are_the_same_on_every_machine():
    assert package.package_id("a", "1") == "d9841cd9-9646-5d65-9e35-86991cffc60f" != package.package_id("a", "2")


@pytest.mark.parametrize("size", ["12", 12, 12.0])
def test_a_size_given_as_number_or_text_is_a_number(size):
    assert package.to_resource({"url": "u", "size": size}, "id")["size"] == 12


@pytest.mark.parametrize("size", ["dua", -1, 1.5, True, float("inf"), 2**70])
def test_a_size_that_is_none_is_left_out(size):
    assert "size" not in package.to_resource({"url": "u", "size": size}, "id")


def test_names_have_the_ids_that_the_rfc_gives_them():
    from uuid import uuid5

    for number in range(200):
        name = f"sumber\nbagian é {number}"
        assert package.named_id(name) == str(uuid5(package.NS, name))
