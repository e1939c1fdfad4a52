"""The timeline and the map, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page, expect

from tests.app.serving import names, served
from tests.commands import starter_library
from tests.depth import deeper
from tests.photos import make_photo

pytestmark = pytest.mark.browser

BEAR = "IMG_2034.jpg"  # November 2017
DENSE = 7  # photos from north to south, and from west to east
SEARCH = "Search your photos"


@pytest.fixture
def dense_library(tmp_path: Path) -> Path:
    """Photos everywhere around Paris: nowhere is a gap between them."""
    for number in range(DENSE**2):
        exif = Image.Exif()
        latitude, longitude = 48.6 + number // DENSE * 0.061, 2.1 + number % DENSE * 0.083
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (latitude, 0, 0), 3: "E"})
        exif.get_ifd(ExifTags.IFD.GPSInfo)[4] = (longitude, 0, 0)
        make_photo(tmp_path / "photos" / f"{number}.jpg", "red", seed=number, exif=exif)
    library = starter_library(tmp_path / "library")
    with library.writing():
        library.add_root(tmp_path / "photos")
        library.rebuild()
    library.close()
    return tmp_path / "library"


def test_month_of_the_timeline_shows_its_photos(page: Page, address: str) -> None:
    page.goto(f"{address}timeline")
    everything = len(names(page))
    page.get_by_role("button", name="November 2017: 1 photo").click()
    expect(page).to_have_url(re.compile("months=2017-11..2017-11"))
    expect(page.locator(".opener .name")).to_have_text([BEAR])
    expect(page.locator(".month")).to_have_text(["November 2017"])
    page.get_by_role("button", name="2017", exact=True).click()
    expect(page.get_by_text("January 2017 – December 2017")).to_be_visible()
    expect(page.locator(".opener")).to_have_count(9)
    page.go_back()
    expect(page.locator(".opener .name")).to_have_text([BEAR])
    page.get_by_role("button", name="All years").click()
    expect(page.locator(".opener")).to_have_count(everything)


def test_span_is_chosen_by_dragging_and_by_key(page: Page, address: str) -> None:
    page.goto(f"{address}timeline")
    bars = page.locator(".bar")
    bars.first.wait_for()
    months = [bars.nth(place).get_attribute("data-month") for place in (3, 6)]
    bars.nth(3).scroll_into_view_if_needed()
    start, end = bars.nth(3).bounding_box(), bars.nth(6).bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 2, start["y"] + start["height"] - 3)
    page.mouse.down()
    page.mouse.move(end["x"] + 2, end["y"] + end["height"] - 3, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"months={months[0]}..{months[1]}"))
    expect(page.locator(".bar[aria-pressed=true]")).to_have_count(4)
    bars.nth(3).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".bar[aria-pressed=true]")).to_have_count(1)
    names(page)  # nothing moves any more
    slots = page.locator(".year", has_text="2017").locator(".slot")
    slots.first.scroll_into_view_if_needed()
    months = [slots.nth(place).get_attribute("data-month") for place in (0, 1)]
    start, end = slots.nth(0).bounding_box(), slots.nth(1).bounding_box()  # without photos
    assert start
    assert end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] - 40, steps=5)  # above the months
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"months={months[0]}..{months[1]}"))


@pytest.mark.long  # the grid and the sheet are those of the search
def test_photo_of_the_timeline_opens_and_finds_more_like_it(page: Page, address: str) -> None:
    page.goto(f"{address}timeline?months=2017-11..2017-11")
    page.locator(".opener").click()
    expect(page.locator(".sheet .name")).to_have_text(BEAR)
    page.get_by_role("button", name="More like this").click()
    expect(page.get_by_label(SEARCH)).to_have_value(re.compile(r"#\d+"))
    assert BEAR not in names(page)  # its nearest, without itself
    page.go_back()
    expect(page.locator(".timeline")).to_be_visible()
    expect(page).to_have_url(re.compile(r"timeline\?months=2017-11..2017-11&photo=\d+$"))


def test_cluster_of_the_map_searches_near_there(
    page: Page, address: str, asked_tiles: list[str]
) -> None:
    page.goto(f"{address}map")
    page.locator(".dot").first.wait_for()
    far = page.locator(".dot").count()
    page.get_by_role("button", name="Zoom out").click()
    expect(page.locator(".dot")).not_to_have_count(far)
    page.get_by_role("button", name=re.compile(r"1 photo · 13\.2° S, 72\.5° W")).click()
    expect(page.get_by_label(SEARCH)).to_have_value("near:-13.2..-13.15,-72.55..-72.5")
    assert names(page) == ["Huayna Picchu.jpg"]
    assert asked_tiles == []
    page.go_back()
    page.locator(".dot").first.wait_for()
    expect(page).to_have_url(f"{address}map")
    expect(page.get_by_text("The place is added to this query")).to_have_count(0)


@pytest.mark.long  # test_facets.py compares the numbers, the one before clicks
def test_a_cluster_finds_as_many_photos_as_it_says(page: Page, address: str) -> None:
    page.goto(f"{address}map")
    page.locator(".dot").first.wait_for()
    for place in range(min(page.locator(".dot").count(), deeper(3))):
        dot = page.locator(".dot").nth(place)
        count = int(dot.inner_text())
        dot.dispatch_event("click")
        expect(page.locator(".opener")).to_have_count(count)
        page.go_back()
        page.locator(".dot").first.wait_for()


@pytest.mark.long
def test_clusters_of_a_dense_place_find_their_own_photos_alone(
    page: Page, dense_library: Path
) -> None:
    with served(dense_library) as address:
        page.goto(f"{address}map")
        page.get_by_role("button", name="Zoom in").wait_for()
        for zoomed in range(2):
            page.locator(".dot").nth(1).wait_for()
            counts = [int(one) for one in page.locator(".dot").all_inner_texts()]
            assert sum(counts) == DENSE**2
            for place, count in enumerate(counts[: 3 + zoomed]):
                page.locator(".dot").nth(place).dispatch_event("click")
                expect(page.locator(".opener")).to_have_count(count)
                page.go_back()
                page.locator(".dot").nth(place).wait_for()
            page.get_by_role("button", name="Zoom out").click()
            expect(page.locator(".dot")).not_to_have_count(len(counts))


def test_place_is_added_to_a_query_by_the_map(page: Page, address: str) -> None:
    page.goto(f"{address}?q=after:2009+-near:0,0,10km")
    page.get_by_role("link", name="Choose on the map").click()
    expect(page.get_by_text("The place is added to this query")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"72\.5° W")).click()
    expect(page.get_by_label(SEARCH)).to_have_value(
        re.compile("^after:2009-01-01 -near.* near:-13")
    )
    assert names(page) == ["Huayna Picchu.jpg"]


def test_map_is_moved_and_zoomed_by_keys(page: Page, address: str) -> None:
    page.goto(f"{address}map")
    dot = page.get_by_role("button", name=re.compile(r"72\.5° W"))
    before = dot.bounding_box()
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "([dot, x]) => dot.getBoundingClientRect().x > x + 40",
        arg=[dot.element_handle(), before and before["x"]],
    )
    few = page.locator(".dot").count()
    page.keyboard.press("-")
    expect(page.locator(".dot")).not_to_have_count(few)


def test_tiles_are_fetched_only_when_they_are_allowed(
    page: Page, address: str, asked_tiles: list[str]
) -> None:
    page.goto(f"{address}map")
    page.locator(".dot").first.wait_for()
    expect(page.get_by_text("sees your internet address")).to_be_visible()
    assert asked_tiles == []
    with page.expect_response(re.compile(r"/\d+/\d+/\d+\.png")):
        page.get_by_text("Streets and places from").click()
    assert asked_tiles
