"""The page as a person meets it: a real server, a real Chromium, the starter encoder."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from app.photos.grid import PAGE
from app.views.search import CLOSEST
from indexer.daemon.daemon import Daemon
from indexer.library.library import Library, open_library
from tests.app.chromium import NARROW
from tests.app.serving import names, search, served
from tests.commands import starter_library
from tests.conftest import SAMPLE, SAMPLE_PHOTOS
from tests.depth import at_depth, deeper

Scheme = Literal["light", "dark"]

pytestmark = pytest.mark.browser

QUERY = "a polar bear in the snow"
POLAR_BEAR = "IMG_2034.jpg"
HOSTILE = ("<img src=x onerror=alert(1)>.jpg", "**[x](http:a)** $x$ :smile: www.a.com.jpg")


def test_query_finds_the_photo_a_click_shows_its_facts_and_a_reload_keeps_both(
    page: Page, address: str
) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    search(page, QUERY)
    assert names(page)[0] == POLAR_BEAR
    page.locator(".opener").first.click()
    expect(page.locator(".sheet .name")).to_have_text(POLAR_BEAR)
    facts = page.locator(".sheet .facts")
    for fact in (
        "NIKON D750",
        "4 November 2017",
        "1/800 s · f/5.6 · ISO 400 · 400 mm",
        "720 × 540",
    ):
        expect(facts).to_contain_text(fact)
    expect(page).to_have_url(re.compile(r"q=a\+polar\+bear.*photo=\d+"))
    page.reload()
    expect(page.locator(".sheet .name")).to_have_text(POLAR_BEAR)
    expect(page.get_by_label("Search your photos")).to_have_value(QUERY)
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert elsewhere == []


@pytest.mark.long  # test_sample_queries.py has many
@pytest.mark.parametrize("query", ["雪地里的北极熊", *at_depth("ein Eisbär im Schnee")])
def test_a_query_in_another_language_finds_the_photo(page: Page, address: str, query: str) -> None:
    page.goto(address)
    search(page, query)
    assert names(page)[0] == POLAR_BEAR


@pytest.mark.long  # test_ways.py shows the weaker ones
def test_strong_matches_are_selected_alone_and_weak_ones_are_a_click_away(
    page: Page, address: str
) -> None:
    page.goto(address)
    search(page, QUERY)
    few = len(names(page))
    page.get_by_role("checkbox").first.click()
    page.get_by_role("button", name="Select all").click()
    expect(page.locator(".ticked")).to_have_count(few)
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name="weaker matches").click()
    expect(page.locator(".opener")).to_have_count(PAGE)
    expect(page.get_by_role("heading", name="Weaker matches")).to_be_visible()
    assert 1 <= few < PAGE
    page.go_back()
    expect(page.locator(".opener")).to_have_count(few)
    search(page, "a spoonful of quantum mechanics")
    expect(page.get_by_text("No strong match. Closest results:")).to_be_visible()
    expect(page.locator(".opener")).to_have_count(CLOSEST)
    page.get_by_role("button", name="Show weaker matches too").click()
    expect(page.locator(".opener")).to_have_count(PAGE)


def test_thumbnail_that_does_not_come_leaves_the_name_of_its_photo(
    page: Page, address: str
) -> None:
    page.route("**/thumbnails/**", lambda route: route.fulfill(status=410))
    page.goto(f"{address}?q=a+polar+bear+in+the+snow")
    first = names(page)[0]
    expect(page.locator(".placeholder").first).to_have_text(first)


def test_more_photos_come_while_one_scrolls(page: Page, address: str) -> None:
    page.goto(f"{address}?q=animals&all=1")
    first = names(page)
    assert len(first) == PAGE
    page.locator(".end").scroll_into_view_if_needed()
    expect(page.locator(".opener")).to_have_count(SAMPLE_PHOTOS)
    assert names(page)[:PAGE] == first


def test_photos_are_ticked_singly_as_a_range_by_key_and_all_in_a_bar_that_stays_in_sight(
    page: Page, address: str
) -> None:
    page.goto(f"{address}?q=animals&all=1")
    bar = page.locator(".st-key-selection_bar")
    page.get_by_role("checkbox", name=f"Select {names(page)[1]}").click()
    expect(bar).to_contain_text("1 photo selected")
    page.locator(".opener").nth(3).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 photos selected")
    page.locator(".opener").nth(2).focus()
    page.keyboard.press("x")
    expect(bar).to_contain_text("2 photos selected")
    bar.get_by_role("button", name="Select all").click()  # those that are not loaded, too
    expect(bar).to_contain_text(f"{SAMPLE_PHOTOS} photos selected")
    page.locator(".opener").nth(20).scroll_into_view_if_needed()
    expect(bar).to_be_in_viewport(ratio=1)
    page.locator(".opener").first.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("x")  # before the server has cleared them
    expect(bar).to_contain_text("1 photo selected")
    search(page, QUERY)
    expect(page.locator(".opener").first).to_be_visible()
    expect(bar).to_contain_text("1 photo selected")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(bar).to_have_count(0)
    page.locator(".opener").first.click()
    expect(page.locator(".sheet .name")).to_have_text(POLAR_BEAR)


@pytest.mark.long  # test_find.py drops a filter
def test_filters_that_leave_nothing_are_named_and_can_be_dropped(page: Page, address: str) -> None:
    page.goto(f"{address}?q=a+polar+bear+camera:nikon+year:1999")
    expect(page.get_by_role("heading", name="No photos found")).to_be_visible()
    page.locator(".stMain").get_by_role("button", name="Remove: 1999").last.click()
    assert POLAR_BEAR in names(page)
    expect(page.get_by_label("Search your photos")).to_have_value("a polar bear camera:nikon")
    page.goto(f"{address}?q=year:1999+camera:none")
    page.get_by_role("button", name="Remove all filters").click()
    expect(page.locator(".st-key-newest .opener").first).to_be_visible()


def test_one_back_closes_the_photo_and_the_next_leaves_the_query(page: Page, address: str) -> None:
    page.goto(address)
    page.goto(f"{address}?q=animals&all=1")
    names(page)
    for way in ("Escape", "Back"):
        page.locator(".opener").first.click()
        heading = page.locator(".sheet .name")
        for _step in range(deeper(1)):
            before = heading.text_content() or ""
            page.keyboard.press("ArrowRight")
            expect(heading).not_to_have_text(before)
        page.keyboard.press("Escape") if way == "Escape" else page.go_back()
        expect(page.locator(".sheet")).to_have_count(0)
        expect(page).to_have_url(re.compile(r"q=animals&all=1$"))
    page.go_back()
    expect(page).to_have_url(address)


@pytest.mark.long  # test_pages.py has a query that cannot be read
def test_wrong_query_is_told_where_it_is_wrong(page: Page, address: str) -> None:
    page.goto(address)
    search(page, "dogs colour:red")
    expect(page.get_by_text("colour")).to_be_visible()
    search(page, "dogs")
    assert names(page)


@pytest.mark.long  # test_ways.py has a whole journey by keys
def test_keyboard_opens_steps_and_closes(page: Page, address: str) -> None:
    page.goto(f"{address}?q=a+polar+bear+in+the+snow&all=1")
    second = names(page)[1]
    page.locator(".opener").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sheet .name")).to_have_text(POLAR_BEAR)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sheet .name")).to_have_text(second)
    page.keyboard.press("Escape")
    expect(page.locator(".sheet")).to_have_count(0)
    expect(page.locator(".opener").nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".opener").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".opener").first).not_to_be_focused()
    expect(page.locator(".opener:focus")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", *at_depth("dark")])
def test_narrow_screen_does_not_scroll_sideways_below_an_opaque_header(
    page: Page, address: str, scheme: Scheme
) -> None:
    page.set_viewport_size(NARROW)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}?q=a+polar+bear+in+the+snow")
    page.locator(".opener").first.wait_for()
    no_alpha = re.compile(r"^rgb\(")
    expect(page.locator(".stAppHeader")).to_have_css("background-color", no_alpha)
    widest = "Math.max(...['.stMain', 'html'].map(s => document.querySelector(s).scrollWidth))"
    assert page.evaluate(widest) <= 390
    page.locator(".opener").first.click()
    page.locator(".sheet").wait_for()
    assert page.locator(".sheet").bounding_box()["width"] <= 390


@pytest.mark.long  # test_more_photos_come_while_one_scrolls has the results of a search
def test_home_has_all_photos_that_fit_the_window(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 6000})
    page.goto(address)
    expect(page.locator(".st-key-newest .opener")).to_have_count(SAMPLE_PHOTOS)


def test_photos_that_come_are_seen_at_home_and_in_an_open_search(
    page: Page, few_photos: Library, tmp_path: Path
) -> None:
    library = open_library(Path(shutil.copytree(few_photos.path, tmp_path / "library")))
    with closing(library), served(library.path) as address:
        page.goto(address)
        grid = page.locator(".st-key-newest .opener")
        grid.first.wait_for()
        expect(page.locator(".month").first).to_be_visible()
        come(library, tmp_path / "new", "just-now.jpg")
        expect(page.locator(".st-key-newest").get_by_text("just-now.jpg")).to_have_count(1)
        grid.first.click()
        expect(page.locator(".sheet .name")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".sheet .name")).to_have_text(
            grid.nth(1).locator(".name").text_content() or ""
        )
        page.go_back()
        expect(page.locator(".sheet")).to_have_count(0)
        expect(page).to_have_url(address)
        search(page, QUERY)
        assert POLAR_BEAR in names(page)
        come(library, tmp_path / "new", *HOSTILE)
        for name in HOSTILE:
            cell = page.locator(".opener", has=page.get_by_text(name, exact=True))
            expect(cell.first).to_be_visible()
            cell.first.click()
            expect(page.locator(".sheet .name")).to_have_text(name)
            expect(page.locator(".sheet .facts")).to_contain_text(name)
            page.keyboard.press("Escape")
            expect(page.locator(".sheet")).to_have_count(0)
        assert page.locator("a[href*='www.a.com'], img[src='x']").count() == 0


def come(library: Library, root: Path, *names: str) -> None:
    """Copies of the polar bear come under these names."""
    root.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(SAMPLE / "Animals" / "Arctic" / POLAR_BEAR, root / name)
    with library.writing():
        library.add_root(root)
        library.update()


@contextmanager
def kept_in_line(library: Library) -> Iterator[None]:
    """A daemon of this process, with the encoder of `library`."""
    running = Daemon(library)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield
    finally:
        running.stop()
        thread.join(60)


def test_welcome_takes_in_a_folder_that_the_library_page_then_lists(
    page: Page, tmp_path: Path
) -> None:
    photos = tmp_path / "home" / HOSTILE[1].removesuffix(".jpg")
    shutil.copytree(SAMPLE / "Animals" / "Arctic", photos)
    (photos / "torn.jpg").write_bytes(b"no photo")
    library = starter_library(tmp_path / "library")
    with served(library.path) as address, kept_in_line(library):
        page.goto(address)
        page.get_by_role("button", name=photos.name).click()
        page.get_by_role("button", name="Add “").click()
        expect(page.locator(".opener .name").filter(has_text=POLAR_BEAR)).to_be_visible()
        assert page.locator("a[href*='www.a.com']").count() == 0
        page.get_by_role("button", name="Start searching").click()
        search(page, QUERY)
        expect(page.locator(".opener .name").first).to_have_text(POLAR_BEAR)
        page.get_by_role("link", name="Library").click()
        page.get_by_text("1 could not be read").click()
        expect(page.get_by_text("torn.jpg")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Paused", exact=True)).to_be_visible()
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Remove folder").click()
        expect(page.get_by_text("No folders yet")).to_be_visible()
        page.go_back()
        expect(page.get_by_text("Where are your photos?")).to_be_visible()
    library.close()


def test_address_opens_no_folder(page: Page, address: str) -> None:
    page.goto(f"{address}library?picker_folder=/etc&folder=/etc&picking=1&path=/etc")
    expect(page.get_by_text("Library", exact=True).first).to_be_visible()
    expect(page.locator(".st-key-activity")).to_be_visible()
    assert page.locator(".st-key-picker").count() == 0
