"""The browser of the tests, of the benchmarks and of the documentation's pictures: Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

# the one without windows starts and draws at half the price, and is the same otherwise
NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)

SIZE: Final[ViewportSize] = {"width": 1440, "height": 900}
NARROW: Final[ViewportSize] = {"width": 390, "height": 844}
WAIT_MS: Final = 60_000  # the models load at the first search


def executable() -> str | None:
    """The path of the first browser that is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own. Playwright keeps an event loop in this thread meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS.split())
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, locale: str = "en-US") -> Iterator[Page]:
    """A window in which nothing moves: each frame would be drawn by the processor."""
    opened = browser.new_page(
        viewport=SIZE, locale=locale, color_scheme="light", reduced_motion="reduce"
    )
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.context.close()
