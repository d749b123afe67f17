"""What Postgres quotes of a row in its errors reaches no log: neither from CKAN's own code nor from ours."""

from __future__ import annotations

import logging
import traceback

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

SECRET = "3276-rahasia-warga"


def engines():
    from ckan import model

    from ckanext.satudata.api import database

    return [model.meta.engine, database.engine()]


@pytest.fixture(params=[0, 1], ids=["CKAN's engine", "the API's"])
def failing(request, loaded_ckan):
    """The error of a statement, as a log prints it with its traceback."""
    engine = engines()[request.param]

    def run(statement, **values):
        with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
            connection.execute(sa.text(statement), {"value": SECRET, **values})
        return printed(raised.value)

    return run


def printed(error):
    record = logging.LogRecord(
        "x", logging.ERROR, "x", 1, "gagal: %s", (error,), (type(error), error, error.__traceback__)
    )
    return logging.Formatter().format(record) + repr(error) + "".join(traceback.format_exception(error))


STATEMENTS = {
    "a key that is taken": (
        "INSERT INTO satudata_revocation (jti, expires) VALUES (:value, now()), (:value, now())",
        ("[23505]", "satudata_revocation_pkey", "UniqueViolation"),
    ),
    "no number": ("SELECT CAST(:value AS integer)", ("[22P02]",)),
    "a statement that is wrong at a value": ("SELECT :value FROM tidak_ada", ("[42P01]", "tidak_ada")),
    "no statement at all": ("SELECT 1 FROM :value", ("[42601]",)),
    "a row that lacks something": (
        "INSERT INTO satudata_source (id, name, title) VALUES (:value, :value, :value)",
        ("[23502]", "organization_id"),
    ),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_an_error_names_its_place_and_no_value(case, failing):
    statement, named = STATEMENTS[case]
    told = failing(statement)
    assert SECRET not in told
    assert all(word in told for word in named), told


def test_nor_does_one_of_a_copy(session):
    from ckanext.satudata.catalog import bulk, raw, tables

    with pytest.raises(DBAPIError) as raised:
        bulk.copy(session, tables.answer, [{"package_id": "a", "version": SECRET, "etag": SECRET, "body": SECRET}])
    told = printed(raised.value)
    assert SECRET not in told
    assert "[22P02]" in told
    session.rollback()
    twice = [raw.Sent(SECRET, "a" * 64, b"{}")] * 2
    with pytest.raises(DBAPIError) as raised:
        raw.keep(session, twice, replacing=())
    told = printed(raised.value)
    assert SECRET not in told
    assert "satudata_raw_pkey" in told
    session.rollback()


def test_an_action_of_ckan_that_fails_in_the_database_tells_no_value(session, caplog):
    from ckan import model

    session.add(model.Resource(package_id=SECRET, url=SECRET))
    with pytest.raises(DBAPIError) as raised:
        session.commit()
    session.rollback()
    logging.getLogger("uji").error("gagal", exc_info=raised.value)
    assert SECRET not in printed(raised.value)
    assert SECRET not in caplog.text
    assert "23503" in caplog.text


def test_another_database_s_errors_are_left_to_who_asked(platform, loaded_ckan):
    other = sa.create_engine(sa.make_url(platform.database_url).set(database="postgres"))
    with other.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(sa.text("SELECT CAST(:value AS integer)"), {"value": SECRET})
    other.dispose()
    assert SECRET in str(raised.value)
