"""The page's logic, in Streamlit's own test harness, over a real library."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.http.thumbnail_urls import thumbnail_url
from app.photos.detail import sheet
from app.views.search import ORDER
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library, open_library
from tests.fakes import ColourEncoder
from tests.photos import make_photo

pytestmark = pytest.mark.slow

MAIN = Path(__file__).parents[2] / "app" / "main.py"
PAGE = 4096  # of SQLite, in bytes
HOSTILE = ("<img src=x onerror=alert(1)>.jpg", "**[x](http:a)** $x$ :smile:.jpg")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Two photos with hostile names: a red one and a blue one."""
    for name, colour in zip(HOSTILE, ("red", "blue"), strict=True):
        make_photo(tmp_path / "photos" / name, colour)
    return ingested(tmp_path)


def ingested(tmp_path: Path) -> Library:
    encoder = ColourEncoder()
    library = open_library(
        tmp_path / "library", create=True, model="colour", open_encoder=lambda _: encoder
    )
    (tmp_path / "photos").mkdir(exist_ok=True)
    with library.writing():
        library.add_root(tmp_path / "photos")
        library.rebuild()
    return library


def reopened(library: Library) -> Library:
    """The same library, of which nothing has been read yet."""
    library.close()
    return open_library(library.path, open_encoder=lambda _: ColourEncoder())


def damage(library: Library) -> None:
    """Of the database, all but the first page is lost."""
    database = LibraryDirectory(library.path).database
    assert isinstance(database, Path)
    whole = database.read_bytes()
    database.write_bytes(whole[:PAGE] + b"\xff" * (len(whole) - PAGE))


def page_over(library: Library, **address: str) -> AppTest:
    def script(library: object) -> None:
        from app.main import page
        from app.ui.deferred_dialog import dialog_at_the_end

        with dialog_at_the_end():
            page(library)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def component(test: AppTest, name: str) -> dict[str, Any] | None:
    """The data that the page handed to one of its own components."""
    shown: list[Any] = list(test.get("bidi_component"))
    return next(
        (json.loads(one.proto.json) for one in shown if one.proto.component_name == name), None
    )


def url(test: AppTest) -> dict[str, str]:
    """What the address says."""
    return {
        name: value if isinstance(value, str) else value[0]
        for name, value in test.query_params.items()
    }


def box(test: AppTest) -> dict[str, Any]:
    shown = component(test, "recollect_query_box")
    assert shown is not None
    return shown


def items(test: AppTest) -> list[dict[str, Any]]:
    shown = component(test, "recollect_grid")
    assert shown is not None
    return list(shown["items"])


def test_no_library_is_told_in_one_line_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOLLECT_LIBRARY", str(tmp_path / "nowhere"))
    test = AppTest.from_file(MAIN, default_timeout=30).run()
    assert not test.exception
    assert len(test.error) == 1
    assert "indexer rebuild DIR" in test.error[0].value.replace("\\", "")
    assert component(test, "recollect_query_box") is None


def test_start_says_how_many_photos_there_are(library: Library) -> None:
    assert "2 photos" in page_over(library).markdown[0].value


def test_start_shows_the_newest_photos_by_month(library: Library) -> None:
    shown = items(page_over(library))
    listed = [hit.photo for hit in library.search("after:1800").hits]
    assert [item["id"] for item in shown] == [photo.id for photo in listed]
    assert [item["group"] for item in shown] == [f"{photo.date:%B %Y}" for photo in listed]


def test_weaker_matches_are_asked_for_in_the_address(library: Library) -> None:
    test = page_over(library, q="red")
    test.button(key="weaker").click().run()
    assert [item["name"] for item in items(test)] == list(HOSTILE)
    assert test.query_params["all"] in ("1", ["1"])


def test_address_fills_the_box_and_searches(library: Library) -> None:
    test = page_over(library, q="blue", all="1")
    assert box(test)["query"] == "blue"
    assert items(test)[0]["name"] == HOSTILE[1]


