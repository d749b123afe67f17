"""Pictures of the running demo for the documentation: `make screenshots` writes them to docs/images.

The search page and a dataset as the public sees them, a source and its last run as the Walidata does, each on a desk's
screen and on a phone's.
"""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.installation import open_installation
from deploy.layout import CHECKOUT

SOURCE = "portal-kabupaten"
QUERY = "kesehatan"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Screen:
    """A screen's width in CSS pixels, and how much of a page's height is shown at most."""

    width: int
    tallest: int


SCREENS = (Screen(1280, 1150), Screen(360, 1000))


def main() -> None:
    """Take every picture; the demo must be running."""
    from tests.browsing import headless_browser  # noqa: PLC0415  # needs the development environment

    installation = open_installation()
    site = installation.site_url
    driver: Any
    with headless_browser() as driver:
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        _shoot(driver, "search", f"{site}/dataset/?q={QUERY}")
        _shoot(driver, "dataset", f"{site}/dataset/{_first_dataset(site)}")
        _sign_in(driver, site, "walidata", (installation.secrets / "login-walidata").read_text("utf-8").strip())
        _shoot(driver, "source", f"{site}/sumber-data/{SOURCE}")
        _shoot(driver, "run", _last_run(driver, site))


def _shoot(driver: Any, name: str, address: str) -> None:
    for screen in SCREENS:
        _resize(driver, screen.width, 800)
        driver.get(address)
        height = int(driver.execute_script("return document.documentElement.scrollHeight"))
        _resize(driver, screen.width, min(height, screen.tallest))
        target = CHECKOUT / "docs" / "images" / f"{name}-{screen.width}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(target))
        print(target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target)


def _resize(driver: Any, width: int, height: int) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def _first_dataset(site: str) -> str:
    """The published dataset that the catalogue describes best."""
    search = f"{site}/api/3/action/package_search?rows=1&q={QUERY}&sort=score+desc,metadata_modified+desc"
    with _direct.open(search, timeout=30) as response:
        return str(json.load(response)["result"]["results"][0]["name"])


def _last_run(driver: Any, site: str) -> str:
    driver.get(f"{site}/sumber-data/{SOURCE}")
    link = driver.find_element("css selector", f"a[href*='/sumber-data/{SOURCE}/penarikan/']")
    return str(link.get_attribute("href"))


def _sign_in(driver: Any, site: str, name: str, password: str) -> None:
    driver.get(f"{site}/user/login")
    driver.find_element("name", "login").send_keys(name)
    driver.find_element("name", "password").send_keys(password)
    driver.find_element("css selector", "main form button").click()


if __name__ == "__main__":
    main()
