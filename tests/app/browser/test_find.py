"""Finding, as a person does it: suggestions, chips, filters, orders, a picture to search by."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app.chromium import NARROW
from tests.app.serving import names, search
from tests.conftest import SAMPLE
from tests.depth import at_depth

pytestmark = pytest.mark.browser

POLAR_BEAR = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"
# what a browser hands over when a file is dropped, or pasted
HAND_OVER = """([kind, name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const init = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...init, clipboardData: transfer })
    : new DragEvent(kind, { ...init, dataTransfer: transfer });
  document.body.dispatchEvent(event);
}"""


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search your photos")


def chips(page: Page) -> Locator:
    return page.locator(".chip .label")


def hand_over(page: Page, kind: str, photo: Path, type_: str = "image/jpeg") -> None:
    """Once the page listens."""
    page.locator(".box, .taker").first.wait_for(state="attached")
    base64 = b64encode(photo.read_bytes()).decode()
    page.evaluate(HAND_OVER, [kind, photo.name, type_, base64])


def test_suggestions_come_from_the_library_and_are_chosen_by_keys(page: Page, address: str) -> None:
    page.goto(address)
    box(page).press_sequentially("a polar bear nik")
    option = page.get_by_role("option", name="NIKON D750")
    expect(option).to_contain_text('camera:"NIKON D750"')
    for _ in range(page.locator(".option").count()):
        page.keyboard.press("ArrowDown")
        if option.get_attribute("aria-selected") == "true":
            break
    page.keyboard.press("Enter")
    expect(chips(page)).to_have_text(["NIKON D750"])
    assert POLAR_BEAR.name in names(page)
    expect(box(page)).to_have_value('a polar bear camera:"NIKON D750"')
    box(page).fill("")
    expect(page.locator(".option").first).to_have_text('a polar bear camera:"NIKON D750"')
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()


@pytest.mark.long  # test_completion.py suggests cities, the sample's queries have one
def test_a_city_finds_what_was_taken_in_it(page: Page, address: str) -> None:
    page.goto(address)
    box(page).press_sequentially("lutetia pari")
    page.get_by_role("option", name="Paris, France").click()
    expect(box(page)).to_have_value(re.compile(r"^lutetia near:Paris,24km$"))
    expect(chips(page)).to_have_text(["Within 24 km of Paris, France"])
    search(page, "near:paris")
    assert names(page) == ["IMG_3301.jpg"]


def test_each_filter_is_a_chip_with_a_cross_and_back_brings_it_back(
    page: Page, address: str
) -> None:
    page.goto(f"{address}?q=animals+shape:landscape+-year:2016&all=1")
    expect(chips(page)).to_have_text(["Landscape", "Not: 2016"])
    page.get_by_role("button", name="Remove: Not: 2016").click()
    expect(chips(page)).to_have_text(["Landscape"])
    expect(box(page)).to_have_value("animals shape:landscape")
    page.go_back()
    expect(chips(page)).to_have_text(["Landscape", "Not: 2016"])
    expect(box(page)).to_have_value("animals shape:landscape -year:2016")
    page.go_forward()
    expect(chips(page)).to_have_text(["Landscape"])


def test_filters_beside_the_results_write_themselves_into_the_query(
    page: Page, address: str
) -> None:
    page.goto(f"{address}?q=animals&all=1")
    names(page)
    page.locator(".folder", has_text="Animals").click()
    expect(box(page)).to_have_value(re.compile(r"animals folder:\S+/Animals/$"))
    page.get_by_text("Landscape", exact=True).click()
    expect(box(page)).to_have_value(re.compile(r"/Animals/ shape:landscape$"))
    expect(chips(page)).to_have_text(["Animals", "Landscape"])
    page.locator(".folder", has_text="Animals").click()
    expect(box(page)).to_have_value("animals shape:landscape")
    page.get_by_role("combobox", name="Camera").click()
    page.get_by_role("option", name="NIKON D750").click()
    expect(box(page)).to_have_value('animals shape:landscape camera:"NIKON D750"')
    search(page, "animals")
    expect(chips(page)).to_have_count(0)
    search(page, "")
    expect(page.get_by_role("button", name="snow in the mountains")).to_be_visible()


@pytest.mark.long  # test_map.py has a span by keys
def test_a_span_of_months_is_chosen_with_the_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}?q=animals&all=1")
    first = page.get_by_role("slider", name="First month")
    expect(first).to_have_attribute("aria-valuetext", "May 2009")
    for _ in range(2):
        first.press("ArrowRight")
    expect(box(page)).to_have_value("animals after:2009-07-01")
    expect(chips(page)).to_have_text(["From July 2009"])
    page.get_by_role("slider", name="Last month").press("Home")
    expect(box(page)).to_have_value("animals before:2009-08-01")
    expect(chips(page)).to_have_text(["Until July 2009"])
    page.get_by_role("button", name="Remove: Until July 2009").click()
    expect(first).to_have_attribute("aria-valuetext", "May 2009")


def test_newest_first_is_in_months_and_in_the_query(page: Page, address: str) -> None:
    page.goto(f"{address}?q=a+bird")
    best_first = names(page)
    page.get_by_text("Newest", exact=True).click()
    expect(box(page)).to_have_value("a bird sort:date")
    expect(page.locator(".month").first).to_be_visible()
    months = page.locator(".month").all_inner_texts()
    years = [int(month.split()[-1]) for month in months]
    assert len(set(months)) == len(months) > 1
    assert years == sorted(years, reverse=True)
    assert sorted(names(page)) == sorted(best_first)
    page.get_by_text("Best match", exact=True).click()
    expect(box(page)).to_have_value("a bird")
    expect(page.locator(".month")).to_have_count(0)


@pytest.mark.parametrize("kind", ["drop", *at_depth("paste")])
def test_a_picture_is_searched_by_alone_and_with_words(page: Page, address: str, kind: str) -> None:
    page.goto(address)
    box(page).wait_for()
    hand_over(page, kind, POLAR_BEAR)
    expect(chips(page)).to_have_text(["Like this picture"])
    assert names(page)[0] == POLAR_BEAR.name
    search(page, "in the snow camera:nikon")
    expect(chips(page)).to_have_text(["Like this picture", "nikon"])
    assert names(page)[0] == POLAR_BEAR.name
    assert len(page.url) < len(address) + 80  # the picture itself is in no address
    page.get_by_role("button", name="Remove: Like this picture").click()
    expect(chips(page)).to_have_text(["nikon"])
    page.go_back()
    expect(chips(page)).to_have_text(["Like this picture", "nikon"])


def test_what_is_no_picture_is_refused(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address)
    (tmp_path / "torn.jpg").write_bytes(POLAR_BEAR.read_bytes()[:400])
    box(page).wait_for()
    hand_over(page, "drop", tmp_path / "torn.jpg")
    expect(page.locator(".notice")).to_contain_text("cannot be read")
    hand_over(page, "drop", tmp_path / "torn.jpg", "application/pdf")
    expect(page.locator(".notice")).to_contain_text("not a readable picture")


@pytest.mark.long  # test_ways.py has a whole journey by keys
def test_everything_is_reached_by_the_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}?q=animals+year:2016&all=1")
    names(page)
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [one for one in reached if one in ("clear", "give", "cross")] == [
        "clear",
        "give",
        "cross",
    ]
    assert "opener" in reached
    page.keyboard.press("/")
    page.keyboard.type("/")  # in the box it is a character
    expect(box(page)).to_have_value(re.compile("/$"))


FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at.className;
}"""


@pytest.mark.long  # test_pages.py has two people
def test_two_people_search_at_once(other: Page, page: Page, address: str) -> None:
    for one in (page, other):
        one.goto(address)
        box(one).wait_for()
    search(page, "a polar bear in the snow")
    hand_over(other, "drop", POLAR_BEAR)
    expect(chips(other)).to_have_text(["Like this picture"])
    expect(box(other)).to_have_value("")
    expect(chips(page)).to_have_count(0)
    expect(box(page)).to_have_value("a polar bear in the snow")
    box(other).click()
    expect(other.get_by_role("listbox")).to_be_hidden()  # what the other asks stays with the other


@pytest.mark.long  # test_journeys.py has a narrow screen
def test_filters_of_a_narrow_screen_are_a_click_away(page: Page, address: str) -> None:
    page.set_viewport_size(NARROW)
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}?q=animals&all=1")
    names(page)
    expect(page.get_by_text("Landscape", exact=True)).not_to_be_in_viewport()
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_text("Landscape", exact=True).click()
    expect(box(page)).to_have_value("animals shape:landscape")
