"""Tables in files: at an address, behind a share link, in a folder."""

from __future__ import annotations

import pytest

from satudata_harvesters.connectors.table import FOLDER_VARIABLE, ROWS_PER_PAGE, TableFiles
from satudata_harvesters.errors import ConfigError, SourceError
from satudata_harvesters.mapping import Mapping
from satudata_harvesters.share_links import file_address, is_login, is_share_link
from tests.harvesters.site import answer
from tests.harvesters.until import until_it_fails

ONEDRIVE = "https://api.onedrive.com/v1.0/shares"
LIST = """Daftar Data Dinas Pertanian;;;
ID;Judul Dataset;Nama OPD;Link Akses
d-1;Luas Panen;Dinas Pertanian;https://a.go.id/1.csv
d-2;Produksi Padi;Dinas Pertanian;https://a.go.id/2.csv
"""


@pytest.fixture
def table(serve, client):
    def make(body, **config):
        at = serve(lambda _: answer(body.encode() if isinstance(body, str) else body, Content_Type="text/csv"))
        return TableFiles({"url": at.url + "/daftar.csv", **config}, client(at))

    return make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "terbuka"))
    (tmp_path / "terbuka" / "penduduk").mkdir(parents=True)
    return tmp_path / "terbuka"


def test_a_list_of_datasets_becomes_datasets(table):
    [page] = table(LIST).pages()
    found = [Mapping().apply(record) for record in page.records]
    assert [one.identifier for one in found] == ["d-1", "d-2"]
    assert found[0].dataset["title"] == "Luas Panen"
    assert found[0].dataset["produsen_data_name"] == "Dinas Pertanian"
    assert found[0].dataset["resources"][0]["url"] == "https://a.go.id/1.csv"


def test_many_rows_come_on_many_pages_and_can_be_resumed(table):
    body = "kode,nilai\n" + "".join(f"k-{n},{n}\n" for n in range(ROWS_PER_PAGE * 2 + 7))
    pages = list(table(body, shape="rows").pages())
    assert [len(page.records) for page in pages] == [ROWS_PER_PAGE, ROWS_PER_PAGE, 7]
    rest = list(table(body, shape="rows").pages(after=pages[0].checkpoint))
    assert [page.records for page in rest] == [page.records for page in pages[1:]]
    assert rest[-1].last


def test_a_file_can_be_one_dataset_with_its_data_dictionary(table):
    [page] = table("tahun,jumlah_penduduk\n2023,5\n2024,6\n", shape="files").pages()
    [record] = page.records
    [resource] = record["resources"]
    assert record["identifier"] == "daftar.csv"
    assert [column["nama"] for column in resource["kamus_data"]] == ["tahun", "jumlah_penduduk"]


def test_a_folder_is_read_file_by_file(folder, client):
    for name in ("b.csv", "a.csv", "catatan.md"):
        (folder / "penduduk" / name).write_text("kecamatan,jumlah\nA,1\nB,2\n")
    pages = list(TableFiles({"url": "folder:penduduk", "shape": "files"}, client()).pages())
    assert [page.records[0]["identifier"] for page in pages] == ["penduduk/a.csv", "penduduk/b.csv"]
    assert [page.last for page in pages] == [False, True]
    known = {page.key: page.validators for page in pages}
    (folder / "penduduk" / "b.csv").write_text("kecamatan,jumlah\nA,9\nC,2\n")
    again = list(TableFiles({"url": "folder:penduduk", "shape": "files"}, client()).pages(validators=known))
    assert [page.unchanged for page in again] == [True, False]


@pytest.mark.parametrize("name", ["../rahasia", "/etc", "penduduk/../../rahasia"])
def test_a_way_out_of_the_folder_is_found_when_the_source_is_saved(name):
    with pytest.raises(ConfigError):
        TableFiles.check({"url": f"folder:{name}"})


