"""Thumbnails over HTTP: the bytes on disk, for who was shown their address, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.http.thumbnail_urls import THUMBNAILS_URL, SignedUrls, signed_urls, thumbnail_url
from app.server import GONE
from indexer.library.library import Library
from indexer.records.photos import Photo
from tests.app.test_main import ingested
from tests.app.visitor import visitor
from tests.photos import make_photo


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


def test_url_of_one_login_is_none_of_another(library: Library, browser: TestClient) -> None:
    url = signed_urls().url(library, photo(library, "red"), "anna")
    assert browser.get(url, headers={"login": "anna"}).status_code == 200
    for other in ("", "otto"):
        assert browser.get(url, headers={"login": other}).status_code == GONE


def test_signature_is_of_no_other_photo(library: Library, browser: TestClient) -> None:
    red, blue = photo(library, "red"), photo(library, "blue")
    start, _, signature = thumbnail_url(library, red).rpartition("/")
    other = thumbnail_url(library, blue).rpartition("/")[0]
    of_no_library = f"/{THUMBNAILS_URL}/1/{red.id}/{signature}"
    forged = (f"{other}/{signature}", f"{start}/{'0' * len(signature)}", f"{start}/é")
    for wrong in (*forged, of_no_library):
        assert browser.get(wrong).status_code == GONE
    assert browser.get(f"{start.rpartition('/')[0]}/999/{signature}").status_code == GONE
    assert browser.get(SignedUrls().url(library, red, "")).status_code == GONE  # another server's


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
