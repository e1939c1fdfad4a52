"""The open photo's files: made once, and gone with those who look at them."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.http.download_tokens import REMEMBERED, Offer, Offers, offered, url
from app.photos import detail_files
from app.photos.detail_files import Large, offer, original, original_of, picture
from app.photos.film import film_url
from app.server import GONE
from indexer.library.library import Library
from indexer.location import RemotePath
from tests.app.test_main import component, ingested, page_over
from tests.app.visitor import visitor
from tests.photos import make_photo


@pytest.fixture
def library(tmp_path: Path) -> Library:
    make_photo(tmp_path / "photos" / "red.tif", "red")  # no browser shows it as it is
    return ingested(tmp_path)


def test_picture_of_an_open_photo_is_made_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    original = detail_files.large_picture
    monkeypatch.setattr(
        detail_files,
        "large_picture",
        lambda photo, side: made.append(side) or original(photo, side),
    )
    test = page_over(library, q="red", all="1", photo="1")
    first = component(test, "recollect_detail")
    second = component(test.run(), "recollect_detail")
    assert first is not None
    assert second is not None
    assert first["src"] == second["src"]
    assert first["original"] == second["original"]
    assert len(made) == 1


@pytest.mark.slow
def test_offer_of_a_picture_does_not_outlive_the_session(library: Library) -> None:
    large = Large("image/jpeg", b"jpeg")
    made = offer(library.photo(1), large)
    assert made.content() == b"jpeg"
    del large
    gc.collect()
    assert made.content() is None


def test_what_was_never_offered_or_is_taken_back_is_not_had() -> None:
    offers = Offers()
    token = offers.make(Offer("a.jpg", "image/jpeg", lambda: b"a"), "anna")
    assert offers.get(token, "anna") is not None
    assert offers.get(token, "otto") is None
    assert offers.get(f"{token}x", "anna") is None
    offers.take_back(token)
    assert offers.get(token, "anna") is None


def test_the_oldest_of_very_many_offers_is_forgotten() -> None:
    offers = Offers()
    tokens = [offers.make(Offer("a", "", lambda: b""), "") for _ in range(REMEMBERED + 1)]
    assert offers.get(tokens[0], "") is None
    assert offers.get(tokens[1], "") is not None


def test_original_and_picture_that_have_become_a_pipe_are_gone(
    library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "photos" / "red.tif"
    large = Large("image/tiff", path)  # of those that a browser shows as they are
    shown = offer(library.photo(1), large)
    own = Offer(path.name, large.mime, lambda: original_of(library, 1))
    browser = visitor()
    urls = [url(offered().make(one, "")) for one in (shown, own)]
    data = path.read_bytes()
    for one in urls:
        assert browser.get(one).content == data
        head = browser.head(one)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(data)))
    path.unlink()
    os.mkfifo(path)
    assert [browser.get(one).status_code for one in urls] == [GONE, GONE]


def test_original_is_gone_with_its_folder(library: Library) -> None:
    own = Offer("red.tif", "image/tiff", lambda: original_of(library, 1))
    address = url(offered().make(own, ""))
    assert visitor().get(address).status_code == 200
    library.remove_root(library.roots()[0].path)
    assert visitor().get(address).status_code == GONE


def test_original_and_film_on_a_web_server_are_had_there(library: Library) -> None:
    there = RemotePath("https://photos.example/a.mp4")
    photo = replace(library.photo(1), path=there)
    assert original(library, photo) == film_url(library, photo) == there.url


def test_picture_behind_a_url_is_made_again_when_the_library_knows_of_a_change(
    library: Library, tmp_path: Path
) -> None:
    there = RemotePath(f"file://{tmp_path}/photos/red.tif")
    photo = replace(library.photo(1), path=there)
    first = picture(photo)
    assert first.token is not None
    assert picture(photo) is first
    changed = picture(replace(photo, mtime_ns=photo.mtime_ns + 1))
    assert changed.token != first.token
    assert offered().get(first.token, "") is None
