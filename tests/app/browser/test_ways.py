"""Other ways to use the page: with the keyboard alone, without motion, without a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app.serving import names, served
from tests.conftest import SAMPLE
from tests.depth import deeper

pytestmark = pytest.mark.browser

POLAR_BEAR = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"
STOPS = 120  # of Tab, on the way to what is looked for
# Elements, those within components too, that would move for longer than anybody sees.
MOVING = """() => {
  const moving = [];
  const walk = (node) => {
    if (node.nodeType === Node.ELEMENT_NODE) {
      const { transitionDuration, animationName, animationDuration } = getComputedStyle(node);
      const lasts = [transitionDuration, animationName === "none" ? "0s" : animationDuration];
      if (lasts.some((one) => one.split(", ").some((part) => parseFloat(part) > 0)))
        moving.push(node.outerHTML.slice(0, 120));
    }
    for (const child of [...node.childNodes, ...(node.shadowRoot?.childNodes ?? [])]) walk(child);
  };
  walk(document.body);
  return moving;
}"""


def tab_to(page: Page, goal: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(STOPS):
        if goal.evaluate("one => one.getRootNode().activeElement === one"):
            return
        page.keyboard.press("Tab")
    at = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    pytest.fail(f"{goal} is not reached with Tab, which is at {at}")


def test_whole_journey_with_the_keyboard_alone(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Search your photos").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("a polar bear in the snow")
    page.keyboard.press("Enter")
    assert names(page)[0] == POLAR_BEAR.name
    tab_to(page, page.get_by_role("button", name="Show weaker matches too"))
    page.keyboard.press("Enter")
    second = page.locator(".opener").nth(1)
    second.wait_for()
    page.keyboard.press("/")
    tab_to(page, page.locator(".opener").first)
    page.keyboard.press("Enter")
    expect(page.locator(".sheet .name")).to_have_text(POLAR_BEAR.name)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sheet .name")).not_to_have_text(POLAR_BEAR.name)
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("photo="))  # else the next act still speaks of it
    expect(second).to_be_focused()
    page.keyboard.press("x")
    bar = page.locator(".st-key-selection_bar")
    expect(bar).to_contain_text("1 photo selected")
    tab_to(page, bar.get_by_role("button", name="Export"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    link = dialog.get_by_role("link", name="zip")
    link.wait_for()
    tab_to(page, link)
    with page.expect_download() as downloading:
        page.keyboard.press("Enter")
    assert downloading.value.suggested_filename == "photos.zip"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    library = page.get_by_role("link", name="Library")
    library.wait_for()
    tab_to(page, library)
    page.keyboard.press("Enter")
    expect(page.locator(".about")).to_be_visible()


def test_nothing_moves_for_who_wants_no_motion(page: Page, address: str) -> None:
    page.goto(f"{address}?q=animals&all=1")
    page.locator(".opener").first.click()
    page.locator(".sheet .name").wait_for()
    assert page.evaluate(MOVING) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []


@pytest.mark.parametrize(
    ("language", "title", "missing"),
    [
        ("en", "Recollect is not responding", "Page not found"),
        pytest.param("zh", "Recollect 没有响应", "没有这个页面", marks=pytest.mark.long),
    ],
)
def test_lost_server_and_unknown_page_are_named_in_our_words(
    page: Page, sample_library: Path, language: str, title: str, missing: str
) -> None:
    dialog = page.get_by_role("dialog")
    with served(sample_library) as address:
        page.goto(f"{address}nowhere?lang={language}")
        expect(dialog.get_by_role("heading", name=missing)).to_be_visible()
        expect(dialog.get_by_text("main page")).to_be_hidden()
        page.keyboard.press("Escape")
        page.locator(".opener").first.wait_for()
        for path in ("map/x", "nowhere/deep/map")[: deeper(1) - 1]:
            page.goto(f"{address}{path}?lang={language}")
            expect(dialog.get_by_role("heading", name=missing)).to_be_visible()
            page.keyboard.press("Escape")
            page.locator(".opener").first.wait_for()
    expect(dialog.get_by_role("heading", name=title)).to_be_visible()
    expect(dialog.get_by_text("Streamlit")).to_be_hidden()
