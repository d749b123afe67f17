"""An office connects its application without a command line; the Walidata publishes what waits."""

import re
from contextlib import ExitStack

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from demo.complaints import Complaints, serve_complaints
from demo.portal import serve_portal
from demo.serving import json_answer, serve
from tests.portal.conftest import leave

pytestmark = pytest.mark.usefixtures("worker", "tick")


@pytest.fixture
def applications(platform, portal):
    """The demo's portal and its complaints application, on ports that the administrator permits."""
    complaints = Complaints()
    with ExitStack() as open_servers:
        yield {
            "portal": open_servers.enter_context(serve_portal(port=platform.allowed_ports[1])),
            "complaints": open_servers.enter_context(serve_complaints(complaints, port=platform.allowed_ports[2])),
            "key": complaints.key,
            "people": complaints,
        }


def fill(driver, **values):
    for name, value in values.items():
        field = driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)


def press(driver, label):
    leave(driver, driver.find_element(By.XPATH, f"//main//button[contains(., '{label}')]"))


def main(driver):
    return driver.find_element(By.TAG_NAME, "main").text


def permit_network(driver, url):
    driver.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    Select(driver.find_element(By.NAME, "network")).select_by_value(
        "127.0.0.1/32:" + url.rpartition(":")[2].split("/")[0]
    )


def wait_until_finished(driver):
    WebDriverWait(driver, 120, 0.3, [StaleElementReferenceException]).until(
        lambda found: "Keadaan dataset dari sumber ini" in main(found)
    )


