"""A video on the page: its badge, its moment, its frames, each under an address of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.server import GONE
from indexer.library.library import Library
from tests.app.test_main import component, ingested, page_over
from tests.app.visitor import visitor
from tests.films import make_film, quarters
from tests.photos import make_photo

SCENES = tuple(quarters(colour, colour, colour, "white") for colour in ("red", "blue", "lime"))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    make_film(tmp_path / "photos" / "a.mp4", SCENES)
    make_photo(tmp_path / "photos" / "pink.jpg", "pink")
    library = ingested(tmp_path)
    yield library
    library.close()


@pytest.fixture
def browser() -> TestClient:
    return visitor()


def number_of_film(library: Library) -> int:
    return library.search("type:video").hits[0].photo.id


@pytest.mark.slow
def test_the_grid_shows_how_long_it_is_and_the_moment_that_was_found(
    library: Library, browser: TestClient
) -> None:
    grid = component(page_over(library, q="blue", all="1"), "recollect_grid")
    assert grid is not None
    items = {item["name"]: item for item in grid["items"]}
    assert {name: item["badges"] for name, item in items.items()} == {
        "a.mp4": ["▶ 0:12"],
        "pink.jpg": [],
    }
    assert items["a.mp4"]["alt"].endswith("video of 0:12")
    film = library.photo(number_of_film(library))
    (moment,) = (at for at in library.moments_s(film) if 4 <= at < 8)
    shown = browser.get(items["a.mp4"]["src"])
    assert shown.content == library.moment_thumbnail(film, moment)
    other = items["a.mp4"]["src"].replace(f"/{round(1000 * moment)}/", "/1234/")
    assert browser.get(other).status_code == GONE  # the signature is of that moment


@pytest.mark.slow
def test_the_open_video_plays_from_its_moment_and_has_a_strip_of_frames(
    library: Library, browser: TestClient, tmp_path: Path
) -> None:
    number = number_of_film(library)
    sheet = component(page_over(library, q="lime", all="1", photo=str(number)), "recollect_detail")
    assert sheet is not None
    film = sheet["film"]
    assert 8 <= film["at"] < 12
    assert [frame["text"] for frame in film["frames"]] == ["0:01", "0:05", "0:09"]
    data = (tmp_path / "photos" / "a.mp4").read_bytes()
    part = browser.get(film["src"], headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (
        206,
        data[4:8],
        "video/mp4",
    )
    assert part.headers["content-disposition"].startswith("inline")
    facts = dict(sheet["facts"])
    assert facts["Duration"] == "0:12"
    assert facts["Moment"].startswith("0:0")
    assert sheet["notice"] is None


@pytest.mark.slow
def test_a_video_whose_file_is_missing_says_so(library: Library, tmp_path: Path) -> None:
    number = number_of_film(library)
    (tmp_path / "photos" / "a.mp4").unlink()
    sheet = component(page_over(library, q="lime", all="1", photo=str(number)), "recollect_detail")
    assert sheet is not None
    assert "missing" in sheet["notice"]
    assert sheet["original"] is None
