"""What holds on every page: no error in the console, one language, a picture taken anywhere."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.ui.navigation import PATHS
from tests.app.browser.test_find import POLAR_BEAR, box, chips, hand_over
from tests.app.serving import names

pytestmark = pytest.mark.browser


def shown(page: Page, path: str) -> None:
    """Wait until the page at this path is drawn."""
    drawn = {"": ".opener", "timeline": ".bar", "map": ".dot", "explore": ".st-key-view"}
    page.locator(drawn.get(path, ".about")).first.wait_for()


def test_no_page_that_is_visited_directly_has_an_error_in_the_console(
    page: Page, few_address: str
) -> None:
    errors: list[str] = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda got: got.status >= 400 and errors.append(f"{got.status} {got.url}"))
    for path in PATHS:
        page.goto(f"{few_address}{path}")
        shown(page, path)
        assert errors == [], path


def test_a_language_is_remembered_by_the_browser(page: Page, address: str) -> None:
    page.goto(f"{address}?lang=zh")
    page.get_by_role("link", name="时间线").click()
    expect(page).to_have_url(f"{address}timeline")
    page.locator(".bar").first.wait_for()
    page.reload()
    expect(page.get_by_role("link", name="时间线")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("link", name="时间线")).to_be_visible()
    page.get_by_label("语言").select_option("en")
    expect(page.get_by_role("link", name="Timeline")).to_be_visible()
    page.goto(f"{address}map")
    expect(page.get_by_role("link", name="Timeline")).to_be_visible()
    page.goto(f"{address}?lang=zh")  # a link decides
    expect(page.get_by_role("link", name="时间线")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("timeline", "drop"),
        pytest.param("map", "paste", marks=pytest.mark.long),
        pytest.param("library", "drop", marks=pytest.mark.long),
    ],
)
def test_a_picture_is_taken_on_every_page(page: Page, address: str, path: str, kind: str) -> None:
    page.goto(f"{address}{path}")
    shown(page, path)
    hand_over(page, kind, POLAR_BEAR)
    expect(chips(page)).to_have_text(["Like this picture"])
    assert names(page)[0] == POLAR_BEAR.name
    page.go_back()
    expect(page).to_have_url(f"{address}{path}")
    shown(page, path)


@pytest.mark.long  # test_find.py has it on one
def test_a_file_that_is_no_picture_is_refused_on_every_page(page: Page, address: str) -> None:
    page.goto(f"{address}library")
    shown(page, "library")
    hand_over(page, "drop", POLAR_BEAR, "application/pdf")
    expect(page.get_by_role("status").first).to_contain_text("not a readable picture")
    expect(page).to_have_url(f"{address}library")


def test_a_picture_survives_a_reload_but_no_link_shows_it_to_others(
    other: Page, page: Page, address: str
) -> None:
    page.goto(address)
    box(page).wait_for()
    hand_over(page, "drop", POLAR_BEAR)
    expect(chips(page)).to_have_text(["Like this picture"])
    expect(page).to_have_url(re.compile("picture="))
    page.reload()
    expect(chips(page)).to_have_text(["Like this picture"])
    assert names(page)[0] == POLAR_BEAR.name
    other.goto(page.url)
    expect(other.locator(".notice")).to_contain_text("does not include its picture")
    expect(chips(other)).to_have_count(0)


def test_filters_stay_while_the_query_cannot_be_read(page: Page, address: str) -> None:
    page.goto(f"{address}?q=shape:landscape")
    names(page)
    sidebar = page.get_by_test_id("stSidebar")
    folder = sidebar.locator(".folder").first
    folder.wait_for()
    box(page).fill("nosuchfilter:1")
    box(page).press("Enter")
    expect(sidebar.get_by_text("Correct the query")).to_be_visible()
    expect(sidebar.locator("[inert] .folder").first).to_be_visible()
    expect(sidebar.get_by_role("combobox", name="Camera")).to_be_disabled()
    expect(page.get_by_test_id("stAlert")).to_be_visible()  # the page is drawn to its end
    box(page).fill("shape:portrait")
    box(page).press("Enter")
    expect(sidebar.get_by_text("Correct the query")).to_have_count(0)
    expect(sidebar.get_by_role("combobox", name="Camera")).to_be_enabled()
