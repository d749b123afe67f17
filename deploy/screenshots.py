"""Pictures of the running demo for the documentation: `make screenshots` writes them to docs/images."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from deploy.installation import open_installation
from deploy.layout import CHECKOUT

WIDTHS = (1280, 360)
HEIGHT = 900
SOURCE = "portal-kabupaten"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> None:
    """Take the search page and a dataset as the public sees them, and a source as the Walidata does."""
    from tests.browsing import headless_browser  # noqa: PLC0415  # needs the development environment

    installation = open_installation()
    site = installation.site_url
    with headless_browser() as driver:
        pages = {"pencarian": f"{site}/dataset/", "dataset": f"{site}/dataset/{_first_dataset(site)}"}
        for name, address in pages.items():
            _shoot(driver, name, address)
        _sign_in(driver, site, "walidata", (installation.secrets / "login-walidata").read_text("utf-8").strip())
        _shoot(driver, "sumber-data", f"{site}/sumber-data/{SOURCE}")


def _shoot(driver: Any, name: str, address: str) -> None:
    for width in WIDTHS:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        driver.get(address)
        target = CHECKOUT / "docs" / "images" / f"{name}-{width}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(target))
        print(target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target)


def _first_dataset(site: str) -> str:
    with _direct.open(f"{site}/api/3/action/package_search?rows=1&sort=score+desc", timeout=30) as response:
        return str(json.load(response)["result"]["results"][0]["name"])


def _sign_in(driver: Any, site: str, name: str, password: str) -> None:
    driver.get(f"{site}/user/login")
    driver.find_element("name", "login").send_keys(name)
    driver.find_element("name", "password").send_keys(password)
    driver.find_element("name", "password").submit()


if __name__ == "__main__":
    main()