def test_grid_gets_addresses_of_thumbnails_and_no_picture(library: Library) -> None:
    first = items(page_over(library, q="red", all="1"))[0]
    assert first["src"] == thumbnail_url(library, library.photo(first["id"]))
    assert "cosine 1.00" in first["match"]


def test_photo_is_shown_with_its_facts_and_neighbours(library: Library) -> None:
    first = library.search("red").hits[0].photo
    shown = component(page_over(library, q="red", all="1", photo=str(first.id)), "recollect_detail")
    assert shown is not None
    assert shown["name"] == HOSTILE[0]
    assert (shown["previous"], shown["next"], shown["notice"]) == (False, True, None)
    assert dict(shown["facts"])["File"] == str(first.path)


@pytest.mark.parametrize(
    "asked", ["999", "-1", "../../etc/passwd", "1e3", "٣", "9" * 18, "9" * 19, ""]
)
def test_unknown_photo_is_a_message(library: Library, asked: str) -> None:
    test = page_over(library, photo=asked)
    assert "no such photo" in test.error[0].value
    assert component(test, "recollect_detail") is None


def _gone(path: Path) -> None:
    path.unlink()


def _damaged(path: Path) -> None:
    path.write_bytes(b"no photo any more")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("harm", "told"),
    [(_gone, "is missing"), (_damaged, "no longer be read"), (_folder, "cannot be read (")],
)
def test_lost_original_leaves_its_thumbnail_and_says_so(
    library: Library, harm: Callable[[Path], None], told: str
) -> None:
    photo = library.search("red").hits[0].photo
    harm(photo.path)
    shown = sheet(library, photo, None)
    assert told in shown["notice"]
    assert shown["src"] is not None


def test_photo_added_meanwhile_is_found_by_the_next_search(
    library: Library, tmp_path: Path
) -> None:
    test = page_over(library, q="lime", all="1")
    make_photo(tmp_path / "photos" / "meadow.jpg", "lime")
    writer = open_library(library.path, open_encoder=lambda _: ColourEncoder())
    with writer.writing():
        writer.update()
    test.run()
    assert items(test)[0]["name"] == "meadow.jpg"


def test_page_is_in_the_language_of_its_address(library: Library) -> None:
    test = page_over(library, lang="zh", q="red", photo="1")
    assert box(test)["words"]["search"] == "搜索你的照片"
    assert "1 张照片" in test.caption[0].value
    shown = component(test, "recollect_detail")
    assert shown is not None
    assert [label for label, _ in shown["facts"]] == ["大小", "格式", "文件"]
    assert box(page_over(library, lang="xx"))["words"]["search"] == "Search your photos"


def test_errors_are_in_the_language_of_the_page(library: Library) -> None:
    test = page_over(library, lang="zh", q="near:x")
    assert "没有叫“x”的城镇" in test.error[0].value


def test_an_order_that_is_chosen_already_changes_no_address(library: Library) -> None:
    def script(library: object) -> None:
        from app.ui import url_state
        from app.views.search import results

        results(library)
        if url_state.query() == "red sort:date":  # the run ends before the new order is drawn
            url_state.refine("red")
            url_state.show_all(True)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    test.query_params.update({"q": "red sort:date"})
    test.run()
    test.button_group(key=ORDER).set_value("relevance").run()
    assert not test.exception
    assert url(test) == {"q": "red", "all": "1"}


def test_browser_that_has_not_heard_of_an_act_yet_takes_it_back_by_nothing() -> None:
    def script() -> None:
        import streamlit as st

        from app.ui import url_state as address

        if st.query_params.get("act"):
            address.put("act", None)
            address.put("q", "snow")
        st.text(address.query())

    test = AppTest.from_function(script)
    for sent in ({"act": "1", "q": "old"}, {"act": "", "q": "old"}, {"q": "snow"}):
        test.query_params.clear()
        test.query_params.update(sent)
        test.run()
        assert test.text[0].value == "snow"
        assert test.query_params["q"] in ("snow", ["snow"])