def test_a_link_out_of_the_folder_is_not_followed(folder, client, tmp_path):
    (tmp_path / "rahasia.csv").write_text("nama,nilai\nx,1\n")
    (folder / "penduduk" / "keluar.csv").symlink_to(tmp_path / "rahasia.csv")
    [page] = TableFiles({"url": "folder:penduduk", "shape": "rows"}, client()).pages()
    assert page.records == []


def test_no_folder_is_read_unless_the_administrator_has_set_one(client, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    _, error = until_it_fails(TableFiles({"url": "folder:penduduk"}, client()).pages())
    assert error.code == "E-TRK-026"


@pytest.mark.parametrize(
    ("shared", "file"),
    [
        ("https://docs.google.com/spreadsheets/d/1AbC-9/edit#gid=77", "https://docs.google.com/spreadsheets/d/1AbC-9/export?format=csv&gid=77"),
        ("https://docs.google.com/spreadsheets/d/1AbC/edit?usp=sharing", "https://docs.google.com/spreadsheets/d/1AbC/export?format=csv"),
        ("https://docs.google.com/spreadsheets/d/e/2PACX-x/pubhtml", "https://docs.google.com/spreadsheets/d/e/2PACX-x/pub?output=csv"),
        ("https://drive.google.com/file/d/1XyZ/view?usp=sharing", "https://drive.google.com/uc?export=download&id=1XyZ"),
        ("https://drive.google.com/open?id=1XyZ", "https://drive.google.com/uc?export=download&id=1XyZ"),
        (
            "https://1drv.ms/x/s!AbC",
            f"{ONEDRIVE}/u!aHR0cHM6Ly8xZHJ2Lm1zL3gvcyFBYkM/{'root'}/content",
        ),
        ("https://kantor.sharepoint.com/:x:/s/data/Ek?e=1", "https://kantor.sharepoint.com/:x:/s/data/Ek?e=1&download=1"),
        ("https://www.dropbox.com/s/x/a.csv?dl=0", "https://www.dropbox.com/s/x/a.csv?dl=1"),
        ("https://data.go.id/a.csv", "https://data.go.id/a.csv"),
    ],
)  # fmt: skip
def test_a_share_link_leads_to_its_file(shared, file):
    assert file_address(shared) == file
    assert is_share_link(shared) == (shared != file)


@pytest.mark.parametrize(
    "url", ["https://accounts.google.com/ServiceLogin?x=1", "https://login.microsoftonline.com/common/oauth2"]
)
def test_a_login_page_is_known(url):
    assert is_login(url)


def test_a_private_file_is_answered_with_how_to_share_it(serve, client, monkeypatch):
    at = serve(lambda _: answer("<!doctype html><title>Sign in</title>"))
    monkeypatch.setattr("satudata_harvesters.connectors.table.file_address", lambda _: at.url)
    monkeypatch.setattr("satudata_harvesters.connectors.table.is_share_link", lambda _: True)
    _, error = until_it_fails(TableFiles({"url": "https://docs.google.com/spreadsheets/d/1/edit"}, client(at)).pages())
    assert error.code == "E-TRK-024"
    assert "Bagikan" in error.remedy("id")


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7", b"\x89PNG\r\n", b"PK\x03\x04broken"])
def test_what_is_no_table_is_said_to_be_none(table, body):
    _, error = until_it_fails(table(body).pages())
    assert error.code.startswith("E-TBL-")
    assert error.message("id")
    assert error.remedy("id")


def test_a_sheet_that_is_not_there_is_named(table):
    with pytest.raises(SourceError) as caught:
        list(table(LIST, sheet="Lembar 9").pages())
    assert caught.value.params["reason"] == "Lembar 9"


@pytest.mark.heavy
def test_every_recorded_table_is_read(recorded, client, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(recorded))
    pages = list(TableFiles({"url": "folder:tables", "shape": "files"}, client()).pages())
    assert len(pages) == len(list((recorded / "tables").iterdir()))
    assert pages[-1].last
