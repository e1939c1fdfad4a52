"""The library as a picture, and photos that are nearly the same, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.explore.atlas import THUMBNAIL_PX
from indexer.explore import atlas
from indexer.library.library import Library
from tests.app.serving import EXPLORED_MS, names, served

pytestmark = pytest.mark.browser

MARGIN_PX = 44  # of atlas_view.js


@pytest.fixture
def address(few_address: str) -> str:
    return few_address


NOTE_THUMBNAILS = """
window.thumbnails = [];
document.addEventListener("recollect-pictures", ({ detail }) => {
  window.thumbnails.push(...Object.values(detail).filter(Boolean));
});
"""
# The longer edge of each.
SIZES = """() => Promise.all(window.thumbnails.map(async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  return Math.max(image.naturalWidth, image.naturalHeight);
}))"""


@pytest.fixture
def explored(page: Page, address: str) -> Iterator[Page]:
    """The picture; `thumbnails` has what came."""
    with page.add_init_script(NOTE_THUMBNAILS):
        page.goto(f"{address}explore")
        page.locator(".group").first.wait_for()
        yield page


@pytest.mark.long  # at the lowest priority: a busy machine takes minutes
def test_what_is_not_drawn_yet_is_drawn_by_the_page(page: Page, own_library: Path) -> None:
    with served(own_library) as address:
        page.goto(f"{address}explore")
        page.locator(".group").first.wait_for(timeout=EXPLORED_MS)
        computing = page.locator(".st-key-explore [data-testid=stCaptionContainer]")
        expect(computing).to_have_count(0)


def test_group_is_chosen_by_key_shows_its_photos_and_is_searched_for(explored: Page) -> None:
    explored.wait_for_function("window.thumbnails.length > 0")
    assert set(explored.evaluate(SIZES)) == {THUMBNAIL_PX}
    group = explored.locator(".group").first
    count = int(group.locator(".count").inner_text())
    group.focus()
    explored.keyboard.press("Enter")
    expect(explored).to_have_url(re.compile(r"group=\d"))
    assert len(names(explored)) == count
    expect(group).to_have_attribute("aria-pressed", "true")
    heading = explored.get_by_role("heading", level=3)
    expect(heading).to_have_text(
        f"{group.locator('.label').inner_text()} · {count} photo{'s'[: count > 1]}"
    )
    explored.go_back()
    expect(heading).to_have_count(0)
    explored.go_forward()
    expect(heading).to_have_count(1)
    assert len(names(explored)) == count  # the page is drawn, and the button with it
    explored.get_by_role("button", name="More like these").click()
    expect(explored.get_by_label("Search your photos")).to_have_value(re.compile(r"#\d+"))


@pytest.mark.long  # test_atlas_scripts.py has both
def test_click_on_a_point_opens_its_photo_and_a_line_around_all_chooses_them(
    explored: Page, few_photos: Library
) -> None:
    drawn = atlas.load(few_photos.path, few_photos.model_id)
    box = explored.locator(".canvas").bounding_box()
    assert drawn
    assert box
    place = drawn.places[drawn.places[:, 0].argmin()]  # at the left, away from the buttons
    size = box["width"] - 2 * MARGIN_PX, box["height"] - 2 * MARGIN_PX
    x, y = (MARGIN_PX + part * of for part, of in zip(place.tolist(), size, strict=True))
    explored.locator(".canvas").click(position={"x": x, "y": y})
    expect(explored.locator(".sheet .name")).to_be_visible()
    expect(explored).to_have_url(re.compile(r"photo=\d+"))
    explored.keyboard.press("Escape")
    expect(explored.locator(".canvas")).to_be_focused()
    explored.get_by_role("button", name="Draw around photos").click()
    left, top = box["x"] + 5, box["y"] + 5
    right, bottom = left + box["width"] - 10, top + box["height"] - 10
    explored.mouse.move(left, top)
    explored.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        explored.mouse.move(x, y, steps=10)
    explored.mouse.up()
    expect(explored).to_have_url(re.compile(r"area=-\d+"))
    assert len(names(explored)) == few_photos.status().photos
    explored.get_by_role("button", name="Close").click()
    expect(explored.locator(".opener")).to_have_count(0)


def test_look_alikes_are_side_by_side_the_largest_marked(explored: Page) -> None:
    explored.get_by_text("Near-duplicates", exact=True).click()
    expect(explored).to_have_url(re.compile("view=look-alikes"))
    cards = explored.locator(".card")
    expect(cards).to_have_count(2)
    expect(cards.first.locator(".mark")).to_have_text("Largest")
    expect(cards.last.locator(".name")).to_have_text("smaller.jpg")
    explored.get_by_role("button", name="Select all but the largest").click()
    expect(explored.locator(".st-key-selection_bar")).to_contain_text("1 photo selected")
    cards.first.locator(".open").click()
    expect(explored.locator(".sheet .name")).to_be_visible()
