"""With ckanext-scheming on, packages made many at a time equal those CKAN shows one by one."""

from __future__ import annotations

import pytest

from satudata_schemas import contract

pytestmark = pytest.mark.usefixtures("clean_catalog")

FORM = {
    "scheming_version": 2,
    "dataset_type": "dataset",
    "dataset_fields": [
        {"field_name": "title", "label": "Judul"},
        {"field_name": "notes", "label": "Deskripsi"},
        {"field_name": "konsep", "label": "Konsep"},
        {"field_name": "definisi", "label": "Definisi"},
        {"field_name": "klasifikasi", "label": "Klasifikasi", "preset": "multiple_text"},
        {"field_name": "kode_urusan", "label": "Urusan", "preset": "multiple_checkbox", "choices": [{"value": "2.12"}]},
        {"field_name": "spatial", "label": "Geometri", "preset": "json_object"},
        {"field_name": "rincian", "label": "Rincian", "repeating_subfields": [{"field_name": "nama", "label": "Nama"}]},
    ],
    "resource_fields": [
        {"field_name": "url", "label": "Tautan"},
        {"field_name": "name", "label": "Nama"},
        {"field_name": "description", "label": "Deskripsi"},
        {"field_name": "format", "label": "Format"},
        {"field_name": "tahun_data", "label": "Tahun"},
        {
            "field_name": "kamus_data",
            "label": "Kamus",
            "repeating_subfields": [
                {"field_name": "nama", "label": "Nama"},
                {"field_name": "satuan", "label": "Satuan"},
            ],
        },
    ],
}


@pytest.fixture
def form(loaded_ckan, monkeypatch):
    """ckanext-scheming as the dataset's form, with a schema that holds each kind of field."""
    from ckan.lib import plugins as lib_plugins
    from ckan.plugins import get_plugin

    from ckanext.scheming import plugins as scheming

    plugin = get_plugin("scheming_datasets")
    monkeypatch.setattr(plugin, "_schemas", {"dataset": FORM})
    monkeypatch.setattr(plugin, "_expanded_schemas", scheming._expand_schemas({"dataset": FORM}))
    monkeypatch.setitem(lib_plugins._package_plugins, "dataset", plugin)
    return plugin


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"notes": None, "konsep": "Penduduk", "klasifikasi": ["Kecamatan", "Jenis Kelamin"]},
        {
            "spatial": {"type": "Point", "coordinates": [107.6, -6.9]},
            "satuan": "orang",
            "interpretasi": "tidak di formulir",
        },
        {"rincian": [{"nama": "a"}, {"nama": "b"}]},
        {
            "resources": [
                {
                    "url": "https://data.example.go.id/a.csv",
                    "tahun_data": "2024",
                    "kamus_data": [{"nama": "kecamatan", "satuan": "nama"}, {"nama": "jumlah"}],
                    "lain": {"a": 1},
                }
            ]
        },
    ],
)
def test_shown_as_the_form_shows_it(fields, form, office, session):
    from ckan import logic

    from ckanext.satudata.catalog import show
    from ckanext.satudata.catalog.package import to_dataset

    written = office.put("1", "hold", office.layak(**fields), status="menunggu")
    batch = show.Batch(session, [written.record_id])
    theirs = logic.package_show_default_and_custom_schemas({"ignore_auth": True}, written.record_id)
    assert batch.form is not None
    for mine, other in zip(batch.both(written.record_id), theirs, strict=True):
        assert mine == other
    [record] = office.rows("record", id=written.record_id)
    back = to_dataset(theirs[1])
    given = [key for key in fields if fields[key] is not None and key in contract.fields() and key != "resources"]
    assert {key: back[key] for key in given} == {key: record["dataset"][key] for key in given}