def test_an_editor_connects_a_portal_previews_starts_and_reads_its_issues(web, portal, applications, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/organization/{portal.office['name']}")
    leave(driver, driver.find_element(By.PARTIAL_LINK_TEXT, "Hubungkan sumber data"))
    fill(driver, title="Portal Kabupaten Peragaan", url=applications["portal"])
    permit_network(driver, applications["portal"])
    press(driver, "Lihat pratinjau")

    preview = main(driver)
    assert "Beginilah dataset pertama akan tersimpan" in preview
    assert re.search(r"Jumlah data menurut aplikasi\s+\d", preview)
    assert "skor Satu Data" in preview

    press(driver, "Simpan dan mulai penarikan")
    assert "/penarikan/" in driver.current_url
    wait_until_finished(driver)

    finished = main(driver)
    assert "E-TAUT-001" in finished
    assert "Dataset ini tidak memiliki tautan yang dapat digunakan." in finished
    assert "tidak dimuat" in finished
    assert driver.find_element(By.PARTIAL_LINK_TEXT, "Unduh daftar temuan").get_attribute("href").endswith(".csv")


def test_the_walidata_approves_the_complaints_dataset(web, portal, applications, signed_in, search_index):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    driver.find_element(By.CSS_SELECTOR, "input[name=kind][value=complaints]").click()
    fill(driver, title="Aduan Warga Peragaan", url=f"{applications['complaints']}/api/v1/laporan")
    permit_network(driver, applications["complaints"])
    fill(driver, key=applications["key"])
    press(driver, "Lihat pratinjau")

    assert "Awal tabel yang akan diterbitkan" in main(driver)
    assert applications["key"] not in driver.page_source
    press(driver, "Simpan dan mulai penarikan")
    wait_until_finished(driver)
    assert re.search(r"1\s+menunggu pemeriksaan", main(driver))

    title = "Jumlah Aduan Warga Menurut Kategori, Kecamatan, dan Bulan"
    driver = signed_in(portal.walidata)
    driver.get(f"{web}/pemeriksaan")
    leave(driver, driver.find_element(By.PARTIAL_LINK_TEXT, "Aduan Warga Peragaan"))
    driver.find_element(By.XPATH, f"//tr[contains(., '{title}')]//input[@type='checkbox']").click()
    press(driver, "Setujui yang dipilih")

    assert "1 dataset disetujui." in main(driver)
    assert title not in driver.find_element(By.TAG_NAME, "main").text.partition("disetujui.")[2]
    search_index.commit()
    driver.delete_all_cookies()
    driver.get(f"{web}/dataset/?q=aduan")
    leave(driver, driver.find_element(By.PARTIAL_LINK_TEXT, title))
    assert "Aduan Warga Peragaan" in main(driver)


def test_a_dataset_is_returned_with_a_reason_its_office_reads(web, portal, signed_in):
    from tests.portal.conftest import name_of

    driver = signed_in(portal.walidata)
    name = name_of("Jumlah Penduduk Menurut Kecamatan 2")
    set_waiting(name)
    driver.get(f"{web}/pemeriksaan?sumber={portal.source}")
    driver.find_element(By.XPATH, "//tr[contains(., 'Kecamatan 2')]//input[@type='checkbox']").click()
    driver.execute_script("document.querySelector('.sd-return').open = true")
    fill(driver, reason="Lengkapi definisi kolom jumlah.")
    press(driver, "Kembalikan kepada OPD")
    assert "1 dataset dikembalikan kepada OPD." in main(driver)

    driver = signed_in(portal.editor)
    driver.get(f"{web}/dataset/{name}")
    assert "Lengkapi definisi kolom jumlah." in main(driver)


def set_waiting(name):
    """Put a dataset into the Walidata's queue, as a source that is `diperiksa` would."""
    import sqlalchemy as sa
    from ckan import model

    from ckanext.satudata.catalog import tables as t
    from ckanext.satudata.catalog.write import Write, write

    row = model.Session.execute(sa.select(t.record).where(t.record.c.name == name)).mappings().one()
    waiting = Write(
        row["source_id"], row["identifier"], "hold", row["owner_org"], status="menunggu", package_id=row["id"]
    )
    write(model.Session, [waiting], actor=None, run=None)
    model.Session.commit()


def test_an_editor_cannot_choose_a_network_the_administrator_does_not_permit(web, portal, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Jaringan Lain", url="http://127.0.0.1:1/")
    driver.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true;"
        "const list = document.querySelector('select[name=network]');"
        "list.add(new Option('10.0.0.0/8:80', '10.0.0.0/8:80')); list.value = '10.0.0.0/8:80';"
    )
    press(driver, "Lihat pratinjau")

    assert "E-SRC-003" in main(driver)


def test_an_internal_address_without_a_permitted_network_is_not_read(web, portal, applications, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Tanpa Jaringan", url=applications["portal"])
    press(driver, "Lihat pratinjau")
    assert "E-TRK-011" in driver.find_element(By.ID, "network-problem").text
    assert "Simpan dan mulai penarikan" not in main(driver)

    driver.find_element(By.CSS_SELECTOR, "input[name=kind][value=ckan]").click()
    press(driver, "Lihat pratinjau")
    assert "Aplikasi belum dapat dibaca." in main(driver)
    assert "Simpan dan mulai penarikan" not in main(driver)


@pytest.fixture
def village_application(platform):
    """An API nobody has described: its own words, its own paging, on a port that the administrator permits."""
    villages = [
        {"kode": f"D{n}", "judul": f"Jumlah Rumah Tangga Desa {n} Tahun 2024", "opd": "Dinas Desa",
         "uraian": f"Rumah tangga di desa {n}.", "url": f"https://desa.contoh.go.id/{n}.csv"}
        for n in range(1, 24)
    ]  # fmt: skip

    class Villages:
        def answer(self, request):
            if not request.path.startswith("/daftar"):
                return json_answer({"error": "tidak ada"}, 404)
            page = int(request.query.get("page", "1"))
            rows = villages[(page - 1) * 10 : page * 10]
            return json_answer({"hasil": {"daftar": rows, "halaman": page, "total": len(villages)}})

    with serve(Villages(), port=platform.allowed_ports[3]) as address:
        yield address


def test_an_application_of_any_shape_is_connected_by_its_address_alone(web, portal, village_application, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Aplikasi Desa", url=f"{village_application}/daftar")
    permit_network(driver, village_application)
    press(driver, "Lihat pratinjau")

    assert re.search(r"Jumlah data menurut aplikasi\s+23", main(driver))
    assert "Jumlah Rumah Tangga Desa 1 Tahun 2024" in main(driver)
    press(driver, "Simpan dan mulai penarikan")
    wait_until_finished(driver)
    assert re.search(r"23\s+(tayang|menunggu|draf|perlu)", main(driver)), main(driver)


def test_an_address_behind_which_nothing_can_be_read_is_answered_with_what_to_do(
    web, portal, village_application, signed_in
):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Bukan Sumber", url=f"{village_application}/lain")
    permit_network(driver, village_application)
    press(driver, "Lihat pratinjau")

    assert driver.find_element(By.NAME, "url").get_attribute("value").endswith("/lain")
    assert re.search(r"E-TRK-0\d\d", driver.find_element(By.ID, "url-problem").text)


def test_an_editor_cannot_add_a_source_for_another_office(web, portal, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Milik Orang Lain", url="https://data.contoh.go.id")
    driver.execute_script("document.querySelector('[name=organization]').value = 'diskominfo'")
    press(driver, "Lihat pratinjau")

    assert "Pilih OPD pemilik data dari daftar." in main(driver)


def test_an_empty_form_says_what_is_missing_and_keeps_what_was_written(web, portal, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Aplikasi Kami")
    press(driver, "Lihat pratinjau")

    assert "Isian “Alamat aplikasi” belum diisi." in main(driver)
    assert driver.find_element(By.NAME, "title").get_attribute("value") == "Aplikasi Kami"


def test_a_variable_of_the_server_is_no_api_key(web, portal, signed_in):
    driver = signed_in(portal.editor)
    driver.get(f"{web}/sumber-data/baru")
    fill(driver, title="Kunci Server", url="https://data.contoh.go.id")
    driver.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    fill(driver, key="env:SECRET_KEY")
    press(driver, "Lihat pratinjau")

    assert "Isikan kunci API itu sendiri." in main(driver)
