"""A read-only view in a database: read whole and in order, and nothing but read."""

from __future__ import annotations

import contextlib
import importlib
import socket
import sqlite3
from urllib.parse import urlsplit

import pytest

from satudata_harvesters.connector import registry
from satudata_harvesters.connectors.database import Database
from satudata_harvesters.connectors.table import FOLDER_VARIABLE
from satudata_harvesters.errors import ConfigError, SourceError
from satudata_harvesters.http import Http, Limits
from satudata_harvesters.source import Source, secret_pointers
from tests.harvesters.mariadb import running
from tests.harvesters.until import until_it_fails

VIEW = {"view": "isi", "key": "kode"}
SECRET = "sandi-rahasia-1a2b"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def made(folder):
    """`made("SQL; …")`: a file of these tables, and a connector that reads the view `isi` in it."""

    def make(script, *, limits=None, **config):
        with contextlib.closing(sqlite3.connect(folder / "a.db")) as opened, opened:
            opened.executescript(script)
        return Database({"url": "sqlite:a.db", **VIEW, **config}, Http(Limits(**(limits or {}))))

    return make


def rows(connector, **options):
    return [row for page in connector.pages(**options) for row in page.records]


def test_values_are_those_of_json(made):
    script = "CREATE TABLE isi (kode INT, a REAL, b BLOB, c TEXT, d); INSERT INTO isi VALUES (1, 1.5, x'00', 'x', NULL)"
    assert rows(made(script)) == [{"kode": 1, "a": 1.5, "b": None, "c": "x", "d": None}]


def test_an_empty_view_is_read_to_its_end(made):
    [page] = made("CREATE TABLE isi (kode INT)").pages()
    assert (page.records, page.last) == ([], True)


def test_only_what_changed_since_is_asked_for(made):
    days = ", ".join(f"({day}, '2025-01-{day:02d} 08:00:00')" for day in range(1, 9))
    script = "CREATE TABLE isi (kode INT, diubah TEXT); INSERT INTO isi VALUES " + days  # noqa: S608 - days of our own
    found = rows(made(script, changed="diubah"), since="2025-01-06T00:00:00Z")
    assert [row["kode"] for row in found] == [6, 7, 8]


@pytest.mark.parametrize("values", ["(1), (1)", "(1.5)", "(x'00ff')"])
def test_a_key_that_tells_rows_not_apart_is_a_mistake_of_the_source_file(made, values):
    kind = "" if "x" in values else "REAL" if "." in values else "INT"
    connector = made("CREATE TABLE isi (kode " + kind + "); INSERT INTO isi VALUES " + values)  # noqa: S608 - as above
    if "x" in values:  # what is left out is no key: the row is told, and not taken for gone
        [page] = connector.pages()
        assert [error.code for error in page.errors] == ["E-TRK-021"]
        return
    with pytest.raises(ConfigError) as caught:
        list(connector.pages())
    assert caught.value.params["field"] == "config.key"


def test_a_row_without_a_key_is_told_and_the_others_are_read_on_behind_it(made):
    connector = made("CREATE TABLE isi (kode INT); INSERT INTO isi VALUES (NULL), (1), (2)", page_size=1)
    first, *others = connector.pages()
    assert [error.code for error in first.errors] == ["E-TRK-021"]
    assert [row["kode"] for page in others for row in page.records] == [1, 2]
    assert [row["kode"] for row in rows(connector, after=first.checkpoint)] == [1, 2]


def test_a_view_that_takes_too_long_ends_with_a_deadline(made):
    endless = "WITH RECURSIVE n(kode) AS (SELECT 1 UNION ALL SELECT kode + 1 FROM n) SELECT max(kode) AS kode FROM n"
    pages, error = until_it_fails(made(f"CREATE VIEW isi AS {endless}", limits={"deadline": 0.2}).pages())
    assert (pages, error.code) == ([], "E-TRK-009")


def test_a_page_larger_than_the_limit_is_refused(made):
    script = "CREATE TABLE isi (kode INT, a TEXT); INSERT INTO isi VALUES (1, hex(zeroblob(5000)))"
    _, error = until_it_fails(made(script, limits={"max_bytes": 1000}).pages())
    assert error.code == "E-TRK-010"


