"""Takes docs/page.jpg, the picture in the README: the page with a query over data/sample.

    python docs/make_screenshot.py LIBRARY [PORT]

LIBRARY is one of data/sample, as `make run` leaves it in data/library; of a copy at a path that
may be seen, as the page shows it. Needs Chromium, and fonts for the names in many scripts.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect, sync_playwright

from indexer.serve import HOST, page_served

QUERY = "a palace"
SIZE = {"width": 1440, "height": 900}
WAIT_MS = 60_000  # the server starts and the model loads
QUALITY = 88  # of a JPEG: the page is mostly photos


def photograph(page: Page, address: str, target: Path) -> None:
    """Write what the page at `address` shows once its pictures are there."""
    page.goto(address)
    pictures = page.locator("img.picture")
    expect(pictures.first).to_be_visible(timeout=WAIT_MS)
    page.wait_for_function("[...document.querySelectorAll('img')].every((image) => image.complete)")
    page.screenshot(path=target, type="jpeg", quality=QUALITY)


def main() -> None:
    library, port = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8599
    address = f"http://{HOST}:{port}/?{urlencode({'q': QUERY})}"
    with page_served(library, port, on_exit=lambda: None), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(WAIT_MS)
        wait_for_server(page, address)
        photograph(page, address, Path(__file__).with_name("page.jpg"))
        browser.close()


def wait_for_server(page: Page, address: str) -> None:
    """Until the server answers; it starts in a process of its own."""
    for _ in range(WAIT_MS // 500):
        try:
            page.goto(address)
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            page.wait_for_timeout(500)
        else:
            return


if __name__ == "__main__":
    main()
