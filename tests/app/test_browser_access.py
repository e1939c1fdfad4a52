"""axe-core finds nothing serious on the pages that show the whole library, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from indexer.library import Library
from tests.app.serving import WAIT_MS, served

pytestmark = pytest.mark.browser

# Where to go, and what is there when the page is.
PAGES = {
    "timeline": ".cell",
    "map": ".dot",
    "explore": ".group",
    "explore?group=0": ".cell",
    "explore?view=look-alikes": ".card",
}
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def address(few_photos: Library) -> Iterator[str]:
    with served(few_photos.path) as address:
        yield address


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    return "dark" if request.param == "dark" else "light"


@pytest.fixture(scope="module")
def coloured(browser: Browser, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """One page in these colours, for all places to go."""
    page = browser.new_page(
        viewport={"width": 1440, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page.set_default_timeout(WAIT_MS)
    yield page
    page.close()


@pytest.mark.parametrize("where", PAGES)
def test_axe_finds_nothing_serious(coloured: Page, address: str, where: str) -> None:
    coloured.goto(address + where)
    coloured.locator(PAGES[where]).first.wait_for()
    assert serious(coloured) == []


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, a line for each place."""
    page.wait_for_function("!document.querySelector('[data-stale=true], .stSpinner')")
    page.evaluate(AXE_SCRIPT)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
