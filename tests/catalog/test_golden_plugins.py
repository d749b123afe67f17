"""The golden comparisons with CKAN, with ckanext-dcat on, with activities beside it, and without ckanext-scheming.

They are `long`: some three hundred comparisons, and `ckanext-dcat`, which is no part of a platform, comes from the
folder of stock extensions that the first test to ask for it fills from the package index.
"""

from __future__ import annotations

import sys

import pytest

from tests.catalog.test_golden import (  # noqa: F401 - collected here, too, under the plugins of this module
    activity,
    differences,
    differences_of_a_withdrawal,
    differences_of_an_update,
    test_a_changed_version_reads_back_as_after_ckans_update,
    test_a_dataset_brought_back_reads_as_after_ckans_own_way_back,
    test_a_recorded_package_reads_back_as_if_ckan_had_written_it,
    test_a_withdrawn_dataset_reads_back_as_after_ckans_delete,
    test_reads_back_as_if_ckan_had_written_it,
)
from tests.catalog.test_golden_form import form, test_shown_as_the_form_shows_it  # noqa: F401

SETS = [
    pytest.param(("dcat",), id="dcat"),
    pytest.param(("dcat", "activity"), id="dcat and activity"),
    pytest.param(("dcat", "bare"), id="dcat without scheming"),
    pytest.param(("bare",), id="without scheming"),
]
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("clean_catalog", "plugins")]


@pytest.fixture
def dcat(loaded_ckan, monkeypatch):
    """ckanext-dcat beside ours, as other portals run it."""
    from ckan import plugins

    from tests.stock_ckan import extensions

    monkeypatch.setattr(sys, "path", [*sys.path, str(extensions())])
    plugins.load("dcat")
    yield
    plugins.unload("dcat")


@pytest.fixture
def bare(loaded_ckan, monkeypatch):
    """Datasets without a form of ckanext-scheming: CKAN's own."""
    from ckan.lib import plugins as lib_plugins

    monkeypatch.delitem(lib_plugins._package_plugins, "dataset")


@pytest.fixture(params=SETS)
def plugins(request):
    """The plugins that are on, and those that are not."""
    for name in request.param:
        request.getfixturevalue(name)


def test_the_plugins_are_on_that_are_named(plugins, request):
    from ckan.lib import plugins as lib_plugins
    from ckan.plugins import plugin_loaded

    named = request.node.callspec.params["plugins"]
    form_of = type(lib_plugins.lookup_package_plugin("dataset")).__module__
    assert [plugin_loaded(name) for name in ("dcat", "activity")] == [name in named for name in ("dcat", "activity")]
    assert (form_of == "ckanext.scheming.plugins") == ("bare" not in named)


@pytest.mark.parametrize("plugins", [("dcat",)], indirect=True)  # it alone does something with subfields
def test_a_document_with_subfields_is_the_one_ckan_makes(form, office, session, search_index):  # noqa: F811
    from ckan.lib import search

    from ckanext.satudata.catalog import index
    from tests.catalog.test_golden import _document

    parts = {"rincian": [{"nama": "a"}, {"nama": "b"}], "spatial": {"type": "Point", "coordinates": [107.6, -6.9]}}
    id_ = office.put("1", "publish", office.layak(**parts)).record_id
    while index.drain(session):
        pass
    ours = _document(search_index, id_)
    assert ours["extras_rincian__nama"] == "a b"
    search_index.clear()
    search.rebuild(id_)
    assert ours == _document(search_index, id_)
