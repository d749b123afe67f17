"""The fixtures that all platform tests stand on."""

from __future__ import annotations

import time

import pytest


def test_a_session_has_ckan_with_our_plugin_and_tables(app, session):
    answer = app.get("/api/3/action/status_show").json["result"]
    assert "satudata" in answer["extensions"]
    from sqlalchemy import text

    tables = session.execute(text("SELECT tablename FROM pg_tables WHERE tablename LIKE 'satudata%'")).scalars().all()
    assert "satudata_source" in tables


def test_the_error_of_a_statement_lists_no_parameters(session):
    from ckan import model
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from ckanext.satudata.api import database

    for engine in (model.meta.engine, database.engine()):
        with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
            connection.execute(text("SELECT 1 / 0 WHERE :nilai <> ''"), {"nilai": "rahasia-warga"})
        assert "SELECT 1 / 0" in str(raised.value)
        assert "rahasia-warga" not in str(raised.value)


def test_a_dataset_is_stored_found_and_gone_after_cleaning(act, clean_catalog, search_index, unique, platform):
    from ckan.plugins.toolkit import ObjectNotFound

    opd = act("organization_create", name=unique)
    act("package_create", name=f"{unique}-data", title="Pelayanan perizinan", owner_org=opd["id"])
    search_index.commit()
    assert [found["name"] for found in search_index.documents("title:layanan")] == [f"{unique}-data"]
    started = time.monotonic()
    platform.empty()
    assert time.monotonic() - started < 0.3
    assert search_index.documents() == []
    with pytest.raises(ObjectNotFound):
        act("package_show", id=f"{unique}-data")
    assert act("organization_show", id=unique)["id"] == opd["id"]


def test_the_web_server_serves_a_page_to_a_headless_browser(web, browser):
    browser.get(f"{web}/dataset/")
    assert browser.execute_script("return document.documentElement.lang") == "id"