@pytest.mark.parametrize("change", [{"view": "lain"}, {"key": "lain"}])
def test_a_view_or_column_that_is_not_there_is_one_error(made, change):
    connector = made("CREATE TABLE isi (kode INT); INSERT INTO isi VALUES (1)", **change)
    _, error = until_it_fails(connector.pages())
    assert (error.code, error.params["path"]) == ("E-TRK-015", change.get("view", "isi"))


def test_nothing_can_be_written(made, folder):
    connector = made("CREATE TABLE isi (kode INT)")
    with contextlib.closing(connector._open_file(_Watch())) as opened, pytest.raises(sqlite3.OperationalError):
        opened.execute("DELETE FROM isi")


class _Watch:
    def over(self):
        return 0


@pytest.mark.parametrize("url", ["sqlite:../a.db", "sqlite:/etc/passwd", "sqlite:", "mysql://h", "postgresql:///x",
    "oracle://h/x", "postgresql://h:0/x", "postgresql://h/x?host=/tmp", "https://h/x"])  # fmt: skip
def test_an_address_that_is_none_is_found_when_it_is_saved(url):
    with pytest.raises(ConfigError) as caught:
        Source.from_dict({"name": "uji", "connector": "database", "url": url, "config": VIEW})
    assert (caught.value.code, caught.value.pointer) == ("E-CFG-009", "/url")


def test_a_password_in_the_address_is_refused_and_one_in_the_settings_is_a_secret():
    plain = {"name": "uji", "connector": "database", "url": "postgresql://db.go.id/x", "config": VIEW}
    with pytest.raises(ConfigError) as caught:
        Source.from_dict({**plain, "url": f"postgresql://u:{SECRET}@db.go.id/x"})
    assert caught.value.code == "E-CFG-007"
    assert SECRET not in str(caught.value)
    auth = {"type": "basic", "username": "baca", "password": SECRET}
    source = Source.from_dict({**plain, "config": {**VIEW, "auth": auth}})
    assert secret_pointers(source) == ["/config/auth/password"]
    assert SECRET not in str(source.masked())


@pytest.mark.parametrize("view", ["isi; DROP TABLE isi", "isi--", '"isi"', "a.b.c", ""])
def test_a_view_is_a_name_and_nothing_else(view):
    with pytest.raises(ConfigError):
        Source.from_dict(
            {"name": "uji", "connector": "database", "url": "sqlite:a.db", "config": {**VIEW, "view": view}}
        )


def test_a_file_is_read_only_below_the_folder_of_the_administrator(folder, tmp_path_factory, monkeypatch):
    outside = tmp_path_factory.mktemp("luar") / "a.db"
    outside.write_bytes(b"")
    (folder / "a.db").symlink_to(outside)
    for root in (str(folder), ""):
        monkeypatch.setenv(FOLDER_VARIABLE, root)
        _, error = until_it_fails(Database({"url": "sqlite:a.db", **VIEW}, Http()).pages())
        assert error.code == "E-TRK-026"


def test_a_file_that_is_no_database_is_one_error(folder):
    (folder / "a.db").write_bytes(b"%PDF-1.7" * 200)
    assert until_it_fails(Database({"url": "sqlite:a.db", **VIEW}, Http()).pages())[1].code == "E-TRK-026"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_inside_is_not_connected_to_unless_an_administrator_opens_it(scheme):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = {"url": f"{scheme}://localhost:{port}/x", **VIEW}
        with pytest.raises(SourceError) as caught:
            Database(config, Http())._address()
        assert (caught.value.code, caught.value.params["port"]) == ("E-TRK-011", str(port))
        opened = Http(Limits(), [f"127.0.0.1/32:{port}"])
        assert Database(config, opened)._address() == ("localhost", "127.0.0.1", port)


def test_a_run_against_a_server_inside_sends_it_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"postgresql://localhost:{listener.getsockname()[1]}/x"
        assert until_it_fails(Database({"url": url, **VIEW}, Http()).pages())[1].code == "E-TRK-011"
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_server_that_is_none_is_one_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    http = Http(Limits(), [f"127.0.0.1/32:{port}"])
    assert (
        until_it_fails(Database({"url": f"postgresql://127.0.0.1:{port}/x", **VIEW}, http).pages())[1].code
        == "E-TRK-007"
    )


