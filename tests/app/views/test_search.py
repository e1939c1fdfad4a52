"""Chips, filters and a given picture, in Streamlit's own test harness, over a real library."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.http.thumbnail_urls import thumbnail_url
from app.selection import selection
from indexer.library.library import Library, open_library
from tests.app.events import send
from tests.app.test_main import HOSTILE, box, component, ingested, items, page_over, reopened, url
from tests.fakes import ColourEncoder
from tests.photos import make_photo, photo_bytes
from tests.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Photos of three months, by two cameras, in two folders."""
    photos = tmp_path / "photos"
    make_photo(photos / HOSTILE[1], "red", exif=exif(2018, 12, "Canon"), size=(48, 64))
    make_photo(photos / "sea" / "blue.jpg", "blue", exif=exif(2019, 6, "Nikon"))
    make_photo(photos / "sea" / "navy.jpg", "navy", exif=exif(2019, 8, "Nikon"))
    library = ingested(tmp_path)
    yield library
    library.close()


def exif(year: int, month: int, camera: str) -> Image.Exif:
    made = Image.Exif()
    made[0x0110] = camera
    made.get_ifd(0x8769)[0x9003] = datetime(year, month, 15).strftime("%Y:%m:%d %H:%M:%S")
    return made


def labels(test: AppTest) -> list[str]:
    return [chip["label"] for chip in box(test)["chips"]]


def names(test: AppTest) -> list[str]:
    return [item["name"] for item in items(test)]


def given(library: Library, data: str, **address: str) -> AppTest:
    """The page after a browser has sent this in the place of a picture."""

    def script(library: object, data: str, **address: str) -> None:
        import streamlit as st

        from app.main import page
        from app.search.image_query import take

        if "sent" not in st.session_state:
            st.session_state["sent"] = True
            for name, value in address.items():
                st.query_params[name] = value
            take(library, {"data": data})
        page(library)

    arguments = {"library": library, "data": data, **address}
    test = AppTest.from_function(script, kwargs=arguments, default_timeout=30).run()
    assert not test.exception
    return test


def test_chips_say_what_holds_and_the_query_without_it(library: Library) -> None:
    red = library.search("red", 1).hits[0].photo.id
    chips = box(page_over(library, q=f"#{red} camera:nikon -year:2018"))["chips"]
    assert [(chip["label"], chip["rest"]) for chip in chips] == [
        ("Like this photo", "camera:nikon -year:2018"),
        ("nikon", f"#{red} -year:2018"),
        ("Not: 2018", f"#{red} camera:nikon"),
    ]
    assert chips[0]["src"] == thumbnail_url(library, library.photo(red))


def test_wrong_query_has_no_chips_and_keeps_its_text(library: Library) -> None:
    test = page_over(library, q="red colour:blue")
    assert (box(test)["query"], box(test)["chips"]) == ("red colour:blue", [])
    assert "colour" in test.error[0].value


def test_filters_show_what_the_query_says(library: Library) -> None:
    test = page_over(library, q="after:2019-06 camera:NIKON folder:/photos/sea/ shape:landscape")
    dates, folders = component(test, "recollect_dates"), component(test, "recollect_folder_tree")
    assert dates is not None
    assert folders is not None
    assert [dates["months"][at][0] for at in (dates["first"], dates["last"])] == [
        "June 2019",
        "August 2019",
    ]
    assert folders["chosen"] == ["/photos/sea/"]
    assert folders["folders"] == [["/photos/", 3], ["/photos/sea/", 2]]
    assert test.selectbox(key="filter_camera").value == "Nikon"
    assert test.button_group(key="filter_shape").value == ["landscape"]
    assert sorted(names(test)) == ["blue.jpg", "navy.jpg"]


def test_chosen_camera_is_written_into_the_query(library: Library) -> None:
    test = page_over(library, q="red camera:ca", all="1")
    chosen = test.selectbox(key="filter_camera")
    assert chosen.value == "ca"  # what was typed is a part of a name
    chosen.set_value("Nikon").run()
    assert box(test)["query"] == "red camera:Nikon"
    assert labels(test) == ["Nikon"]


@pytest.mark.parametrize(
    ("span", "asked"),
    [
        ([0, 0], "before:2019-01-01"),
        ([6, 7], "after:2019-06-01 before:2019-08-01"),
        ([1200, 1200], "after:2019-08-01"),  # of a library that had more months
    ],
)
def test_chosen_months_are_written_into_the_query(
    library: Library, span: list[int], asked: str
) -> None:
    test = send(page_over(library, q="red year:2019", all="1"), "recollect_dates", "span", span)
    assert box(test)["query"] == f"red {asked}"


def test_camera_that_streamlit_had_forgotten_changes_no_address(library: Library) -> None:
    test = page_over(library, q="red camera:Nikon", all="1")
    chosen = test.selectbox(key="filter_camera")
    test.session_state["filter_camera"] = None  # what the browser sends is as if it were new
    chosen.set_value("Nikon").run()
    assert url(test) == {"q": "red camera:Nikon", "all": "1"}


