"""Score and issues are for a dataset's OPD and the Walidata; the configuration may open them for what is open."""

from __future__ import annotations

import csv
import io
import json

import duckdb
import pytest

from ckanext.satudata.catalog.openness import OPENED

BASIS = "UU 14/2008 Pasal 17 huruf h"


@pytest.fixture
def opened(monkeypatch):
    """Open assessments, as an administrator does."""
    from ckan.common import config

    monkeypatch.setitem(config, OPENED, True)


@pytest.fixture
def seen(read, app, tmp_path):
    """What the public reads of a dataset everywhere: `(scores by place, the page's words, the assessment's answer)`."""

    def look(id_):
        lines = [json.loads(line) for line in read("/exports/datasets.ndjson").body.splitlines()]
        table = csv.DictReader(io.StringIO(read("/exports/datasets.csv").body))
        parquet = tmp_path / "datasets.parquet"
        parquet.write_bytes(read("/exports/datasets.parquet").data)
        columns = [row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{parquet}'").fetchall()]  # noqa: S608
        asked = f"SELECT skor_sdi FROM '{parquet}' WHERE id = '{id_}'"  # noqa: S608
        told = {
            "single": read(f"/datasets/{id_}").json.get("skor_sdi"),
            "list": [one.get("skor_sdi") for one in read("/datasets").json["data"] if one["id"] == id_],
            "changes": [one["dataset"].get("skor_sdi") for one in read("/changes").json["data"] if one["dataset"]],
            "ndjson": [one.get("skor_sdi") for one in lines if one["id"] == id_],
            "csv": [row.get("skor_sdi") for row in table if row["id"] == id_],
            "parquet": duckdb.sql(asked).fetchall() if "skor_sdi" in columns else None,
        }
        return told, app.get(f"/dataset/{id_}").body, read(f"/datasets/{id_}/assessment")

    return look


def test_closed_is_what_they_are_by_itself(office, seen):
    told, page, assessment = seen(office.put())
    assert told == {
        "single": None, "list": [None], "changes": [None], "ndjson": [None], "csv": [None], "parquet": None,
    }  # fmt: skip
    assert "Hasil pemeriksaan" not in page
    assert assessment.status_code == 403


def test_opened_they_are_told_everywhere(opened, office, seen):
    told, page, assessment = seen(office.put())
    score = told["single"]
    assert 0 < score < 100
    assert told == {
        "single": score, "list": [score], "changes": [score], "ndjson": [score], "csv": [str(score)],
        "parquet": [(score,)],
    }  # fmt: skip
    assert f"<strong>{score}</strong>" in page
    assert "Yang perlu diperhatikan" in page
    assert "Hanya terlihat oleh OPD" not in page
    assert set(assessment.json) == {"id", "name", "status", "score", "principles", "issues"}
    assert assessment.json["score"] == score
    assert assessment.json["issues"]


@pytest.mark.parametrize("access", ["terbatas", "tertutup"])
def test_what_is_not_open_keeps_its_own(access, opened, office, seen, read):
    id_ = office.put(hak_akses=access, dasar_pengecualian=BASIS)
    told, page, assessment = seen(id_)
    assert (told["single"], told["list"], told["csv"]) == (None, [None], [""])
    assert "Hasil pemeriksaan" not in page
    assert assessment.status_code == 403


def test_what_was_found_in_a_version_that_waits_stays_inside(opened, office, seen, session, client_of, read):
    from sqlalchemy import text

    id_ = office.put()
    session.execute(text("UPDATE satudata_record SET pending = dataset WHERE id = :id"), {"id": id_})
    session.commit()
    told, page, assessment = seen(id_)
    assert told["single"] > 0
    assert "Yang perlu diperhatikan" not in page
    assert "issues" not in assessment.json
    own = read(f"/datasets/{id_}/assessment", by=client_of("dataset:read", organization=office.id))
    assert own.json["issues"]


def test_what_may_not_be_loaded_tells_nothing(opened, office, session, app, read):
    from sqlalchemy import text

    id_ = office.put()
    session.execute(text("UPDATE satudata_record SET hasil = 'tidak_dimuat' WHERE id = :id"), {"id": id_})
    session.commit()
    assert "Hasil pemeriksaan" not in app.get(f"/dataset/{id_}").body
    assert read(f"/datasets/{id_}/assessment").status_code == 403


def test_without_a_token_it_takes_the_reading_to_be_open(opened, office, read, monkeypatch):
    from ckan.common import config

    id_ = office.put()
    assert read(f"/datasets/{id_}/assessment", by=None).status_code == 401
    monkeypatch.setitem(config, "ckanext.satudata.api.anonymous_read", True)
    assert read(f"/datasets/{id_}/assessment", by=None).json["score"] > 0


@pytest.mark.parametrize("is_open", [True, False])
def test_a_changed_score_is_a_change_for_the_public_where_it_is_told(is_open, office, read, session, monkeypatch):
    from ckan.common import config
    from sqlalchemy import text

    monkeypatch.setitem(config, OPENED, is_open)
    id_ = office.put()
    session.execute(text("UPDATE satudata_record SET score = score - 1 WHERE id = :id"), {"id": id_})
    session.commit()
    before = read("/changes").json["meta"]["cursor"]
    office.put()
    after = read("/changes", after=before).json["data"]
    assert [(one["id"], one["kind"]) for one in after] == ([(id_, "changed")] if is_open else [])