@pytest.mark.parametrize(("url", "library"), [
    ("sqlite:a.db", "sqlalchemy"), ("postgresql://a.go.id/x", "psycopg2"), ("mysql://a.go.id/x", "pymysql"),
])  # fmt: skip
def test_without_its_driver_it_is_still_listed_and_says_what_is_missing(url, library, monkeypatch):
    real = importlib.import_module

    def without(name, *more):
        if name == library:
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(importlib, "import_module", without)
    assert "database" in registry()
    with pytest.raises(ConfigError) as caught:
        list(Database({"url": url, **VIEW}, Http()).pages())
    assert caught.value.code == "E-CFG-014"
    assert library in caught.value.message("id")


# --- a real PostgreSQL ---


@pytest.fixture
def view(platform, unique):
    """A view of 25 rows in this session's PostgreSQL: (its name, a connector that reads it)."""
    psycopg2 = importlib.import_module("psycopg2")
    name, parts = unique.replace("-", "_"), urlsplit(platform.database_url)
    rule = "SELECT n AS kode, 'Judul ' || n AS judul, 1.50::numeric AS nilai, '2025-01-01T00:00Z'::timestamptz AS kini"
    auth = {"type": "basic", "username": parts.username, "password": parts.password or "tanpa-sandi"}
    http = Http(Limits(deadline=1), [f"127.0.0.1/32:{parts.port}"])
    with contextlib.closing(psycopg2.connect(platform.database_url)) as opened:
        with opened, opened.cursor() as cursor:
            cursor.execute(f"CREATE VIEW {name} AS {rule} FROM generate_series(1, 25) AS n")

        def connector(**config):
            url = f"postgresql://127.0.0.1:{parts.port}{parts.path}"
            return Database({"url": url, "view": name, "key": "kode", "page_size": 10, "auth": auth, **config}, http)

        yield name, connector
        with opened, opened.cursor() as cursor:
            cursor.execute(f"DROP VIEW {name} CASCADE")


def test_a_view_of_postgresql_is_read_in_pages_and_on_behind_a_checkpoint(view):
    _, connector = view
    pages = list(connector().pages())
    assert [len(page.records) for page in pages] == [10, 10, 5]
    moment = "2025-01-01T00:00:00+00:00"
    assert pages[0].records[0] == {"kode": 1, "judul": "Judul 1", "nilai": 1.5, "kini": moment}
    assert [row["kode"] for row in rows(connector(), after=pages[0].checkpoint)] == list(range(11, 26))
    again = list(connector().pages(validators={page.key: page.validators for page in pages}))
    assert [page.unchanged for page in again] == [True] * 3


def test_postgresql_writes_nothing_for_us_and_waits_no_longer_than_told(view):
    name, connector = view
    psycopg2 = importlib.import_module("psycopg2")
    with contextlib.closing(connector()._postgresql(psycopg2)) as opened, opened.cursor() as cursor:
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute(f"CREATE TABLE {name}_baru (a int)")
        opened.rollback()
        with pytest.raises(psycopg2.errors.QueryCanceled) as caught:
            cursor.execute("SELECT pg_sleep(30)")
    assert connector()._problem(caught.value).code == "E-TRK-009"


def test_a_view_that_postgresql_does_not_know_is_one_error_without_its_words(view):
    _, connector = view
    for change in ({"view": "tidak_ada"}, {"key": "tidak_ada"}):
        assert until_it_fails(connector(**change).pages())[1].code == "E-TRK-015"


