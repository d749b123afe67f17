"""The form of a dataset, as an office's editor meets it: in steps, in Indonesian, never refusing, losing nothing."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from satudata_schemas import contract
from tests.portal.conftest import leave, name_of
from tests.portal.test_reading import SEEN, english_words

HARVESTED = "Jumlah Penduduk Menurut Kecamatan 2"
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
STEPS = [step["label"] for step in contract.steps() if step["name"] != "berkas"]
PAGES = len(STEPS)
#: Proper names among the choices.
NAMES = ("UK Open Government Licence", "Open Data Commons")
#: The page as the server sent it: what CKAN's own scripts add to their widgets is not of the form.
AS_SENT = """
const asked = new XMLHttpRequest();
asked.open("GET", location.href, false);
asked.send();
const document = new DOMParser().parseFromString(asked.responseText, "text/html");
"""


#: Of each single text field and drop-down of the form, in the order they stand, whether it holds something.
FILLED = """
const fields = [...document.querySelectorAll("form#dataset-edit .form-group :is(input[type=text], textarea, select)")];
return fields.filter(one => one.name && one.name !== "tag_string" && !one.name.includes("-"))
  .map(one => one.value.trim() !== "");
"""


@pytest.fixture
def editing(web, portal, signed_in):
    """The browser of an editor at a page of the form."""
    driver = signed_in(portal.editor)

    def at(path):
        driver.get(f"{web}{path}")
        return driver

    return at


def shown_steps(driver):
    return [one.text.strip() for one in driver.find_elements(By.CSS_SELECTOR, "ol.sd-steps li")]


def save(driver):
    button = driver.find_element(By.CSS_SELECTOR, "form#dataset-edit button[name=save]")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button)
    leave(driver, button)


def pages(name):
    return ["/dataset/new", *(f"/dataset/edit/{name}/{number}" for number in range(1, PAGES + 1))]


def test_the_steps_are_those_of_the_contract(editing):
    driver = editing("/dataset/new")
    assert shown_steps(driver) == [*STEPS, "Berkas data"]
    driver = editing(f"/dataset/edit/{name_of(HARVESTED)}")
    assert shown_steps(driver) == STEPS


def test_no_english_label_is_left_in_the_form(editing):
    for path in pages(name_of(HARVESTED)):
        driver = editing(path)
        assert driver.find_elements(By.CSS_SELECTOR, "form#dataset-edit"), path
        texts = [text for text in driver.execute_script(AS_SENT + SEEN) if not text.strip().startswith(NAMES)]
        assert english_words(texts) == set(), path


def test_the_form_does_not_scroll_sideways_on_a_phone(editing):
    driver = editing("/")
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        for path in pages(name_of(HARVESTED)):
            editing(path)
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= PHONE["width"], (path, width)
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_is_still_empty_in_a_step_is_asked_first(editing):
    ordered = 0
    for number in range(1, PAGES + 1):
        driver = editing(f"/dataset/edit/{name_of(HARVESTED)}/{number}")
        filled = driver.execute_script(FILLED)
        assert filled == sorted(filled), number
        ordered += len(set(filled)) == 2
    assert ordered > 0


def test_an_incomplete_dataset_is_saved(editing, portal):
    driver = editing("/dataset/new")
    driver.find_element("name", "title").send_keys("Belum Lengkap Sama Sekali")
    driver.execute_script("document.querySelector('[name=name]').value = arguments[0]", f"belum-{portal.source}")
    save(driver)
    assert f"/dataset/new/belum-{portal.source}/2" in driver.current_url
    for _step in range(2, PAGES + 1):
        save(driver)
    made = portal.act("package_show", id=f"belum-{portal.source}")
    assert (made["title"], made["private"]) == ("Belum Lengkap Sama Sekali", True)
    assert not made["extras"]


def test_what_is_edited_survives_the_next_harvest_and_nothing_else_is_touched(editing, portal):
    from ckan import model

    from ckanext.satudata.catalog import tables

    name = name_of(HARVESTED)
    before = portal.act("package_show", id=name)
    for number in range(1, PAGES + 1):
        driver = editing(f"/dataset/edit/{name}/{number}")
        for satuan in driver.find_elements("name", "satuan"):
            satuan.send_keys("jiwa")
        for akses in driver.find_elements("name", "hak_akses"):
            Select(akses).select_by_value("terbuka")
        save(driver)
        assert not driver.find_elements(By.CSS_SELECTOR, ".error-explanation"), number
    after = portal.act("package_show", id=name)
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    assert changed == {"satuan", "hak_akses", "metadata_modified"}
    model.Session.rollback()
    held = model.Session.execute(tables.held.select().filter_by(package_id=before["id"])).mappings()
    assert {(row["field"], row["value"]) for row in held} == {("satuan", "jiwa"), ("hak_akses", "terbuka")}
