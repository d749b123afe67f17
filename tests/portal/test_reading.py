"""Pages can be read without scripts, in Indonesian, on a narrow phone."""

import re
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.portal.conftest import LONG_WORD, fetch, leave, name_of

# Not the letters within an identifier: a UUID may well hold "add".
_WORD = re.compile(r"(?<![\w-])[A-Za-z][A-Za-z'-]*(?![\w-])")
#: Words of CKAN's and our own English pages; none of them is an Indonesian word, a name or a format.
ENGLISH = set(Path(__file__).with_name("english_words.txt").read_text("utf-8").split())
SEEN = """
const found = [document.title];
const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const at = walk.currentNode.parentElement;
  if (at && !at.closest("script, style, noscript, [data-asing], [lang]:not(html)")) found.push(walk.currentNode.data);
}
for (const element of document.querySelectorAll("*"))
  for (const name of ["placeholder", "aria-label", "title", "alt"])
    if (element.hasAttribute(name)) found.push(element.getAttribute(name));
return found;
"""


def pages_for_everyone(web, portal):
    return [
        f"{web}/",
        f"{web}/dataset/",
        f"{web}/dataset/?q=penduduk&sd_kategori=09&sort=title_string+asc",
        f"{web}/dataset/?q=tidakadayangsepertiini",
        f"{web}/dataset/{name_of('Jumlah Penduduk Menurut Kecamatan 1')}",
        f"{web}/dataset/{name_of(f'Indeks {LONG_WORD} Tahun 2024')}",
        f"{web}/dataset/{name_of('Daftar Titik Rawan')}",
        f"{web}/organization/",
        f"{web}/organization/{portal.office['name']}",
        f"{web}/sumber-data",
        f"{web}/sumber-data/{portal.source}",
        f"{web}/user/login",
        f"{web}/about",
        f"{web}/halaman-yang-tidak-ada",
    ]


def pages_inside(web, portal):
    return [
        f"{web}/dataset/{name_of('Jumlah Penduduk Menurut Kecamatan 1')}",
        f"{web}/sumber-data/baru",
        f"{web}/sumber-data/{portal.source}",
        f"{web}/sumber-data/{portal.source}/penarikan/{portal.run}",
        f"{web}/pemeriksaan",
    ]


def english_words(texts):
    words = {word.lower() for text in texts for word in _WORD.findall(text)}
    return words & ENGLISH


def test_no_english_label_is_left_for_the_public(web, portal, browser):
    for url in pages_for_everyone(web, portal):
        browser.get(url)
        assert english_words(browser.execute_script(SEEN)) == set(), url


def test_no_english_label_is_left_for_the_walidata(web, portal, signed_in):
    driver = signed_in(portal.walidata)
    for url in pages_inside(web, portal):
        driver.get(url)
        assert english_words(driver.execute_script(SEEN)) == set(), url


def test_the_word_list_would_notice_an_english_page(web, portal, browser):
    browser.get(f"{web}/en/dataset/")
    assert {"search", "sort", "datasets"} <= english_words(browser.execute_script(SEEN))


def test_nothing_scrolls_sideways_on_a_phone(web, portal, signed_in):
    driver = signed_in(portal.walidata)
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    )
    for url in [*pages_for_everyone(web, portal), *pages_inside(web, portal)]:
        driver.get(url)
        for details in driver.find_elements(By.TAG_NAME, "details"):
            driver.execute_script("arguments[0].open = true", details)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 360, url


def test_a_narrow_page_keeps_its_filters_one_tap_away(web, portal, browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    )
    browser.get(f"{web}/dataset/")
    facets = browser.find_element(By.ID, "saring")
    assert not facets.is_displayed()

    browser.find_element(By.CSS_SELECTOR, ".sd-facets-open").click()

    assert facets.is_displayed()


def test_pages_can_be_read_and_searched_without_scripts(web, portal, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{web}/dataset/")
        browser.find_element(By.NAME, "q").send_keys("indeks")
        leave(browser, browser.find_element(By.CSS_SELECTOR, "form[role=search] button"))
        leave(browser, browser.find_element(By.PARTIAL_LINK_TEXT, "Indeks"))
        text = browser.find_element(By.TAG_NAME, "main").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    assert "Berkas data" in text
    assert "Pemerintahan Umum" in text


def test_facets_narrow_down_and_can_be_taken_back(web, portal, browser):
    browser.get(f"{web}/dataset/")
    leave(browser, browser.find_element(By.PARTIAL_LINK_TEXT, "Pemerintahan Umum"))
    narrowed = browser.find_element(By.CSS_SELECTOR, "#hasil h2").text
    chosen = browser.find_element(By.CSS_SELECTOR, ".sd-chosen a")
    assert "Pemerintahan Umum" in chosen.text
    leave(browser, chosen)

    assert narrowed != browser.find_element(By.CSS_SELECTOR, "#hasil h2").text


def test_a_dataset_page_shows_its_fields_dates_and_source(web, portal):
    page = fetch(f"{web}/dataset/{name_of('Jumlah Penduduk Menurut Kecamatan 1')}").text

    for shown in (
        "Masih dalam proses pemenuhan Prinsip SDI",
        "Dinas Uji Coba",
        "Portal Uji",
        "Pemerintahan Umum",
        "Diperbarui di sumber",
        "4 Maret 2025",
        "Terakhir dicek",
        "Kabupaten Trenggalek",
        "Catatan Walidata",
        "Sudah dicocokkan",
        "https://data.contoh.go.id/1.csv",
        "application/ld+json",
    ):
        assert shown in page, shown


def test_pages_stand_in_english_too(web, portal):
    page = fetch(f"{web}/en/dataset/{name_of('Jumlah Penduduk Menurut Kecamatan 1')}").text

    assert "Still working towards the SDI principles" in page
    assert "General Government" in page


def test_the_language_link_leads_nowhere_else(web):
    page = fetch(f"{web}//contoh.org/x").text

    assert 'href="//' not in page
