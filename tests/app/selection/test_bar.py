"""What can be done with ticked photos, in Streamlit's own test harness, over a real library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.selection import selection
from app.server import GONE
from indexer.environment import FOLDERS
from indexer.library.library import Library
from tests.app.test_main import ingested, page_over, url
from tests.app.views.test_library import press, words
from tests.app.visitor import visitor
from tests.photos import make_photo

pytestmark = pytest.mark.slow


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    for colour in ("red", "blue"):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour)
    library = ingested(tmp_path)
    yield library
    library.close()


@pytest.fixture
def browser() -> TestClient:
    return visitor()


@pytest.fixture
def ticked(library: Library) -> AppTest:
    """The page on which both photos are ticked."""
    return tick(page_over(library), *ids(library))


def ids(library: Library) -> tuple[int, ...]:
    return tuple(hit.photo.id for hit in library.search("sort:date").hits)


def tick(test: AppTest, *photo_ids: int) -> AppTest:
    test.session_state[selection.KEY] = photo_ids
    return test.run()


def links(test: AppTest) -> dict[str, str]:
    """The addresses of the exports, by form."""
    (shown,) = [one for one in map(body, test.get("html")) if "exports" in one]
    found = re.findall(r'href="([^"]+)" download="photos\.(\w+)"', shown)
    return {form: unescape(address) for address, form in found}


def body(html: object) -> str:
    return str(html.proto.body)  # type: ignore[attr-defined]


def test_more_like_these_is_the_next_query(ticked: AppTest, library: Library) -> None:
    ticked.button(key="selection_like").click().run()
    assert not ticked.exception
    assert url(ticked) == {"q": " + ".join(f"#{one}" for one in ids(library))}


def test_each_export_is_had_at_its_address_for_as_long_as_its_photos_are_ticked(
    ticked: AppTest, library: Library, browser: TestClient
) -> None:
    ticked.button(key="selection_export").click().run()
    first = links(ticked)
    paths = "".join(f"{library.photo(one).path}\n" for one in ids(library))
    assert browser.get(first["txt"]).text == paths
    assert browser.get(first["csv"]).text.count("\n") == 3
    assert len(browser.get(first["json"]).json()) == 2
    assert browser.get(first["zip"]).content.startswith(b"PK")
    assert links(ticked.run()) == first
    second = links(tick(ticked, ids(library)[0]))
    assert browser.get(second["txt"]).text.count("\n") == 1
    assert {browser.get(one).status_code for one in first.values()} == {GONE}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which one may choose; there is another one."""
    for name in ("home/Copies", "drive"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv(FOLDERS, f"{tmp_path / 'home'}:{tmp_path / 'drive'}")
    return tmp_path / "home"


def copy_into(test: AppTest, home: Path, name: str = "") -> None:
    """Into a new folder of this name below `home`, or into `home`."""
    test.button(key="selection_copy").click().run()
    assert "copy_here" not in [button.key for button in test.button]  # none is chosen yet
    press(test, str(home))
    test.text_input(key="copy_new_folder").set_value(name)
    test.button(key="copy_here").click().run()
    assert not test.exception


def test_copies_go_into_the_folder_that_is_chosen_and_what_fails_is_named(
    ticked: AppTest, library: Library, home: Path
) -> None:
    gone = library.photo(ids(library)[0]).path
    assert isinstance(gone, Path)
    gone.unlink()
    copy_into(ticked, home, "New")
    assert len(list((home / "New").iterdir())) == 1
    assert "copy_here" not in [button.key for button in ticked.button]
    assert ticked.success[0].value == "1 file was copied to:"
    assert ticked.error[0].value == "1 was not copied:"
    assert [text.value for text in ticked.text] == [
        str(home / "New"),
        f"{gone}\nNo such file or directory",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x" * 300, "cannot be written to: File name too long"),
        ("../drive", "cannot be the name of a folder"),
    ],
)
def test_folder_into_which_nothing_can_be_copied_is_told(
    ticked: AppTest, home: Path, name: str, told: str
) -> None:
    copy_into(ticked, home, name)
    assert told in words(ticked)
    assert not list(home.with_name("drive").iterdir())
