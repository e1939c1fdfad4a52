"""A Live Photo on the page: one photo with a badge, its files, and a film that plays over it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.library.library import Library
from tests.app.scripts import Scripts
from tests.app.test_main import component, ingested, page_over
from tests.app.visitor import visitor
from tests.films import make_film, quarters
from tests.live_photos import live_exif
from tests.photos import make_photo

SCENES = [quarters("red", "blue", "lime", "white")]
ID = {"com__apple__quicktime__content__identifier": "8A1F-22"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    make_photo(folder / "still.jpg", "red", exif=live_exif("8A1F-22"))
    make_film(folder / "film.mov", SCENES, scene_s=2, **ID)
    make_photo(folder / "other.jpg", "blue")
    return folder


@pytest.fixture
def library(tmp_path: Path, folder: Path) -> Iterator[Library]:
    library = ingested(tmp_path)
    yield library
    library.close()


def shown(library: Library, name: str, **address: str) -> dict[str, Any]:
    data = component(page_over(library, **address), f"recollect_{name}")
    assert data is not None
    return data


@pytest.mark.slow
def test_it_is_one_photo_with_a_badge_a_film_and_its_files(library: Library, folder: Path) -> None:
    items = {item["name"]: item for item in shown(library, "grid", q="sort:date")["items"]}
    assert {name: item["badges"] for name, item in items.items()} == {
        "still.jpg": ["Live"],
        "other.jpg": [],
    }
    assert items["other.jpg"]["live"] is None
    photo = str(items["still.jpg"]["id"])
    detail = shown(library, "detail", q="sort:date", photo=photo)
    assert [file["name"] for file in detail["files"]] == ["still.jpg", "film.mov"]
    browser = visitor()
    film = (folder / "film.mov").read_bytes()
    for url in (items["still.jpg"]["live"], detail["live"], detail["files"][1]["url"]):
        assert browser.get(url).content == film


def test_each_file_is_a_photo_where_the_query_asks_for_that(library: Library) -> None:
    items = shown(library, "grid", q="stack:off")["items"]
    assert {item["name"] for item in items} == {"still.jpg", "film.mov", "other.jpg"}
    assert not any("Live" in item["badges"] or item["live"] for item in items)


PLAYED = """
const [film, action] = given;
const { Live } = await script("photos/live.js");
const still = document.createElement("div");
document.body.replaceChildren(still);
const live = new Live(still);
document.body.append(live.video);
live.update(film);
const moved = new Promise((played) => (live.video.ontimeupdate = () => {
  if (live.video.currentTime > 0) played(!live.video.hidden);
}));
const untouched = live.video.hidden && !live.video.getAttribute("src");
live[action](true);
const seen = await moved;
live.stop();
return [untouched, seen, live.video.hidden && live.video.paused];
"""


@pytest.mark.browser
@pytest.mark.parametrize("action", ["playIfWelcome", "play"])
def test_the_film_plays_over_the_still_and_leaves_it(
    scripts: Scripts, folder: Path, action: str
) -> None:
    data = base64.b64encode((folder / "film.mov").read_bytes()).decode()
    played = scripts.run(PLAYED, f"data:video/mp4;base64,{data}", action)
    assert played == [True, True, True]
