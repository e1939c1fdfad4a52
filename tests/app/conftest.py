"""A browser for the tests that need one; and what Streamlit's test harness leaves is put right."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from streamlit import config
from streamlit.components.v2.manifest_scanner import scan_component_manifests

from indexer.library.library import Library, open_library
from indexer.serving.access import LOOPBACK
from tests.app import chromium
from tests.app.scripts import Scripts
from tests.commands import starter_library
from tests.conftest import SAMPLE, made_once

FOLDERS = (
    "Animals/Arctic",
    "América",
    "Home",
    "USA road trip",
)  # of the sample: where few photos come from
# runs before the scripts of each page that a test opens: the first one forgets the tests before
FORGET = """
if (location.protocol === "http:" && sessionStorage.test !== "{test}") {
  localStorage.clear();
  sessionStorage.clear();
  sessionStorage.test = "{test}";
}
"""


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """AppTest puts its script in the place of __main__, which processes spawned later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True, scope="session")
def harness_on_loopback() -> None:
    """AppTest listens nowhere; the page is to take it for a server of this machine alone."""
    config.set_option("server.address", LOOPBACK)


@pytest.fixture(autouse=True, scope="session")
def packages_scanned_once() -> Iterator[None]:
    """Each AppTest, and each server, reads of every installed package what components it has."""
    scan = "streamlit.components.v2.manifest_scanner.scan_component_manifests"
    with patch(scan, cache(scan_component_manifests)):
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. Playwright keeps an event loop in this thread: asyncio.run() needs another one."""
    if chromium.executable() is None:
        pytest.fail(
            "these tests need Chromium: 'apt-get install chromium-headless-shell', or leave them "
            "out with -m 'not browser'"
        )
    expect.set_options(timeout=chromium.WAIT_MS)  # the machine may be busy
    with chromium.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def window(browser: Browser) -> Iterator[Page]:
    """The window of all tests: it loads the page once, and has its scripts compiled from then on.

    Another window takes a process of its own, and a second of the processor to be as far.
    """
    with chromium.window(browser) as window:
        yield window


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window as if it were new; a test may change its size, its colours and its motion."""
    window.context.clear_cookies()
    window.context.clear_permissions()
    window.mouse.move(0, 0)
    with window.add_init_script(FORGET.replace("{test}", str(uuid4()))):
        yield window
        window.unroute_all()
        window.goto("about:blank")
    window.set_viewport_size(chromium.SIZE)
    window.emulate_media(color_scheme="light", reduced_motion="reduce")


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """A window of somebody else."""
    with chromium.window(browser) as window:
        yield window


@pytest.fixture(scope="session")
def scripts(browser: Browser) -> Iterator[Scripts]:
    """The page's scripts in a page of their own."""
    page = browser.new_page()
    page.set_default_timeout(chromium.WAIT_MS)
    opened = Scripts(page)
    opened.open()
    yield opened
    page.close()


@pytest.fixture(scope="session")
def few_photos(run_directory: Path) -> Iterator[Library]:
    """A library of few photos, explored; one is there twice, once smaller."""
    directory = made_once(run_directory / "few", _make_few_photos)
    library = open_library(directory / "library")
    yield library
    library.close()


def _make_few_photos(directory: Path) -> None:
    photos = directory / "photos"
    photos.mkdir()
    for folder in FOLDERS:
        for path in sorted((SAMPLE / folder).rglob("*.jpg"))[:5]:
            shutil.copy(path, photos)
    original = min(photos.iterdir())
    with Image.open(original) as image:
        image.resize((image.width // 2, image.height // 2)).save(photos / "smaller.jpg")
    library = starter_library(directory / "library")
    with closing(library), library.writing():
        library.add_root(photos)
        library.rebuild()
        library.explore()
