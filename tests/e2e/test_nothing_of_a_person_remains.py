"""An application about people is harvested by the real worker: afterwards nothing anywhere tells of one of them.

Every trace of everybody (names, numbers, telephones in each spelling, addresses) and the application's key are looked
for in all that the platform keeps. The application does what is worst for us: its worker is killed while it reads,
people stand in columns that are published, and its errors quote rows.
"""

import secrets
import threading
import zlib
from contextlib import ExitStack
from types import SimpleNamespace
from urllib.parse import quote

import psycopg2
import pytest
import redis
import requests

from demo.complaints import Complaints
from demo.serving import Answer, json_answer
from tests.e2e.remains import PLACES, lay_out, search
from tests.e2e.stack import PATIENCE, WALIDATA, csrf_token, until

WORST_PAGE = 12


class Pausing(Complaints):
    """Waits with one page until it is told to go on; some of its rows hold a person where a category should stand."""

    def __post_init__(self):
        super().__post_init__()
        self.pause_at, self.reached, self.go_on = None, threading.Event(), threading.Event()
        for row, column in zip(self._rows[40:44], ("kecamatan", "kategori", "tanggal", "status"), strict=True):
            row[column] = f"{row['nama_pelapor']} {row['nik']}"

    def answer(self, request):
        if request.query.get("page") == str(self.pause_at):
            self.pause_at = None
            self.reached.set()
            self.go_on.wait(PATIENCE)
        return super().answer(request)


def to(place):
    return Answer(b"", 302, headers={"Location": place})


class Talkative:
    """An application whose every answer is wrong in another way, and quotes a row about a person."""

    def __init__(self, complaints):
        self.rows = iter(complaints.rows[100:])
        self.answers = 0

    def answer(self, request):
        row = next(self.rows)
        self.answers += 1
        text, name = " ".join(str(value) for value in row.values()), quote(row["nama_pelapor"])
        return {
            "500": lambda: json_answer({"status": "error", "message": f"SQLSTATE[23000] Duplicate: {text}"}, 500),
            "403": lambda: json_answer({"status": "error", "message": text}, 403),
            "gagal": lambda: json_answer({"status": text, "message": text, "data": [row]}),
            "html": lambda: Answer(f"<html><title>{text}</title>".encode(), content_type=f'text/html; nik="{text}"'),
            "cut": lambda: Answer(json_answer({"status": "success", "data": [row, row]}).body[:-9]),
            "redirect": lambda: to(f"/hangs-up?nik={row['nik']}&telepon={row['telepon']}&nama={name}"),
            "login": lambda: to(f"/html/{row['nik']}?nama={name}"),
            "hangs-up": lambda: None,
            "rows": lambda: json_answer({"status": "success", "data": [text, row["nik"]], "meta": {"last_page": text}}),
            "columns": lambda: json_answer(
                {"status": "success", "data": [{row["nik"]: text}], "meta": {"last_page": 1}}
            ),
        }[request.path.strip("/").split("/")[0]]()


WAYS = ("500", "403", "gagal", "html", "cut", "redirect", "login", "rows", "columns")


def definition(name, url, key):
    return {
        "name": name,
        "title": "Aduan Warga",
        "organization": WALIDATA,
        "template": "complaints",
        "connector": "rest",
        "url": url,
        "config": {"auth": {"type": "header", "name": "X-API-Key", "value": key}},
        "limits": {"attempts": 1},
    }


@pytest.fixture(scope="module")
def complaints():
    return Pausing(key=secrets.token_hex(24), count=6000, population=5000, seed=secrets.randbits(64))


@pytest.fixture(scope="module")
def traces(complaints):
    found = {trace for person in complaints.people() for trace in person.traces()} | {complaints.key}
    assert len(complaints.people()) >= 2000
    assert len(found) >= 2000 * 8
    return found


@pytest.fixture(scope="module")
def lived(stack, complaints, tmp_path_factory):
    """A source's life: read and killed in the middle, taken up, approved, read by the public, previewed, broken.

    Gives what lay where at the moment of the kill, and the runs that failed.
    """
    folder, name = tmp_path_factory.mktemp("sumber"), f"aduan-{secrets.token_hex(4)}"
    with stack.serving(complaints) as url:
        file = stack.write_source(folder, definition(name, f"{url}/api/v1/laporan", complaints.key))
        stack.satudata("source", "add", name, "--file", str(file))
        complaints.pause_at = WORST_PAGE
        run = stack.satudata("harvest", name, "--background")["run"]
        assert complaints.reached.wait(PATIENCE)
        stack.kill("worker")
        killed = {place: lay_out(stack, place, folder / "killed" / place) for place in PLACES}
        complaints.go_on.set()
        stack.start()
        ended = stack.over(run)
        assert (ended["state"], ended["read"]) == ("selesai", len(complaints.rows))
        assert ended["attempt"] > 1, "the run was not interrupted"
        stack.satudata("dataset", "approve", "--source", name, "--as", "walidata")
        preview(stack, url, complaints)
    with ExitStack() as serving:
        url = serving.enter_context(stack.serving(Talkative(complaints)))
        runs = {}
        for way in WAYS:
            file = stack.write_source(folder, definition(f"{name}-{way}", f"{url}/{way}", complaints.key))
            stack.satudata("source", "add", f"{name}-{way}", "--file", str(file))
            runs[way] = stack.satudata("harvest", f"{name}-{way}", "--background")["run"]
        ended = {way: stack.over(run) for way, run in runs.items()}
        assert {way: run["state"] for way, run in ended.items()} == dict.fromkeys(WAYS, "gagal")
    [[package]] = stack.sql("SELECT name FROM satudata_record WHERE identifier = %s", name)
    until(lambda: stack.get(f"/dataset/{package}").status_code == 200, "the public sees it")
    stack.settled()
    return SimpleNamespace(killed=killed, failed=ended)


