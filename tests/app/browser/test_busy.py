"""What a person does while the server is busy, or on the way to another page, is neither lost nor
in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.app import chromium
from tests.app.serving import names, search
from tests.conftest import SAMPLE_PHOTOS
from tests.waiting import eventually

pytestmark = pytest.mark.browser

# Until all observers of the element know that it is on the screen, and are done.
IS_SEEN = """(element) => new Promise((done) => {
  const later = () => requestAnimationFrame(() => setTimeout(done));
  const observer = new IntersectionObserver(([seen]) => seen.isIntersecting && later());
  observer.observe(element);
})"""


class Line:
    """What the page says to its server, held back while `holds`."""

    def __init__(self, page: Page) -> None:
        self.holds = False
        self._held: list[str | bytes] = []
        self._first: str | bytes | None = None
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        self._server = browser.connect_to_server()
        browser.on_message(self._hear)

    def _hear(self, message: str | bytes) -> None:
        self._first = self._first or message
        if not self.holds:
            self._server.send(message)
        elif not _is_by_the_clock(message):  # it asks again later
            self._held.append(message)

    def wait_for(self, count: int, page: Page) -> None:
        """Until the page has said so much."""
        while len(self._held) < count:
            page.wait_for_timeout(20)

    def asks_for_photos(self) -> int:
        """How many of the held messages ask for photos of a wall."""
        return sum(b'"have"' in one for one in self._held if isinstance(one, bytes))

    def join(self) -> None:
        """Make one message of those that are held, as Streamlit does while it comes to none.

        Of the events of one component the last is left.
        """
        *earlier, last = map(BackMsg.FromString, self._held)
        widgets = last.rerun_script.widget_states.widgets
        for said in reversed(earlier):
            known = {act.id for act in widgets}
            widgets.extend(
                act
                for act in said.rerun_script.widget_states.widgets
                if (act.json_trigger_value or act.trigger_value) and act.id not in known
            )
        last.rerun_script.fragment_id = ""
        self._held = [last.SerializeToString()]

    def lose(self, count: int) -> None:
        """Forget the first messages that were held."""
        del self._held[:count]

    def repeat_first(self) -> None:
        """Send what the page said first again: it names no page, and has the address as it was."""
        assert self._first
        self._server.send(self._first)

    def release(self, count: int) -> None:
        """Send the first messages that were held, at once."""
        for message in self._held[:count]:
            self._server.send(message)
        self.lose(count)


def _is_by_the_clock(message: str | bytes) -> bool:
    said = BackMsg.FromString(message) if isinstance(message, bytes) else BackMsg()
    return said.rerun_script.is_auto_rerun


class Busy(NamedTuple):
    line: Line
    opened: str  # the name of the photo


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """A window of the module's own: what holds back its messages stays with it."""
    with chromium.window(browser) as window:
        yield window


@pytest.fixture
def busy(page: Page, address: str) -> Busy:
    """One who, before the server has heard of any of it, searches, opens a photo and scrolls."""
    line = Line(page)
    page.goto(f"{address}?q=animals&all=1")
    opened = names(page)[0]
    line.holds = True
    search(page, "polar bear")
    line.wait_for(1, page)
    page.locator(".opener").first.click()
    line.wait_for(2, page)
    page.locator(".end").scroll_into_view_if_needed()
    line.wait_for(3, page)
    line.holds = False
    return Busy(line, opened)


def expect_search_and_photo(page: Page, opened: str) -> None:
    expect(page.locator(".sheet .name")).to_have_text(opened)
    expect(page).to_have_url(re.compile("polar\\+bear.*photo="))
    expect(page.get_by_label("Search your photos")).to_have_value("polar bear")


def test_search_and_click_that_come_at_once_are_both_done(page: Page, busy: Busy) -> None:
    busy.line.release(3)
    expect_search_and_photo(page, busy.opened)


def test_click_from_before_the_search_was_heard_of_does_not_undo_it(page: Page, busy: Busy) -> None:
    busy.line.release(1)
    expect(page).to_have_url(re.compile("polar\\+bear"))
    busy.line.release(2)
    expect_search_and_photo(page, busy.opened)


@pytest.mark.long  # test_acts_first.py has acts that Streamlit joins
def test_search_and_click_that_are_joined_are_both_done(page: Page, busy: Busy) -> None:
    busy.line.join()
    busy.line.release(1)
    expect_search_and_photo(page, busy.opened)


@pytest.mark.long  # test_acts_first.py sends such messages without a browser
def test_place_is_searched_whatever_is_asked_for_at_once_after_it(page: Page, address: str) -> None:
    line = Line(page)
    page.goto(f"{address}map")
    dot = page.locator(".dot").first
    dot.wait_for()
    line.holds = True
    dot.dispatch_event("click")
    line.wait_for(1, page)
    page.get_by_text("Streets and places from").click()
    line.wait_for(2, page)
    line.holds = False
    line.release(2)
    expect(page.get_by_label("Search your photos")).to_have_value(re.compile("near:"))


