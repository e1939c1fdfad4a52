"""Queries of all kinds in the box: the tab answers whatever is typed, and offers only what matches.

The browser itself measures how long its own thread was busy: neither the server's time counts, nor
that of a machine that has much to do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, ElementHandle, Page, expect

from indexer.query.filters import FILTERS
from tests.app.chromium import window
from tests.app.serving import search, served
from tests.commands import starter_library
from tests.depth import at_depth, deeper
from tests.documents import examples
from tests.photos import make_photo

pytestmark = pytest.mark.browser

PHOTOS = {"Zoo/red.jpg": "red", "Zoo/Italy 2019/blue.jpg": "blue", "IMG_0720.jpg": "navy"}
BUSY_MS = 2_000
README = 18  # of the examples are there: they come first
# the longest task of the tab's own thread, in milliseconds
WATCH = """() => {
  window.longest = 0;
  const note = (task) => { window.longest = Math.max(window.longest, task.duration); };
  new PerformanceObserver((seen) => seen.getEntries().forEach(note)).observe({ type: "longtask" });
}"""
SHOWN = "([root, query]) => root.dataset.query === query.trim()"

WORDS = (
    *("a dog", "Zoo", "Italy 2019", "IMG_0720.jpg", "/", "//", "/Zoo", "/photos/Zoo/", "日本"),
    *("2019", "2018..2020", "..", "13", "-1", "1e9", "48.8,2.3,5km", "paris", "paris,20km"),
    *("yesterday", "last week", "١٢", "é", "İ", "\\", "%", "'", "s3://x/y.jpg"),
)
words = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
filter_names = st.sampled_from([*FILTERS, "sort", "colour"])
quotes = st.sampled_from(['""', "“”", "„“", "«»", "「」", '" ', "  "])
parts = st.one_of(
    words,
    st.builds(lambda name, word: f"{name}:{word}", filter_names, words),
    st.builds(lambda name, q, word: f"-{name}：{q[0]}{word}{q[1]}", filter_names, quotes, words),
    st.builds(lambda name, one, two: f"{name}:{one},{two}", filter_names, words, words),
    st.sampled_from(["+", "-", "2:", '"', "#1", "#999", ":", "…"]),
)
queries = st.lists(parts, min_size=1, max_size=3).map(" ".join)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over a library of so few photos that a query takes little of the server."""
    directory = tmp_path_factory.mktemp("queries")
    for name, colour in PHOTOS.items():
        make_photo(directory / "photos" / name, colour)
    library = starter_library(directory / "library")
    with library.writing():
        library.add_root(directory / "photos")
        library.rebuild()
    library.close()
    with served(directory / "library") as address:
        yield address


@pytest.fixture(scope="module")
def tab(browser: Browser, few: str) -> Iterator[Page]:
    """One tab in which all is typed, and which notes how busy it was."""
    with window(browser) as page:
        page.goto(few)
        page.locator(".box").wait_for()
        page.evaluate(WATCH)
        yield page


@pytest.fixture(scope="module")
def box(tab: Page) -> ElementHandle:
    return tab.locator(".box").element_handle()


def asked(tab: Page, box: ElementHandle, query: str) -> float:
    """Type a query and wait until the page shows it; the tab's longest task, in milliseconds."""
    tab.evaluate("window.longest = 0")
    search(tab, query)
    tab.wait_for_function(SHOWN, arg=[box, query])
    longest: float = tab.evaluate("window.longest")
    return longest


def answers(tab: Page, box: ElementHandle, query: str) -> None:
    """Type it; again where the tab was busy for long: the machine may have been, but not twice."""
    if asked(tab, box, query) >= BUSY_MS:
        asked(tab, box, "")
        assert asked(tab, box, query) < BUSY_MS
    expect(tab.get_by_test_id("stException")).to_have_count(0)


def test_the_examples_of_the_documentation_can_be_asked(tab: Page, box: ElementHandle) -> None:
    typed = examples()[: deeper(README)]
    assert 'folder:"Italy 2019"' in typed
    for example in typed:
        answers(tab, box, example)


# a tab that hangs answers nothing that comes after: there is nothing to shrink
@settings(
    max_examples=deeper(10),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=queries)
def test_the_tab_answers_whatever_is_typed(tab: Page, box: ElementHandle, query: str) -> None:
    answers(tab, box, query)


@pytest.mark.long  # test_ranking.py has folders
def test_a_folder_by_a_part_of_its_path_finds_its_photos(page: Page, few: str) -> None:
    page.goto(f"{few}?q=folder:Zoo")
    expect(page.locator(".opener")).to_have_count(2)
    page.reload()
    expect(page.locator(".opener")).to_have_count(2)


@pytest.mark.parametrize("typed", ["zebra", *at_depth("qqqq", "a dog on the zebra")])
def test_only_what_matches_is_offered_and_else_there_is_no_menu(
    page: Page, few: str, typed: str
) -> None:
    page.goto(few)
    typing = page.get_by_role("combobox", name="Search your photos")
    typing.press_sequentially("ital")
    expect(page.locator(".option .label")).to_have_text(["Italy 2019"])
    expect(page.locator(".option .note")).to_be_visible()
    typing.fill(typed)
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_the_cross_in_the_box_takes_the_query_away(page: Page, few: str) -> None:
    page.goto(f"{few}?q=folder:Zoo")
    expect(page.locator(".opener")).to_have_count(2)
    page.get_by_role("button", name="Clear the search").click()
    expect(page.locator(".opener")).to_have_count(3)
    expect(page.locator(".chip")).to_have_count(0)
    expect(page).to_have_url(few)
