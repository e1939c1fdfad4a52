"""Thumbnails over HTTP: the bytes on disk, for who was shown their address, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server import GONE, ROUTES
from app.thumbnails import Door, thumbnail_url
from indexer.library import Library
from indexer.records import Photo
from tests.app.test_main import taken_in
from tests.photos import make_photo


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    for colour in ("red", "blue"):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour)
    library = taken_in(tmp_path)
    yield library
    library.close()


@pytest.fixture
def browser() -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


def photo(library: Library, colour: str) -> Photo:
    return library.search(colour, 1).hits[0].photo


def test_thumbnail_travels_as_it_lies_on_disk_and_once(
    library: Library, browser: TestClient
) -> None:
    red = photo(library, "red")
    answer = browser.get(thumbnail_url(library, red))
    assert answer.content == library.thumbnail(red)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert thumbnail_url(library, red) == thumbnail_url(library, photo(library, "red"))


def test_seal_opens_no_other_photo(library: Library, browser: TestClient) -> None:
    red, blue = photo(library, "red"), photo(library, "blue")
    start, _, seal = thumbnail_url(library, red).rpartition("/")
    other = thumbnail_url(library, blue).rpartition("/")[0]
    for wrong in (f"{other}/{seal}", f"{start}/{'0' * len(seal)}", f"{start}/é"):
        assert browser.get(wrong).status_code == GONE
    assert browser.get(f"{start.rpartition('/')[0]}/999/{seal}").status_code == GONE
    assert browser.get(Door().url(library, red)).status_code == GONE  # another server's


def test_thumbnail_that_cannot_be_made_is_gone(
    library: Library, browser: TestClient, tmp_path: Path
) -> None:
    address = thumbnail_url(library, photo(library, "red"))
    for jpeg in tmp_path.rglob("*.jpg"):  # the originals too: a thumbnail can be made again
        jpeg.unlink()
    assert browser.get(address).status_code == GONE


def test_edited_photo_is_asked_for_again(library: Library, tmp_path: Path) -> None:
    before = photo(library, "red")
    make_photo(tmp_path / "photos" / "red.jpg", "red", size=(99, 66))
    with library.writing():
        library.update()
    after = photo(library, "red")
    assert before.id == after.id
    assert thumbnail_url(library, before) != thumbnail_url(library, after)
