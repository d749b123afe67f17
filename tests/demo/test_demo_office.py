"""Each ready-made template gives, of its demo application, the table that the raw rows give when counted by hand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from contextlib import contextmanager
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


@contextmanager
def working(made, folder):
    made.folder = folder
    made.write(folder)
    with serve(made) as made.url:
        yield made


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with working(Office(population=230, key="rahasia-uji", seed=11), tmp_path_factory.mktemp("berkas")) as made:
        yield made


@pytest.fixture(scope="module")
def corrected(tmp_path_factory):
    """The same office after somebody has mended its records: some rows are gone, some are others."""
    made = Office(population=230, key="rahasia-uji", seed=11)
    lists = [made.licences, made.letters, made.budget, made.messages, made.staff]
    for rows in [*lists, *made.attendance.values(), *made.visits.values()]:
        del rows[::41]
    for rows, column in ((made.licences, "kbli"), (made.letters, "Arah"), (made.messages, "topic")):
        for one, other in zip(rows[5::29], rows[6::29], strict=False):
            one[column] = other[column]
    for rows in made.visits.values():
        for row in rows[3::31]:
            row["Diagnosa"] = "A09"
    with working(made, tmp_path_factory.mktemp("koreksi")):
        yield made


@pytest.fixture(scope="module")
def known():
    """What has been counted already."""
    return {}


@pytest.fixture
def counted(office, known, monkeypatch):
    """Counts a source of the demo; gives its table and the source."""

    def count(name, of=office, released=None):
        if released is None and name in known:
            return known[name]
        monkeypatch.setenv("SATUDATA_FOLDER", str(of.folder))
        text = (SOURCES / f"{name}.yaml").read_text("utf-8")
        for place, value in {"url": of.url, "port": str(urlsplit(of.url).port), "key": of.key}.items():
            text = text.replace(f"{{office_{place}}}", value)
        source = load_source(text)
        pages = source.open(http_for(source, permitted=source.allow_networks)).pages()
        found = aggregate_pages(pages, source.aggregation, today=TODAY, released=released), source
        return known.setdefault(name, found) if released is None else found

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


def health(office, level=0):
    visits, patients = Counter(), defaultdict(set)
    for rows in office.visits.values():
        for row in rows:
            day = row["Tanggal"]
            period = f"{day[6:]}-Q{(int(day[3:5]) + 2) // 3}" if level else f"{day[6:]}-{day[3:5]}"
            cell = (DISEASES.get(row["Diagnosa"], "Lainnya"), row["Kode Kecamatan"], period)
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


def service_desk(office, level=0):
    cells = Counter()
    for row in office.messages:
        at = datetime.fromisoformat(row["at"].replace("Z", "+00:00")) + timedelta(hours=7)
        topic = row["topic"] or "Tidak diketahui"
        cells[topic, f"{at:%Y-%m}" if level else f"{at:%Y-%m-%d}"] += 1
    return {cell: [count] for cell, count in cells.items()}


#: template -> (how its raw rows are counted by hand, which of its figures tells how many people there are)
TEMPLATES = {
    "licences": (licences, None), "staff": (staff, 0), "letters": (letters, None), "attendance": (attendance, 0),
    "health": (health, 1), "budget": (budget, None), "service_desk": (service_desk, 0),
}  # fmt: skip


def counted_by_hand(name, office, table):
    """The true figures of every cell, as coarse as the table is."""
    by_hand, _ = TEMPLATES[name]
    return by_hand(office, table.level) if table.level else by_hand(office)


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
    table, source = counted(name)
    expected = counted_by_hand(name, office, table)
    people = TEMPLATES[name][1]
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


def sums_of(name, office, table):
    """(the true count of every cell and total, which total is the sum of which cells)"""
    groups = [group.name for group in table.rules.group_by]
    truth = {cell: int(line[0]) for cell, line in counted_by_hand(name, office, table).items()}
    sums = defaultdict(list)
    for names in table.rules.totals:
        for cell in truth:
            sums[tuple(one if groups[at] in names else TOTAL for at, one in enumerate(cell))].append(cell)
    return truth | {total: sum(truth[cell] for cell in cells) for total, cells in sums.items()}, list(sums.items())


@pytest.mark.heavy  # a second office with all its files, counted and solved
@pytest.mark.parametrize("name", TEMPLATES)
def test_totals_and_a_second_release_with_corrections_give_no_hidden_cell_away(name, counted, office, corrected):
    reader, released = Reader(), None
    for one in (office, corrected):
        table, _ = counted(name, one, released)
        whole, sums = sums_of(name, one, table)
        published = {cell: line[0] for cell, line in cells_of(table).items()}
        fresh = {report.period for report in table.periods if report.state != "dipertahankan"}
        at = table.rules.period_at
        assert {cell: whole[cell] for cell in published if cell[at] in fresh} == {
            cell: count for cell, count in published.items() if cell[at] in fresh
        }
        # The second look at a quarter of staff changes nothing; what a correction cannot hide any more is held back.
        held = any(issue.code == "W-AGR-006" for issue in table.issues)
        assert fresh or held or (name == "staff" and one is corrected)
        current = [(total, cells) for total, cells in sums if total[at] in fresh]
        reader.take(whole, {cell: count for cell, count in published.items() if cell[at] in fresh}, current)
        assert reader.told() == set()
        released = table.released


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
