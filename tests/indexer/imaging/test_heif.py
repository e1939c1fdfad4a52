"""The tiles of a HEIC photo give the same picture as libheif gives of the whole."""

from __future__ import annotations

import io
import struct
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image
from pillow_heif import register_heif_opener

from indexer.errors import Undecodable
from indexer.imaging.colours import load_rgb
from indexer.imaging.decode import decode
from indexer.imaging.heif import load_heif
from indexer.imaging.heif_tiles import NotPlain, grid_of
from indexer.imaging.opening import opened
from tests.indexer.imaging.test_decode import difference, scene

pytest.importorskip("av")
register_heif_opener()  # to write such files


def heic(image: Image.Image, **save: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "HEIF", quality=90, enc_params={"preset": "ultrafast"}, **save)
    return buffer.getvalue()


@cache
def tiled(width: int, height: int) -> bytes:
    """A photo of tiles, as a phone writes it."""
    return heic(photo(width, height), tile_size=128)


def photo(width: int, height: int) -> Image.Image:
    """Four colours below waves of light: neighbouring tiles differ."""
    waves = np.sin(np.arange(width) / 9)[None, :] * np.sin(np.arange(height) / 13)[:, None]
    light = Image.fromarray((90 * waves + 128).astype(np.uint8))
    return Image.blend(scene(width, height), light.convert("RGB"), 0.6)


def by_libheif(data: bytes) -> Image.Image:
    with opened(data) as image:
        return load_rgb(image, data)


def by_tiles(data: bytes, least: tuple[int, int]) -> Image.Image:
    grid_of(data)  # or the test shows nothing
    with opened(data) as image:
        return load_heif(image, data, least)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(600, 400), (601, 399), (384, 256)])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_the_tiles_give_the_same_picture(size: tuple[int, int], factor: int) -> None:
    data = tiled(*size)
    small = by_tiles(data, (size[0] // factor, size[1] // factor))
    assert difference(small, by_libheif(data).reduce(factor)) < 1.5


def test_a_photo_is_never_made_smaller_than_asked() -> None:
    data = tiled(600, 400)
    assert by_tiles(data, (200, 150)).size == (300, 200)
    assert by_tiles(data, (500, 500)).size == (600, 400)


def test_a_turned_photo_is_turned() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = heic(photo(600, 400), tile_size=128, exif=exif.tobytes())
    whole = by_libheif(data)
    assert difference(by_tiles(data, (200, 300)), whole.reduce(2)) < 1.5
    assert decode(data, 16).facts.width_px == whole.width


def test_its_profile_goes_with_the_picture() -> None:
    with opened(data := heic(scene(256, 256), tile_size=128)) as image:
        image.info["icc_profile"] = b"a profile"
        assert load_heif(image, data, (9, 9)).info == {"icc_profile": b"a profile"}


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"tile_size": 128, "chroma": 444},
        {"tile_size": 128, "matrix_coefficients": 1},
    ],
    ids=["no tiles", "4:4:4", "BT.709"],
)
def test_any_other_photo_is_left_to_libheif(written: dict[str, int]) -> None:
    with pytest.raises(NotPlain):
        grid_of(heic(photo(600, 400), **written))


def patched(box: bytes, at: int, value: bytes) -> bytes:
    """A photo of 5 x 4 tiles with other bytes so far behind the last mark of a box."""
    data = tiled(600, 400)
    start = data.rindex(box) + 4 + at
    return data[:start] + value + data[start + len(value) :]


LAST_TILE = b"\0\x15"  # the number of its item; the places below are those of ISO/IEC 14496-12


@pytest.mark.parametrize(
    ("box", "at", "value", "why"),
    [
        (b"ftyp", -8, b"\0\0\0\4", "damaged"),  # smaller than what says so
        (b"iinf", -4, b"free", "iinf"),
        (b"iref", -4, b"free", "1"),  # the photo's item
        (b"idat", 3, b"\5", "another number of tiles"),
        (b"idat", 4, b"\5\0", "do not suit the photo"),
        (b"hvc1", -4, b"av01", "of another kind"),
        (b"iloc", 6, b"\xff\xff", "cut off"),
        (b"iloc", 8 + 20 * 20, LAST_TILE + bytes(10), "21"),  # it lies nowhere
        (b"ipma", 4 + 4 + 6 + 19 * 7, LAST_TILE + b"\4\x82\3\4\2", "several configurations"),
    ],
)
def test_a_grid_that_contradicts_itself_is_left_to_libheif(
    box: bytes, at: int, value: bytes, why: str
) -> None:
    with pytest.raises(NotPlain, match=why):
        grid_of(patched(box, at, value))


def test_a_mirrored_photo_is_left_to_libheif() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 2
    with pytest.raises(NotPlain, match="mirrored"):
        grid_of(heic(photo(600, 400), tile_size=128, exif=exif.tobytes()))


def test_a_box_may_give_its_length_in_64_bits() -> None:
    data = tiled(600, 400)
    first, second = data.index(b"ftyp") - 4, data.index(b"meta") - 4
    (size,) = struct.unpack_from(">I", data, second)
    shorter = struct.pack(">I", second - 8) + data[first + 4 : second - 8]  # by two brands
    longer = struct.pack(">I4sQ", 1, b"meta", size + 8) + data[second + 8 :]
    assert grid_of(shorter + longer) == grid_of(data)


def test_tiles_of_another_size_than_the_file_says_are_left_to_libheif() -> None:
    data = patched(b"ispe", 4, struct.pack(">II", 256, 256))
    with pytest.raises(ValueError, match="does not have the size"):
        by_tiles(data, (10, 10))


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"])
def test_a_file_without_boxes_is_left_to_libheif(data: bytes) -> None:
    with pytest.raises(NotPlain):
        grid_of(data)


def test_without_ffmpeg_libheif_reads_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    data = tiled(600, 400)
    assert by_tiles(data, (10, 10)).size == (600, 400)


def test_a_file_that_lacks_tiles_is_damaged() -> None:
    data = tiled(600, 400)
    for read in (grid_of, lambda half: decode(half, 16)):
        with pytest.raises(Undecodable, match="before its last tile"):
            read(data[: len(data) // 2])


def test_a_tile_that_ffmpeg_refuses_is_left_to_libheif() -> None:
    data = tiled(600, 400)
    start, end = grid_of(data).tiles[7]
    broken = data[:start] + bytes(end - start) + data[end:]
    assert difference(by_tiles(broken, (600, 400)), by_libheif(broken)) == 0