def test_photos_of_filters_alone_are_in_months_the_newest_first(library: Library) -> None:
    shown = items(page_over(library, q="after:2018"))
    assert [(item["name"], item["group"]) for item in shown] == [
        ("navy.jpg", "August 2019"),
        ("blue.jpg", "June 2019"),
        (HOSTILE[1], "December 2018"),
    ]


def test_chosen_order_is_written_into_the_query(library: Library) -> None:
    test = page_over(library, q="blue", all="1")
    test.button_group(key="order").set_value("date").run()
    assert box(test)["query"] == "blue sort:date"
    test.button_group(key="order").set_value("relevance").run()
    assert box(test)["query"] == "blue"


def test_file_of_the_server_is_not_opened(library: Library, tmp_path: Path) -> None:
    test = page_over(library, q=str(tmp_path / "photos" / "sea" / "blue.jpg"))
    assert "opens no file" in test.error[0].value


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def test_given_picture_is_looked_for_beside_the_words(library: Library, tmp_path: Path) -> None:
    before = files(tmp_path)
    test = given(library, encoded(photo_bytes("blue", seed=5)), q="camera:nikon")
    assert names(test) == ["blue.jpg", "navy.jpg"]
    assert labels(test) == ["Like this picture", "nikon"]
    assert box(test)["query"] == "camera:nikon"
    assert files(tmp_path) == before


def files(directory: Path) -> set[Path]:
    kept = {path for path in directory.rglob("*") if path.is_file()}
    return {path for path in kept if "library.db" not in path.name and "texts" not in path.name}


@pytest.mark.parametrize(
    ("data", "told"),
    [("%", "upload was interrupted"), (encoded(b"no picture"), "cannot be read"), ("", "empty")],
)
def test_what_is_no_picture_is_told_and_the_query_stays(
    library: Library, data: str, told: str
) -> None:
    test = given(library, data, q="camera:nikon")
    assert told in box(test)["notice"]
    assert labels(test) == ["nikon"]
    test.run()
    assert box(test)["notice"] == ""


def test_picture_of_another_session_is_asked_for_again(library: Library) -> None:
    test = page_over(library, picture="abc", q="camera:nikon")
    assert "does not include its picture" in box(test)["notice"]
    assert labels(test) == ["nikon"]


def test_facets_are_those_of_now(library: Library, tmp_path: Path) -> None:
    test = page_over(library)
    make_photo(tmp_path / "photos" / "lime.jpg", "lime", exif=exif(2020, 1, "Lumix"))
    writer = open_library(library.path, open_encoder=lambda _: ColourEncoder())
    with writer.writing():
        writer.update()
    writer.close()

    def cameras() -> str:  # they are counted aside where the first count took long
        offered: list[Any] = test.run().selectbox(key="filter_camera").options
        return " ".join(map(str, offered))

    eventually(lambda: "Lumix" in cameras())


def test_filters_of_which_none_can_go_alone_can_all_go(library: Library) -> None:
    test = page_over(library, q="red camera:Canon folder:sea year:2017")
    assert "remove them all" in test.caption[-1].value
    (button,) = [one for one in test.button if one.label == "Remove all filters"]
    button.click().run()
    assert not test.exception
    assert box(test)["query"] == "red"
    assert names(test)


def test_words_that_find_nothing_offer_no_filter_to_remove(tmp_path: Path) -> None:
    def script(library: object) -> None:
        from app.views.search import results

        results(library)

    library = ingested(tmp_path)  # its photos went when the search box had been drawn
    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    test.query_params["q"] = "red"
    assert test.run().subheader[0].value == "No photos found"
    assert not test.exception
    assert not test.caption
    assert not test.button
    library.close()


def test_search_that_prepares_the_model_first_says_so(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in library.path.glob("generic-texts-*"):
        known.unlink()
    texts: list[str] = []
    spinner = st.spinner

    @contextmanager
    def noted(text: str) -> Iterator[None]:
        texts.append(text)
        with spinner(text):
            yield

    monkeypatch.setattr(st, "spinner", noted)
    assert names(page_over(reopened(library), q="red"))
    assert texts == ["Preparing the model for searches, once…"]


def test_all_results_of_words_are_ticked_and_no_weaker_matches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.search.SELECTED", 2)  # fewer than there are
    for number in range(5):
        make_photo(tmp_path / "photos" / f"{number}.png", "red", seed=number)
    make_photo(tmp_path / "photos" / "other.png", "blue")
    library = ingested(tmp_path)
    test = page_over(library, q="red")
    first = items(test)[0]["id"]
    test.session_state[selection.KEY] = (first,)
    test.run().button(key="selection_all").click().run()
    ticked = test.session_state[selection.KEY]
    assert ticked[0] == first
    assert sorted(library.photo(one).path.name for one in ticked) == [f"{n}.png" for n in range(5)]
    library.close()
