"""What the Walidata and an office take back in the browser: a run, a held value, a dataset that must not exist."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By

from tests.portal.conftest import fetch, leave, name_of

PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}


def _work(run_id):
    from ckanext.satudata.harvest import engine

    assert engine.run(run_id)


def _text(driver):
    return driver.find_element(By.TAG_NAME, "main").text


def _fits_a_phone(driver, url):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    driver.get(url)
    width = driver.execute_script("return document.documentElement.scrollWidth")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return width <= PHONE["width"]


@pytest.fixture
def dataset(loaded_ckan, portal):
    """Address of a page and its dataset's id, of one that is nobody else's in these tests: `dataset(7)`."""
    from ckan import model

    def find(number):
        with loaded_ckan.flask.test_request_context():
            name = name_of(f"Jumlah Penduduk Menurut Kecamatan {number}")
            return name, model.Package.get(name).id

    return find


def test_a_held_value_is_shown_beside_the_sources_and_given_back(web, portal, signed_in, dataset, loaded_ckan):
    name, id_ = dataset(7)
    with loaded_ckan.flask.test_request_context():
        portal.act("package_patch", id=id_, konsep="Konsep yang ditulis orang")
    driver = signed_in(portal.editor)
    driver.get(f"{web}/dataset/{name}")
    panel = driver.find_element(By.CSS_SELECTOR, "[aria-labelledby=dipertahankan]")
    assert "Konsep yang ditulis orang" in panel.text
    assert "Nilai sumber: Penduduk" in panel.text
    assert _fits_a_phone(driver, f"{web}/dataset/{name}")
    driver.get(f"{web}/dataset/{name}")
    panel = driver.find_element(By.CSS_SELECTOR, "[aria-labelledby=dipertahankan]")
    panel.find_element(By.CSS_SELECTOR, "input[type=checkbox]").click()
    leave(driver, panel.find_element(By.TAG_NAME, "button"))
    assert "Isian dikembalikan kepada nilai sumbernya." in _text(driver)
    assert driver.find_elements(By.CSS_SELECTOR, "[aria-labelledby=dipertahankan]") == []
    assert "Konsep yang ditulis orang" not in _text(driver)


def test_suggestions_are_accepted_and_stay_marked(web, portal, signed_in, dataset):
    name, _id = dataset(8)
    driver = signed_in(portal.editor)
    driver.get(f"{web}/dataset/{name}")
    panel = driver.find_element(By.CSS_SELECTOR, "[aria-labelledby=saran]")
    leave(driver, panel.find_element(By.TAG_NAME, "button"))
    held = driver.find_element(By.CSS_SELECTOR, "[aria-labelledby=dipertahankan]")
    assert "perkiraan" in held.text
    assert driver.find_elements(By.CSS_SELECTOR, "[aria-labelledby=saran]") == []


def test_the_history_tells_what_each_version_changed(web, portal, signed_in, dataset, loaded_ckan):
    name, id_ = dataset(9)
    with loaded_ckan.flask.test_request_context():
        portal.act("package_patch", id=id_, notes="Uraian yang ditulis kemudian.")
    driver = signed_in(portal.editor)
    driver.get(f"{web}/dataset/{name}")
    leave(driver, driver.find_element(By.LINK_TEXT, "Riwayat dataset"))
    assert "penarikan data" in _text(driver)
    assert "disunting pada portal" in _text(driver)
    leave(driver, driver.find_element(By.LINK_TEXT, "2"))
    assert "Uraian yang ditulis kemudian." in _text(driver)
    assert "Yang berubah pada versi 2" in _text(driver)
    assert _fits_a_phone(driver, f"{web}/dataset/{id_}/riwayat?versi=2")


def test_a_dataset_is_erased_and_its_incident_told(web, portal, signed_in, dataset):
    name, _id = dataset(10)
    driver = signed_in(portal.walidata)
    driver.get(f"{web}/dataset/{name}")
    leave(driver, driver.find_element(By.LINK_TEXT, "Hapus permanen"))
    assert "Tindakan ini tidak dapat diurungkan." in _text(driver)
    assert _fits_a_phone(driver, f"{web}/dataset/{name}/hapus-permanen")
    driver.get(f"{web}/dataset/{name}/hapus-permanen")
    driver.find_element(By.ID, "reason").send_keys("Memuat data pribadi warga.")
    driver.find_element(By.ID, "yakin").click()
    leave(driver, driver.find_element(By.CSS_SELECTOR, "main form button[type=submit]"))
    told = _text(driver)
    assert "Catatan insiden" in told
    assert "Sisa waktu 71 jam" in told
    assert "Dihapus dari indeks pencarian" in told
    assert "Kecamatan 10" not in told
    here = driver.current_url
    assert fetch(f"{web}/dataset/{name}").status == 404
    assert _fits_a_phone(driver, here)
    driver.get(f"{web}/insiden")
    assert "Menunggu pemberitahuan" in _text(driver)
    assert _fits_a_phone(driver, f"{web}/insiden")
    driver.get(f"{web}/pemeriksaan")
    assert "1 insiden menunggu pemberitahuan." in _text(driver)
    driver.get(here)
    driver.find_element(By.ID, "notes").send_keys("Surat nomor 12 kepada lembaga.")
    leave(driver, driver.find_element(By.CSS_SELECTOR, "aside form button"))
    assert "Surat nomor 12 kepada lembaga." in _text(driver)
    assert "Selesai." in _text(driver)


def test_only_the_walidata_erases_and_reads_incidents(web, portal, cookie_of, dataset):
    name, _id = dataset(11)
    editor = cookie_of(portal.editor)
    for path in (f"/dataset/{name}/hapus-permanen", "/insiden", "/insiden/tidak-ada"):
        assert fetch(web + path, cookie=editor).status == 403, path
        assert fetch(web + path).status == 302, path


def test_only_its_office_reads_a_history(web, portal, cookie_of, dataset):
    name, _id = dataset(11)
    assert fetch(f"{web}/dataset/{name}/riwayat", cookie=cookie_of(portal.stranger)).status == 403
    assert fetch(f"{web}/dataset/{name}/riwayat").status == 302
    assert fetch(f"{web}/dataset/tidak-ada/riwayat", cookie=cookie_of(portal.editor)).status == 404


def test_what_a_run_touched_is_a_table_for_a_spreadsheet(web, portal, cookie_of):
    answer = fetch(
        f"{web}/sumber-data/{portal.source}/penarikan/{portal.run}/perubahan.csv", cookie=cookie_of(portal.editor)
    )
    assert answer.status == 200
    assert answer.text.startswith("\ufeffperubahan,judul")
    assert "Jumlah Penduduk Menurut Kecamatan 12" in answer.text
    stranger = cookie_of(portal.stranger)
    path = f"/sumber-data/{portal.source}/penarikan/{portal.run}/perubahan.csv"
    assert fetch(web + path, cookie=stranger).status == 403


def test_a_run_is_taken_back_in_the_browser(web, portal, signed_in, loaded_ckan):
    """Last: it withdraws what the tests before it looked at."""
    page = f"{web}/sumber-data/{portal.source}/penarikan/{portal.run}"
    driver = signed_in(portal.editor)
    driver.get(page)
    assert "Urungkan penarikan ini" not in _text(driver)

    driver = signed_in(portal.walidata)
    driver.get(page)
    driver.find_element(By.CSS_SELECTOR, "details.sd-return summary").click()
    assert "Ya, urungkan" in _text(driver)
    leave(driver, driver.find_element(By.CSS_SELECTOR, "details.sd-return button"))
    undo = driver.current_url.rsplit("/", 1)[1]
    assert undo != portal.run
    with loaded_ckan.flask.test_request_context():
        _work(undo)
    driver.get(driver.current_url)
    told = _text(driver)
    assert "Pengurungan penarikan" in told
    assert "Selesai" in told
    assert "Dibiarkan seperti adanya" in told  # what was edited in the tests before
    assert _fits_a_phone(driver, driver.current_url)
    driver.get(page)
    assert "Penarikan ini diurungkan." in _text(driver)
    assert _fits_a_phone(driver, page)