@pytest.mark.long  # the next ones have late messages
def test_query_that_comes_when_its_box_is_gone_does_no_harm(page: Page, address: str) -> None:
    line = Line(page)
    page.goto(f"{address}?q=animals&all=1")
    names(page)
    line.holds = True
    page.get_by_role("link", name="Library").click()
    line.wait_for(1, page)
    search(page, "animals in the snow")
    line.wait_for(2, page)
    line.release(1)
    expect(page.locator(".about")).to_be_visible()
    line.holds = False
    line.release(1)  # it comes from the search page: Streamlit goes back there
    expect(page.locator(".opener").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    search(page, "animals in the snow")
    expect(page).to_have_url(re.compile("in\\+the\\+snow"))


def test_wall_that_is_drawn_anew_asks_for_its_photos_before_it_asks_for_more(
    page: Page, address: str
) -> None:
    line = Line(page)
    page.goto(f"{address}?q=animals&all=1")
    shown = names(page)
    page.get_by_role("link", name="Library").click()
    expect(page.locator(".about")).to_be_visible()
    line.holds = True
    page.go_back()
    line.wait_for(1, page)
    line.release(1)
    while not line.asks_for_photos():  # the server takes them to be here still
        page.wait_for_timeout(20)
    page.locator(".end").evaluate(IS_SEEN)
    assert line.asks_for_photos() == 1
    line.holds = False
    line.release(9)
    expect(page.locator(".opener").first).to_be_visible()
    assert names(page)[: len(shown)] == shown


def first_ticked(page: Page, address: str) -> tuple[Locator, Locator]:
    """The boxes of many photos, of which the first is ticked, and the bar for what is ticked."""
    page.goto(f"{address}?q=animals&all=1")
    ticks = page.get_by_role("checkbox", name=re.compile("^Select "))
    ticks.nth(0).click()
    bar = page.locator(".st-key-selection_bar")
    expect(bar).to_contain_text("1 photo selected")
    return ticks, bar


def test_photo_that_is_ticked_before_all_are_stays_one_of_all(page: Page, address: str) -> None:
    line = Line(page)
    ticks, bar = first_ticked(page, address)
    line.holds = True
    bar.get_by_role("button", name="Select all").click()
    line.wait_for(1, page)
    ticks.nth(1).click()
    line.wait_for(2, page)
    line.release(1)
    expect(bar).to_contain_text(f"{SAMPLE_PHOTOS} photos selected")
    line.holds = False
    line.release(1)
    expect(ticks.nth(2)).to_be_checked()
    ticks.nth(2).click()
    expect(bar).to_contain_text(f"{SAMPLE_PHOTOS - 1} photos selected")


def test_tick_that_is_joined_with_the_clearing_after_it_is_cleared(
    page: Page, address: str
) -> None:
    line = Line(page)
    ticks, bar = first_ticked(page, address)
    line.holds = True
    ticks.nth(1).click()
    bar.get_by_role("button", name="Clear").click()
    line.wait_for(2, page)
    line.join()
    line.holds = False
    line.release(1)
    expect(bar).to_have_count(0)
    ticks.nth(2).click()
    expect(bar).to_contain_text("1 photo selected")
    expect(page.locator(".ticked")).to_have_count(1)


def test_tick_taken_back_before_an_older_answer_comes_stays_taken_back(
    page: Page, address: str
) -> None:
    line = Line(page)
    page.goto(f"{address}?q=animals")
    shown = names(page)
    first, second = (
        page.get_by_role("checkbox", name=f"Select {name}", exact=True) for name in shown[:2]
    )
    line.holds = True
    search(page, "animals in the snow")
    for _ in range(2):
        first.click()
    line.wait_for(3, page)
    line.release(1)  # it is answered before any tick is heard of
    eventually(lambda: names(page) != shown)
    other = next(name for name in names(page) if name != shown[0])
    page.get_by_role("checkbox", name=f"Select {other}", exact=True).click()
    line.wait_for(3, page)
    line.release(1)
    bar = page.locator(".st-key-selection_bar")
    expect(bar).to_contain_text("1 photo selected")  # that which is no longer ticked
    line.lose(1)  # Streamlit has joined it with the next
    line.holds = False
    line.release(1)
    search(page, "animals")
    eventually(lambda: names(page) == shown)
    second.click()
    expect(bar).to_contain_text("2 photos selected")
    expect(first).not_to_be_checked()


def test_words_typed_before_the_answer_comes_stay_in_the_box(page: Page, address: str) -> None:
    line = Line(page)
    page.goto(address)
    expect(page.locator(".opener").first).to_be_visible()  # the newest photos
    line.holds = True
    search(page, "polar bear")
    page.keyboard.type(" in the snow")
    line.wait_for(1, page)
    line.holds = False
    line.release(1)
    expect(page).to_have_url(re.compile("polar"))
    assert "IMG_2034.jpg" in names(page)
    expect(page.get_by_label("Search your photos")).to_have_value("polar bear in the snow")


@pytest.mark.long  # the first ones have an address of before
def test_what_was_said_before_the_page_had_a_name_takes_no_act_back(
    page: Page, address: str
) -> None:
    line = Line(page)
    page.goto(f"{address}?q=animals&all=1")
    first, second = names(page)[:2]
    page.locator(".opener").first.click()
    expect(page.locator(".sheet .name")).to_have_text(first)
    line.repeat_first()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sheet .name")).to_have_text(second)
    expect(page).to_have_url(re.compile("q=animals.*photo="))