# --- a real MariaDB ---


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory):
    """The session's own MariaDB."""
    with running(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture
def mysql_view(mariadb, unique):
    """A view of 25 rows in MariaDB: (its name, a connector that reads it)."""
    name = unique.replace("-", "_")
    columns = "seq AS kode, CONCAT('Judul ', seq) AS judul, CAST(1.5 AS DECIMAL(4,2)) AS nilai"
    moment = "TIMESTAMP '2025-01-01 00:00:00' AS kini"
    mariadb.run(f"CREATE VIEW {name} AS SELECT {columns}, {moment} FROM seq_1_to_25")  # noqa: S608 - words of our own
    auth = {"type": "basic", "username": mariadb.reader, "password": mariadb.password}

    def connector(*, networks=None, deadline=5, **config):
        http = Http(Limits(deadline=deadline), [f"127.0.0.1/32:{mariadb.port}"] if networks is None else networks)
        url = f"mysql://127.0.0.1:{mariadb.port}/{mariadb.database}"
        return Database({"url": url, "view": name, "key": "kode", "page_size": 10, "auth": auth, **config}, http)

    yield name, connector
    mariadb.run(f"DROP VIEW {name}")


def test_a_view_of_mariadb_is_read_in_pages_and_on_behind_a_checkpoint(mysql_view):
    _, connector = mysql_view
    pages = list(connector().pages())
    assert [len(page.records) for page in pages] == [10, 10, 5]
    assert pages[0].records[0] == {"kode": 1, "judul": "Judul 1", "nilai": 1.5, "kini": "2025-01-01T00:00:00"}
    assert [row["kode"] for row in rows(connector(), after=pages[0].checkpoint)] == list(range(11, 26))
    again = list(connector().pages(validators={page.key: page.validators for page in pages}))
    assert [page.unchanged for page in again] == [True] * 3


def test_mariadb_writes_nothing_for_us_and_waits_no_longer_than_told(mysql_view):
    name, connector = mysql_view
    pymysql = importlib.import_module("pymysql")
    with contextlib.closing(connector(deadline=1)._mysql(pymysql)) as opened, opened.cursor() as cursor:
        with pytest.raises(pymysql.err.MySQLError) as written:
            cursor.execute("CREATE TABLE aplikasi.baru (a INT)")
        assert written.value.args[0] in {1792, 1142}
        with pytest.raises(pymysql.err.MySQLError) as slow:
            cursor.execute(f"SELECT SUM(SLEEP(1)) FROM {name}")  # noqa: S608 - a name of our own
    assert connector()._problem(slow.value).code == "E-TRK-009"


def test_the_rows_of_mariadb_stay_on_its_side_until_they_are_wanted(mariadb, mysql_view, monkeypatch):
    _, connector = mysql_view
    pymysql = importlib.import_module("pymysql")
    fetched = []
    monkeypatch.setattr(pymysql.cursors.Cursor, "fetchall", lambda _: fetched.append("all"))
    assert [len(page.records) for page in connector().pages()] == [10, 10, 5]
    assert fetched == [], "an unbuffered cursor takes row by row"


@pytest.mark.parametrize("change", [{"password": "salah"}, {"username": "tidak_dikenal"}])
def test_an_account_that_mariadb_refuses_is_told_as_that_and_not_as_a_web_page(mariadb, mysql_view, change):
    _, connector = mysql_view
    auth = {"type": "basic", "username": mariadb.reader, "password": mariadb.password, **change}
    _, error = until_it_fails(connector(auth=auth).pages())
    assert error.code == "E-TRK-030"
    assert "HTTP" not in error.message("id") + error.message("en")
    assert mariadb.password not in str(error.to_dict())
    assert "salah" not in str(error.to_dict())


def test_what_mariadb_does_not_know_is_one_error_without_its_words(mysql_view):
    _, connector = mysql_view
    for change in ({"view": "tidak_ada"}, {"key": "tidak_ada"}):
        assert until_it_fails(connector(**change).pages())[1].code == "E-TRK-015"


def test_mariadb_inside_is_not_connected_to_unless_an_administrator_opens_it(mysql_view):
    _, connector = mysql_view
    assert until_it_fails(connector(networks=[]).pages())[1].code == "E-TRK-011"


def test_an_account_that_postgresql_refuses_is_told_as_that(view, platform):
    _, connector = view
    auth = {"type": "basic", "username": "tidak_dikenal", "password": SECRET}
    _, error = until_it_fails(connector(auth=auth).pages())
    assert error.code == "E-TRK-030"
    assert SECRET not in str(error.to_dict())
