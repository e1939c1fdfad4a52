"""A browser for the tests that need one; and what Streamlit's test harness leaves is put right."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from streamlit import config

from indexer.library.library import Library, open_library
from indexer.serving.access import LOOPBACK
from tests.app.scripts import Scripts
from tests.app.serving import WAIT_MS, served
from tests.conftest import SAMPLE

FOLDERS = (
    "Animals/Arctic",
    "América",
    "Home",
    "USA road trip",
)  # of the sample: where few photos come from
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail(
            "these tests need Chromium: 'apt-get install chromium', or leave them out "
            "with -m 'not browser'"
        )
    expect.set_options(timeout=WAIT_MS)  # the machine may be busy
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(WAIT_MS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Scripts]:
    """The page's scripts in a page of their own."""
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    opened = Scripts(page)
    opened.open()
    yield opened
    page.close()


@pytest.fixture(scope="session")
def few_photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of so few photos that it is explored at once; one is there twice, once smaller."""
    directory = tmp_path_factory.mktemp("few")
    photos = directory / "photos"
    photos.mkdir()
    for folder in FOLDERS:
        for path in sorted((SAMPLE / folder).rglob("*.jpg"))[:5]:
            shutil.copy(path, photos)
    original = min(photos.iterdir())
    with Image.open(original) as image:
        image.resize((image.width // 2, image.height // 2)).save(photos / "smaller.jpg")
    library = open_library(directory / "library", create=True, model="starter")
    with library.writing():
        library.add_root(photos)
        library.rebuild()
    yield library
    library.close()


@pytest.fixture(scope="module")
def address(sample_library: Path) -> Iterator[str]:
    """The page over the sample's library."""
    with served(sample_library) as address:
        yield address
