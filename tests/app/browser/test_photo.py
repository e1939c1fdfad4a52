"""One photo and what can be done with it, in a real browser; and the page in Chinese."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from indexer.library.library import open_library
from tests.app.chromium import window
from tests.app.serving import names, search, served
from tests.conftest import SAMPLE
from tests.depth import at_depth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

BEARS = "?q=a+polar+bear+in+the+snow&all=1"
NOVEMBER = "timeline?months=2017-11..2017-11"
POLAR_BEAR = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"
HEADING = ".sheet .name"
LATIN = re.compile(r"[A-Za-z]{2,}")
THEIRS = sorted((path.name for path in SAMPLE.rglob("*")), key=len, reverse=True)
NAMES = re.compile(
    "|".join(map(re.escape, THEIRS))
    + r"|Recollect|English|CLIP|starter-\d|indexer \w+|IMG_\d+\.jpg|NIKON D750|JPEG|ISO|UTC|MB|kB|"
    r"\b(?:px|mm|ms|sample|tile\.openstreetmap\.org)\b|/\S+"
)

# Every text on the page, within components and in their labels too; without icons and what
# Streamlit says for itself.
TEXTS = """() => {
  const texts = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
    const icons = "[data-testid=stIconMaterial], [data-testid=stExpanderIcon]";
    if (node.matches?.(`script, style, option, span[role=img], ${icons}`))
      return;
    if (node.checkVisibility && !node.checkVisibility()) return;
    for (const name of ["aria-label", "alt", "title", "placeholder"])
      if (node.getRootNode() !== document) texts.push(node.getAttribute?.(name) ?? "");
    for (const child of [...node.childNodes, ...(node.shadowRoot?.childNodes ?? [])]) walk(child);
  };
  const parts = "[data-testid=stTopNavLinkContainer], .stMain, .stSidebar, [role=dialog]";
  document.querySelectorAll(parts).forEach(walk);
  return texts.join("\\n");
}"""


@pytest.fixture
def bear(page: Page, address: str) -> Page:
    """The polar bear, open, with its neighbours."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address + BEARS)
    page.locator(".opener").first.click()
    expect(page.locator(HEADING)).to_have_text(POLAR_BEAR.name)
    return page