def preview(stack, url, complaints):
    """What a person does who connects the application by form, and leaves without saving."""
    person: requests.Session = stack.signed_in("walidata")
    page = person.get(stack.url("/sumber-data/baru"), timeout=30).text
    filled = {
        "title": "Aduan", "organization": WALIDATA, "kind": "complaints", "url": f"{url}/api/v1/laporan",
        "schedule": "manual", "key": complaints.key, "key_header": "X-API-Key",
        "network": f"127.0.0.1/32:{url.rpartition(':')[2]}",
    }  # fmt: skip
    told = person.post(stack.url("/sumber-data/baru"), data={**filled, "_csrf_token": csrf_token(page)}, timeout=60)
    assert told.status_code == 200, told.text
    assert "jumlah_aduan" in told.text


@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_found_when_the_worker_is_killed_while_it_reads(lived, traces, place):
    assert search(traces, lived.killed[place]) == []


@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_found_in(stack, lived, traces, place, tmp_path):
    assert search(traces, lay_out(stack, place, tmp_path / place)) == []


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_quotes_a_person_is_told_without_it(stack, lived, traces, way, tmp_path):
    run = lived.failed[way]
    said = [stack.ckan("satudata", "run", "show", run["run"], "--lang", lang) for lang in ("id", "en")]
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "text").write_text("".join(one.out + one.err for one in said), "utf-8")
    assert run["error"]["code"] in said[0].out + said[0].err
    assert search(traces, tmp_path / "said") == []


# --- the same search finds what is there ---


@pytest.fixture(scope="module")
def stranger():
    """Somebody whom no application knows; planted one trace at a time."""
    [person] = Complaints(count=1, population=1, seed=secrets.randbits(64)).people()
    return person


@pytest.fixture
def planted(stack, lived, stranger, request):
    """Plants a value in a place; takes it away afterwards."""
    with ExitStack() as undo:
        yield lambda place, value: PLANTING[place](stack, value, undo)


def in_database(stack, value, undo):
    table = f"uji_{secrets.token_hex(4)}"
    stack.sql(f"CREATE TABLE {table} (plain text, document jsonb, bytes bytea)")
    undo.callback(stack.sql, f"DROP TABLE {table}")
    stack.sql(f"INSERT INTO {table} (bytes) VALUES (%s)", psycopg2.Binary(value.encode()))  # noqa: S608


def in_a_column(stack, value, undo):
    stack.sql("UPDATE satudata_source SET paused_reason = %s", value)
    undo.callback(stack.sql, "UPDATE satudata_source SET paused_reason = NULL")


def in_a_document(stack, value, undo):
    index = stack.platform.index
    document = {
        "id": "uji",
        "index_id": "uji",
        "site_id": "uji",
        "entity_type": "uji",
        "extras_tamu": f"tentang {value}.",
    }
    index.post("update?commit=true", {"add": {"doc": document}})
    undo.callback(index.post, "update?commit=true", {"delete": {"query": "index_id:uji"}})


def in_redis(write):
    def plant(stack, value, undo):
        connection = undo.enter_context(redis.Redis.from_url(stack.platform.redis_url))
        write(connection, value.encode())
        undo.callback(connection.delete, "uji")

    return plant


def in_log(name):
    def plant(stack, value, undo):
        with stack.log(name).open("a") as log:
            log.write(f"pelapor {value}\n")

    return plant


def in_postgres_log(stack, value, undo):
    stack.sql(f"DO $$ BEGIN RAISE WARNING 'pelapor {value}'; END $$")


def in_folder(which):
    def plant(stack, value, undo):
        path = getattr(stack, which) / "lebih" / "dalam" / "catatan.bin"
        path.parent.mkdir(parents=True)
        undo.callback(path.parent.parent.rmdir)
        undo.callback(path.parent.rmdir)
        undo.callback(path.unlink)
        path.write_bytes(b"\x00\xff" + value.encode() + b"\x00")

    return plant


PLANTING = {
    "database": in_a_column,
    "database bytes": in_database,
    "solr": in_a_document,
    "redis string": in_redis(lambda redis, value: redis.set("uji", value)),
    "redis hash": in_redis(lambda redis, value: redis.hset("uji", "isi", value)),
    "redis list": in_redis(lambda redis, value: redis.rpush("uji", b"x", value)),
    "redis set": in_redis(lambda redis, value: redis.sadd("uji", value)),
    "redis zset": in_redis(lambda redis, value: redis.zadd("uji", {value: 1})),
    "redis stream": in_redis(lambda redis, value: redis.xadd("uji", {"isi": value})),
    "redis packed": in_redis(lambda redis, value: redis.hset("uji", "data", zlib.compress(value * 9))),
    "logs web": in_log("web"),
    "logs worker": in_log("worker"),
    "logs tick": in_log("tick"),
    "logs postgres": in_postgres_log,
    "storage": in_folder("storage"),
    "temporary": in_folder("temporary"),
}


@pytest.mark.parametrize("where", PLANTING)
def test_a_planted_value_is_found_in(stack, planted, traces, stranger, where, tmp_path):
    value = {"d": stranger.nik, "s": stranger.name.upper(), "r": stranger.phone, "l": stranger.nik, "t": stranger.name}[
        where[0]
    ]
    planted(where, value)
    found = search(traces | set(stranger.traces()), lay_out(stack, where.split()[0], tmp_path / "place"))
    assert found
    assert all(value.lower() in line.lower() or line.rpartition(":")[2] in stranger.traces() for line in found)
