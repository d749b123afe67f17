"""Each ready-made template gives, of its demo application, the table that the raw rows give when counted by hand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from demo.office import Office
from demo.serving import serve
from satudata_harvesters.aggregate import TOTAL, aggregate_pages, describe, to_csv
from satudata_harvesters.source import http_for, load_source
from satudata_harvesters.values import number
from satudata_schemas.assess import assess
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference
from tests.harvesters.solving import Reader

SOURCES = Path(__file__).parents[2] / "demo" / "sources"
TODAY = date(2025, 11, 3)
MONTHS = "januari februari maret april mei juni juli agustus september oktober november desember".split()  # noqa: SIM905
DISEASES = {"J06.9": "ISPA", "I10": "Hipertensi", "E11.9": "Diabetes", "A09": "Diare", "K29.7": "Gastritis",
            "M79.1": "Nyeri otot", "L20": "Dermatitis"}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    made = Office(population=260, key="rahasia-uji", seed=11)
    made.folder = tmp_path_factory.mktemp("berkas")
    made.write(made.folder)
    with serve(made) as made.url:
        yield made


@pytest.fixture
def counted(office, monkeypatch):
    """Counts a source of the demo; gives its table and its rules."""
    monkeypatch.setenv("SATUDATA_FOLDER", str(office.folder))

    def count(name):
        text = (SOURCES / f"{name}.yaml").read_text("utf-8")
        for place, value in {"url": office.url, "port": str(urlsplit(office.url).port), "key": office.key}.items():
            text = text.replace(f"{{office_{place}}}", value)
        source = load_source(text)
        pages = source.open(http_for(source, permitted=source.allow_networks)).pages()
        return aggregate_pages(pages, source.aggregation, today=TODAY), source

    return count


def month_of(written):
    """A date of the e-office, read by hand."""
    words = written.split()
    if len(words) == 3:
        return f"{words[2]}-{MONTHS.index(words[1].lower()) + 1:02d}"
    return written[:7] if written[4] == "-" else f"{written[6:]}-{written[3:5]}"


def licences(office):
    cells = defaultdict(lambda: [0, 0])
    for row in office.licences:
        code = row["kd_daerah"]
        cell = cells[row["kbli"][:2], f"{code[:2]}.{code[2:4]}.{code[4:6]}", row["tgl_terbit"][:7]]
        cell[0] += 1
        cell[1] += int(row["jumlah_investasi"])
    return dict(cells)


def staff(office):
    sex = {"L": "Laki-laki", "P": "Perempuan"}
    return {
        cell: [count]
        for cell, count in Counter(
            (row["golongan"].split("/")[0], sex[row["jenis_kelamin"]], row["unit_kerja"], "2025-Q4")
            for row in office.staff
        ).items()
    }  # fmt: skip


def letters(office):
    return {
        cell: [count]
        for cell, count in Counter(
            (row["Unit Pengolah"], row["Jenis Naskah"], row["Arah"], month_of(row["Tanggal"]))
            for row in office.letters
        ).items()
    }  # fmt: skip


def attendance(office):
    cells = defaultdict(lambda: [0, 0, 0, 0.0])
    for name, rows in office.attendance.items():
        for row in rows:
            cell = cells[row["OPD"], name[8:15]]
            cell[0] += 1
            cell[1] += row["Hari Kerja"]
            cell[2] += row["Hadir"]
    for cell in cells.values():
        cell[3] = round(100 * cell[2] / cell[1], 2)
    return dict(cells)


def health(office):
    visits, patients = Counter(), defaultdict(set)
    for rows in office.visits.values():
        for row in rows:
            day = row["Tanggal"]
            cell = (DISEASES.get(row["Diagnosa"], "Lainnya"), row["Kode Kecamatan"], f"{day[6:]}-{day[3:5]}")
            visits[cell] += 1
            patients[cell].add(row["No RM"])
    return {cell: [count, len(patients[cell])] for cell, count in visits.items()}


def budget(office):
    cells = defaultdict(lambda: [0, 0, 0.0])
    for row in office.budget:
        month = MONTHS.index(row["Bulan"].split()[0].lower()) + 1
        account = ".".join(row["Kode Rekening"].split(".")[:3])
        cell = cells[row["Nama SKPD"], account, f"2025-Q{(month + 2) // 3}"]
        cell[0] += row["Anggaran"]
        spent = row["Realisasi"]
        cell[1] += int(spent.replace(".", "")) if isinstance(spent, str) else spent
    for cell in cells.values():
        cell[2] = round(100 * cell[1] / cell[0], 2)
    return dict(cells)


def service_desk(office):
    cells = Counter()
    for row in office.messages:
        at = datetime.fromisoformat(row["at"].replace("Z", "+00:00")) + timedelta(hours=7)
        topic = row["topic"] or "Tidak diketahui"
        cells[topic, f"{at:%Y-%m-%d}"] += 1
    return {cell: [count] for cell, count in cells.items()}


#: template -> (how its raw rows are counted by hand, how many of its figures tell how many there are)
TEMPLATES = {
    "licences": (licences, None), "staff": (staff, 0), "letters": (letters, None), "attendance": (attendance, 0),
    "health": (health, 1), "budget": (budget, None), "service_desk": (service_desk, 0),
}  # fmt: skip


def cells_of(table):
    """The published figures by coordinates: of codes and names, the codes."""
    found = {}
    figures = len(table.rules.measures)
    for line in table.rows:
        told, at = [], 0
        for group in table.rules.group_by:
            told.append(group.coordinate(line[at : at + len(group.columns)]))
            at += len(group.columns)
        found[tuple(told)] = line[-figures:]
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_table_is_the_one_counted_by_hand(name, counted, office):
    by_hand, people = TEMPLATES[name]
    expected = by_hand(office)
    table, source = counted(name)
    if table.level:
        assert name == "service_desk"
        months = Counter()
        for (topic, day), [count] in expected.items():
            months[topic, day[:7]] += count
        expected = {cell: [count] for cell, count in months.items()}
    published = {cell: line for cell, line in cells_of(table).items() if TOTAL not in cell}
    assert published
    assert {cell: [float(one) for one in line] for cell, line in published.items()} == {
        cell: [float(one) for one in expected[cell]] for cell in published
    }
    hidden = set(expected) - set(published)
    if people is None:
        assert hidden == set()
    else:
        k = source.aggregation.k
        small = {cell for cell, line in expected.items() if line[people] < k}
        assert small <= hidden
        if not source.aggregation.totals:
            assert hidden == small
    assert table.suppressed == len(hidden)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_totals_are_right_and_give_no_hidden_cell_away(name, counted, office):
    by_hand, _ = TEMPLATES[name]
    table, _ = counted(name)
    groups = [group.name for group in table.rules.group_by]
    truth = {cell: int(line[0]) for cell, line in by_hand(office).items()}
    if table.level:
        truth = {}
    sums = defaultdict(list)
    for names in table.rules.totals:
        for cell in list(truth):
            total = tuple(one if groups[at] in names else TOTAL for at, one in enumerate(cell))
            sums[total].append(cell)
    whole = truth | {total: sum(truth[cell] for cell in cells) for total, cells in sums.items()}
    published = {cell: line[0] for cell, line in cells_of(table).items()}
    if not table.level:
        assert {cell: whole[cell] for cell in published} == published
    reader = Reader()
    reader.take(whole, published, list(sums.items()))
    assert reader.told() == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_nobody_is_in_the_table_its_metadata_or_what_is_kept_of_it(name, counted, office):
    table, source = counted(name)
    dataset = describe(table, source.aggregation, today=TODAY)
    kept = json.dumps([one.to_json() for one in table.released.periods.values()], ensure_ascii=False)
    text = to_csv(table).decode() + json.dumps(dataset, ensure_ascii=False) + kept + json.dumps(table.told())
    assert [trace for person in office.people for trace in person.traces() if trace in text] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_dataset_is_fit_to_be_published(name, counted):
    table, source = counted(name)
    dataset = describe(table, source.aggregation, today=TODAY)
    files = [{"name": "a", "format": "CSV", "url": "https://contoh.go.id/a.csv", "kamus_data": table.kamus_data}]
    given = {**dataset, "identifier": "x", "owner_org": "x", "resources": files}
    judged = assess(given, Profile.load("transisi"), reference=Reference.load())
    assert judged.hasil == "layak", [issue.code for issue in judged.issues]
    assert [(issue.code, issue.pointer) for issue in judged.issues if issue.code.startswith("E-")] == []
    assert judged.conforms, [(issue.code, issue.pointer) for issue in judged.issues]


def test_amounts_written_as_text_are_numbers(office):
    assert any(isinstance(row["Realisasi"], str) for row in office.budget)
    assert number("1.250.000") == 1_250_000
