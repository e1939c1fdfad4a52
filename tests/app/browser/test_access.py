"""axe-core finds nothing serious on any page, light and dark; and where a narrow screen shows it
otherwise, narrow too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from indexer.environment import PASSWORD
from indexer.library.library import Library
from indexer.serving.access import Access
from tests.app.chromium import NARROW
from tests.app.serving import names, search, served
from tests.commands import starter_library
from tests.depth import at_depth

pytestmark = pytest.mark.browser

# Where to go, and what is there when the page is.
PAGES = {
    "": ".stButton",
    "?q=animals&all=1": ".opener",
    "?q=animals+sort:date+-year:2016": ".chip",
    "?q=a+spoonful+of+quantum+mechanics": ".opener",
    "?q=colour:red": ".stAlert",
    "timeline": ".opener",
    "map": ".dot",
    "explore": ".group",
    "explore?group=0": ".opener",
    "explore?view=look-alikes": ".card",
    "library": ".about",
}
EVERYDAY = ("", "?q=animals&all=1")
OTHERS = [where for where in PAGES if where not in EVERYDAY]  # they have the same parts
SERIOUS = {"serious", "critical"}
# Streamlit takes on the colours of the system while one looks.
BACKGROUND = "getComputedStyle(document.querySelector('.stApp, body:has(> main)')).backgroundColor"
# Streamlit may show a text a moment before the style that the page sends along with it.
IS_STYLED = (
    "!document.querySelector('.stApp') || "  # the login has its style in its document
    "[...document.styleSheets].some(sheet => /\\.brand/.test(sheet.ownerNode.textContent))"
)


@pytest.fixture
def address(few_address: str) -> str:
    return few_address


@pytest.fixture
def narrow(page: Page) -> Page:
    page.set_viewport_size(NARROW)
    return page


@pytest.mark.parametrize("where", [*EVERYDAY, *at_depth(*OTHERS)])
def test_axe_finds_nothing_serious(page: Page, address: str, where: str) -> None:
    page.goto(address + where)
    page.locator(PAGES[where]).first.wait_for()
    assert serious(page) == []


@pytest.mark.parametrize("where", at_depth("?q=animals&all=1", "explore", "library"))
def test_axe_finds_nothing_serious_on_a_narrow_screen(
    narrow: Page, address: str, where: str
) -> None:
    narrow.goto(address + where)
    narrow.locator(PAGES[where]).first.wait_for()
    assert serious(narrow) == []


def suggestions(page: Page) -> None:
    page.get_by_label("Search your photos").press_sequentially("year")
    page.locator(".option").first.wait_for()


def photo(page: Page) -> None:
    search(page, "after:1900")
    names(page)
    page.locator(".opener").first.click()
    page.locator(".sheet .picture").wait_for()


def selection(page: Page) -> None:
    search(page, "after:1900")
    names(page)
    page.get_by_role("checkbox").first.click()
    page.locator(".st-key-selection_bar").wait_for()


def export(page: Page) -> None:
    selection(page)
    page.get_by_role("button", name="Export").click()
    page.locator(".exports").wait_for()


def copy(page: Page) -> None:
    selection(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    page.locator(".st-key-picker_trail").wait_for()


@pytest.mark.parametrize("open_it", [photo, *at_depth(suggestions, export, copy)])
def test_axe_finds_nothing_serious_in_what_opens(
    page: Page, address: str, open_it: Callable[[Page], None]
) -> None:
    page.goto(address)
    open_it(page)
    assert serious(page) == []


@pytest.mark.parametrize("open_it", at_depth(photo, selection))
def test_axe_finds_nothing_serious_in_what_opens_on_a_narrow_screen(
    narrow: Page, address: str, open_it: Callable[[Page], None]
) -> None:
    narrow.goto(address)
    open_it(narrow)
    assert serious(narrow) == []


@pytest.mark.long
def test_axe_finds_nothing_serious_in_the_login(page: Page, few_photos: Library) -> None:
    with served(few_photos.path, Access("0.0.0.0"), **{PASSWORD: "correct horse"}) as address:
        page.goto(address)
        page.get_by_label("Password", exact=True).fill("wrong horse")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("Wrong password.")).to_be_visible()
        assert serious(page) == []


@pytest.mark.long
def test_axe_finds_nothing_serious_in_the_welcome(page: Page, tmp_path: Path) -> None:
    (tmp_path / "home" / "Pictures").mkdir(parents=True)
    library = starter_library(tmp_path / "library")
    with served(library.path) as address:
        page.goto(address)
        page.get_by_role("button", name="Pictures").click()
        page.get_by_role("button", name="Add “").wait_for()
        assert serious(page) == []
    library.close()


# Streamlit pales what it draws again, and fades it in and out.
IS_AT_REST = """
    !document.querySelector('[data-stale=true], .stSpinner')
    && !document.querySelector('[data-test-script-state=running]')
    && document.getAnimations().every((one) => one.playState !== 'running')
"""


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, in the light and in the dark."""
    page.wait_for_function(IS_STYLED)
    page.evaluate(AXE_SCRIPT)
    light = page.evaluate(BACKGROUND)
    found = [f"light: {one}" for one in _found(page)]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => {BACKGROUND} !== light", arg=light)
    found += [f"dark: {one}" for one in _found(page)]
    page.emulate_media(color_scheme="light")
    return found


def _found(page: Page) -> list[str]:
    """A line for each place. What was pale, as the page was drawn again meanwhile, is not twice."""
    return _found_once(page) and _found_once(page)


def _found_once(page: Page) -> list[str]:
    page.wait_for_function(IS_AT_REST)
    told: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        re.sub(r"\s+", " ", f"{violation['id']}: {node['html'][:300]} {node['failureSummary']}")
        for violation in told["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