def test_photo_is_shown_whole_and_its_file_is_downloaded_named_and_found(
    bear: Page, manager: Path
) -> None:
    picture = bear.locator(".sheet .picture")
    expect(picture).to_have_js_property("complete", True)
    expect(picture).to_have_js_property("naturalWidth", 720)
    src = picture.get_attribute("src") or ""
    with urlopen(urljoin(bear.url, src)) as answer:
        assert answer.read() == POLAR_BEAR.read_bytes()
    with bear.expect_download() as downloading:
        bear.get_by_role("link", name="Download").click()
    assert downloading.value.suggested_filename == POLAR_BEAR.name
    assert downloading.value.path().read_bytes() == POLAR_BEAR.read_bytes()
    bear.get_by_role("button", name="Copy path").click()
    expect(bear.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert bear.evaluate("navigator.clipboard.readText()") == str(POLAR_BEAR)
    opened = manager.with_name("opened")
    bear.get_by_role("button", name="Show folder").click()
    eventually(lambda: opened.exists() and opened.read_text())
    assert opened.read_text().splitlines() == [str(POLAR_BEAR.parent)]


@pytest.mark.long  # test_map_scripts.py has what is drawn
def test_small_map_shows_where_it_was_taken(page: Page, address: str, sample_library: Path) -> None:
    page.goto(f"{address}?photo={_photo_with_place(sample_library)}")
    place = page.get_by_role("img", name=re.compile("Map: .*°"))
    expect(place).to_be_visible()
    page.wait_for_function(
        "map => new Set(map.getContext('2d').getImageData(0, 0, map.width, map.height).data)"
        ".size > 8",  # water, land, a point
        arg=place.element_handle(),
    )


def _photo_with_place(library: Path) -> int:
    with sqlite3.connect(library / "library.db") as database:
        query = (
            "SELECT photos.id FROM photos JOIN contents ON contents.id = content_id "
            "WHERE latitude_deg IS NOT NULL"
        )
        (photo_id,) = database.execute(query).fetchone()
    database.close()
    return int(photo_id)


def test_more_like_this_searches_for_photos_like_it(bear: Page) -> None:
    bear.get_by_role("button", name="More like this").click()
    expect(bear.locator(".sheet")).to_have_count(0)
    expect(bear.get_by_label("Search your photos")).to_have_value(re.compile(r"#\d+"))
    itself = bear.locator(".opener .name").filter(has_text=POLAR_BEAR.name)
    expect(itself).to_have_count(0)
    assert names(bear)
    bear.go_back()
    expect(bear.get_by_label("Search your photos")).to_have_value("a polar bear in the snow")


def test_arrow_after_escape_does_not_open_the_neighbour(bear: Page) -> None:
    bear.evaluate(
        """() => {
          const press = (key) => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
          press("Escape");
          press("ArrowRight"); // before the page has closed the photo
        }"""
    )
    expect(bear.locator(".sheet")).to_have_count(0)
    bear.locator(".tick").first.click()  # answered after all that was said before
    expect(bear.get_by_text("1 photo selected")).to_be_visible()
    expect(bear.locator(".sheet")).to_have_count(0)
    expect(bear).not_to_have_url(re.compile("photo="))


def test_escape_closes_a_photo_that_has_lost_the_keyboard(bear: Page) -> None:
    bear.evaluate(
        """() => {
          document.activeElement.blur();
          document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }));
        }"""
    )
    expect(bear.locator(".sheet")).to_have_count(0)
    expect(bear).not_to_have_url(re.compile("photo="))


def test_keyboard_stays_in_the_box_that_one_goes_to_when_a_photo_closes(bear: Page) -> None:
    box = bear.get_by_label("Search your photos")
    closed = bear.evaluate_handle(
        """(box) => ({
          since: new Promise((resolve) => {
            new MutationObserver((_, observer) => {
              if (document.querySelector("[role=dialog]")) return;
              observer.disconnect();
              box.focus();
              setTimeout(resolve, 200); // the grid takes the keyboard back before
            }).observe(document.body, { childList: true, subtree: true });
          }),
        })""",
        box.element_handle(),
    )
    bear.keyboard.press("Escape")
    closed.evaluate("closed => closed.since")
    expect(box).to_be_focused()


@pytest.mark.long  # test_file_manager.py has when the button changes
def test_machine_without_a_file_manager_copies_the_folder(page: Page, sample_library: Path) -> None:
    with served(sample_library, DISPLAY="", WAYLAND_DISPLAY="") as address:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{address}?photo={_photo_with_place(sample_library)}")
        page.get_by_role("button", name="Copy folder path").click()
        expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
        copied = Path(page.evaluate("navigator.clipboard.readText()"))
        assert copied.is_dir()
        assert copied.is_relative_to(SAMPLE)


def test_no_path_in_an_address_is_served(page: Page, address: str) -> None:
    for asked in ("files/x", f"files/{POLAR_BEAR}", "files/..%2f..%2fetc%2fpasswd", "files/"):
        answer = page.request.get(address + asked)
        assert b"JFIF" not in answer.body()
        assert b"root:" not in answer.body()


@pytest.fixture(scope="module")
def chinese(browser: Browser) -> Iterator[Page]:
    with window(browser, locale="zh-CN") as page:
        yield page


@pytest.mark.parametrize("path", [BEARS, *at_depth("library", "", NOVEMBER, "map")])
def test_browser_in_chinese_sees_no_english_but_names(
    chinese: Page, address: str, path: str
) -> None:
    chinese.goto(address + path)
    expect(chinese.locator("html[lang=zh]")).to_have_count(1)
    settled = {"": ".stButton", "map": ".dot", "library": ".about"}.get(path, ".opener")
    chinese.locator(settled).first.wait_for()
    if path == BEARS:
        chinese.locator(".opener").first.click()
        expect(chinese.locator(HEADING)).to_have_text(POLAR_BEAR.name)
    said = chinese.evaluate(TEXTS)
    assert "照片" in said or "图库" in said
    assert LATIN.findall(NAMES.sub("", said)) == []


@pytest.mark.long  # test_pages.py has the choice, test_main.py the errors
def test_language_is_chosen_and_kept(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("combobox", name="Language").select_option("简体中文")
    expect(page).to_have_url(re.compile("lang=zh"))
    page.get_by_role("link", name="图库").click()
    expect(page.get_by_role("button", name="添加文件夹")).to_be_visible()
    page.goto(address)
    page.get_by_role("combobox", name="语言").select_option("English")
    expect(page.get_by_label("Search your photos")).to_be_visible()
    search(page, "near:x")
    expect(page.get_by_text("no town is called")).to_be_visible()


@pytest.mark.long  # test_main.py has it on the server
def test_file_that_is_gone_leaves_its_thumbnail(
    page: Page, own_library: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "bear.jpg").write_bytes(POLAR_BEAR.read_bytes())
    library = open_library(own_library)
    with library.writing():
        library.add_root(photos)
        library.update()
    (added,) = [hit.photo.id for hit in library.search("folder:photos").hits]
    library.close()
    (photos / "bear.jpg").unlink()
    with served(own_library) as address:
        page.goto(f"{address}?photo={added}")
        expect(page.get_by_text("This is the stored thumbnail")).to_be_visible()
        expect(page.locator(".sheet .picture")).to_have_js_property("complete", True)
        expect(page.get_by_role("link", name="Download")).to_have_count(0)
