"""The demo's complaints application has the habits of its kind: pages behind a key, and people in every field."""

import json
from datetime import datetime

import pytest
import requests

from demo.complaints import CATEGORIES, Complaints, serve_complaints
from demo.regency import districts


@pytest.fixture(scope="module")
def complaints():
    return Complaints(key="rahasia")


@pytest.fixture(scope="module")
def url(complaints):
    with serve_complaints(complaints) as url:
        yield url


def ask(url, key="rahasia", **params):
    return requests.get(f"{url}/api/v1/laporan", params=params, headers={"X-API-Key": key}, timeout=5)


def read_all(url, per_page=500):
    first = ask(url, page=1, per_page=per_page).json()
    pages = range(2, first["meta"]["last_page"] + 1)
    return first["data"] + [row for page in pages for row in ask(url, page=page, per_page=per_page).json()["data"]]


def test_a_wrong_key_and_no_key_are_refused_in_the_applications_own_words(url):
    for answer in (ask(url, key="salah"), requests.get(f"{url}/api/v1/laporan", timeout=5)):
        assert answer.status_code == 401
        assert answer.json() == {"status": "error", "message": "API key tidak valid"}


def test_pages_lead_to_every_report_exactly_once(url, complaints):
    rows = read_all(url)
    assert len({row["tiket"] for row in rows}) == len(rows) == 6000
    assert rows == complaints.rows


def test_a_page_beyond_the_last_is_empty_and_a_page_size_is_capped(url):
    assert ask(url, page=999).json()["data"] == []
    assert len(ask(url, per_page=100_000).json()["data"]) == 500
    assert ask(url).json()["meta"] == {"page": 1, "last_page": 60, "per_page": 100, "total": 6000}


def test_times_are_local_and_without_a_zone(url):
    times = [row["tanggal"] for row in ask(url).json()["data"]]
    assert times == sorted(times, reverse=True)
    assert all(datetime.fromisoformat(time).tzinfo is None and len(time) == 19 for time in times)


def test_every_person_is_somebody_and_nobody_real(complaints):
    people = complaints.people()
    assert len(people) >= 2000
    for values in zip(*((person.name, person.nik, person.phone, person.address) for person in people), strict=True):
        assert len(set(values)) == len(people)
    assert all(len(person.nik) == 16 and person.nik.endswith("9999") for person in people)
    assert all(person.nik[:6] == person.district.code.replace(".", "") for person in people)
    assert all(person.phone.startswith("0844") for person in people)


def test_every_person_has_reported_something_and_free_text_gives_people_away(complaints):
    people = {person.name: person for person in complaints.people()}
    assert {row["nama_pelapor"] for row in complaints.rows} == set(people)
    told = [
        row for row in complaints.rows if any(t in row["isi_laporan"] for t in people[row["nama_pelapor"]].traces())
    ]
    assert len(told) > 2000


def test_traces_cover_every_personal_value_of_a_report(complaints):
    people = {person.nik: person for person in complaints.people()}
    for row in complaints.rows:
        text = json.dumps({key: value for key, value in row.items() if key != "tiket"})
        for trace in sorted(people[row["nik"]].traces(), key=len, reverse=True):
            text = text.replace(trace, "")
        assert not any(mark in text for mark in ("9999", "0844", "+62", "Dusun", "DUSUN")), text


def test_some_cells_are_too_small_to_publish_and_most_are_not(complaints):
    cells = complaints.cells()
    small = [cell for cell, count in cells.items() if count < 5]
    assert 0.05 < len(small) / len(cells) < 0.5
    assert {category for category, _, _ in cells} == set(CATEGORIES)
    assert {name for _, name, _ in cells} == {"-", *(district.name for district in districts())}
    assert {month for _, _, month in cells} == {f"2025-0{month}" for month in range(1, 7)}


def test_reports_of_a_month_s_first_hours_belong_to_that_month_in_local_time(complaints):
    early = [row for row in complaints.rows if row["tanggal"][8:10] == "01" and row["tanggal"][11:13] < "07"]
    assert early  # in UTC these fall into the month before


def test_the_same_seed_makes_the_same_people_and_another_seed_others():
    one, same, other = (Complaints(count=5, population=5, seed=seed) for seed in (1, 1, 2))
    assert one.people() == same.people()
    assert one.rows == same.rows
    assert not {trace for p in one.people() for trace in p.traces()} & {
        trace for p in other.people() for trace in p.traces()
    }


def test_new_reports_shift_the_pages():
    complaints = Complaints(count=50, population=10)
    before = [row["tiket"] for row in complaints.rows]
    complaints.add(10)
    after = [row["tiket"] for row in complaints.rows]
    assert len(after) == 60
    assert set(before) < set(after)


def test_a_page_can_fail_and_recover():
    with serve_complaints(Complaints(count=30, population=10, fail_page=2, failures=1)) as url:
        statuses = [ask(url, key="kunci-peragaan", page=page, per_page=10).status_code for page in (1, 2, 2, 3)]
    assert statuses == [200, 500, 200, 200]


def test_a_firewall_may_answer_instead():
    with serve_complaints(Complaints(count=1, population=1, html=True)) as url:
        answer = ask(url, key="kunci-peragaan")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
