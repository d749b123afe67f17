"""The headless Chromium of the page tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deploy import machine


@contextmanager
def headless_browser(width: int = 1280, height: int = 900) -> Iterator[object]:
    """Start a Chromium that talks to this machine only: no proxy, no update, no request of its own."""
    from selenium import webdriver

    program, driver_program = machine.browser(), machine.browser_driver()
    if program is None or driver_program is None:
        raise RuntimeError("Chromium or its driver is missing: `make test` installs them, or set SATUDATA_BROWSER")
    options = webdriver.ChromeOptions()
    options.binary_location = str(program)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    for argument in (
        "--headless=new",
        "--no-sandbox",  # tests may run as root, where Chromium has no sandbox
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--lang=id",
        f"--window-size={width},{height}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(driver_program)))
    try:
        driver.set_page_load_timeout(60)
        yield driver
    finally:
        driver.quit()
