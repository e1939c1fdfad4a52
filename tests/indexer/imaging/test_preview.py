"""A photo for a screen: the file itself where that serves, else a smaller upright JPEG."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import Undecodable
from indexer.imaging.decode import content_hash, decode
from indexer.imaging.preview import AS_IT_IS_BYTES, large_picture
from indexer.records.photos import Photo
from indexer.sources.reading import file_stat
from tests.photos import make_photo


def photo_at(path: Path) -> Photo:
    data, stat = path.read_bytes(), file_stat(path)
    facts = decode(data, 64).facts
    return Photo(1, path, stat.size_bytes, stat.mtime_ns, content_hash(data), facts)


def size(jpeg: Path | bytes) -> tuple[int, int]:
    assert isinstance(jpeg, bytes)
    return Image.open(io.BytesIO(jpeg)).size


@pytest.mark.parametrize(("name", "mime"), [("a.jpg", "image/jpeg"), ("a.png", "image/png")])
def test_small_file_is_shown_as_it_is(tmp_path: Path, name: str, mime: str) -> None:
    path = tmp_path / name
    make_photo(path, "red")
    assert large_picture(photo_at(path), 1600) == (mime, path)


def test_kind_that_browsers_do_not_show_becomes_a_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.new("RGB", (40, 20)).save(path)
    mime, jpeg = large_picture(photo_at(path), 1600)
    assert (mime, size(jpeg)) == ("image/jpeg", (40, 20))


def test_many_pixels_become_fewer(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (400, 100)).save(path)
    assert size(large_picture(photo_at(path), 200)[1]) == (200, 50)


def test_many_bytes_become_fewer(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.frombytes("RGB", (800, 500), os.urandom(800 * 500 * 3)).save(path)
    assert path.stat().st_size > AS_IT_IS_BYTES
    jpeg = large_picture(photo_at(path), 1600)[1]
    assert isinstance(jpeg, bytes)
    assert len(jpeg) < path.stat().st_size


def test_sideways_photo_is_left_to_the_browser_only_as_a_jpeg(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.jpg", "a.png"):
        Image.new("RGB", (40, 20)).save(tmp_path / name, exif=exif)
    assert large_picture(photo_at(tmp_path / "a.jpg"), 1600)[1] == tmp_path / "a.jpg"
    assert size(large_picture(photo_at(tmp_path / "a.png"), 1600)[1]) == (20, 40)


def test_film_is_no_picture(tmp_path: Path) -> None:
    path = make_photo(tmp_path / "a.jpg", "red")
    photo = photo_at(path)
    film = replace(photo, facts=replace(photo.facts, duration_s=1.0))
    with pytest.raises(Undecodable, match="a video"):
        large_picture(film, 1600)


def test_file_that_has_changed_is_decoded_first(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    make_photo(path, "red")
    photo = photo_at(path)
    path.write_bytes(b"no photo any more")
    with pytest.raises(Undecodable):
        large_picture(photo, 1600)
