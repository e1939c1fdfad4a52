"""RAW photos: upright, in the right colours, with their own facts, from preview or sensor."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import Undecodable
from indexer.imaging.decode import decode, decode_upright, read_facts_alone
from indexer.imaging.preview import large_picture
from indexer.imaging.turning import turned
from indexer.library.library import open_library
from tests.fakes import ColourEncoder
from tests.indexer.imaging.test_decode import difference, scene
from tests.raw_photos import ASCII, JPEG_XL, RATIONAL, SHORT, dng

SIZE = (1200, 800)  # half of it is enough for a thumbnail
EXIF = {
    33434: (RATIONAL, [0.004]),
    33437: (RATIONAL, [2.8]),
    34855: (SHORT, [200]),
    36867: (ASCII, b"2019:05:06 07:08:09\0"),
    37386: (RATIONAL, [50]),
    42036: (ASCII, b"Pinhole 50mm\0"),
}
GPS = {
    1: (ASCII, b"N\0"),
    2: (RATIONAL, [52, 30, 0]),
    3: (ASCII, b"E\0"),
    4: (RATIONAL, [13, 15, 0]),
}


def shrunk(image: Image.Image) -> Image.Image:
    return image.resize((60, 60))


def test_without_a_preview_the_sensors_pixels_are_shown() -> None:
    decoded = decode(dng(scene(*SIZE)), 16)
    assert difference(shrunk(decoded.image), shrunk(scene(*SIZE))) < 12
    assert (decoded.facts.width_px, decoded.facts.height_px) == SIZE
    assert decoded.facts.format == "DNG"


def test_a_preview_that_is_large_enough_is_shown() -> None:
    grey = Image.new("RGB", (900, 600), "grey")
    data = dng(scene(*SIZE), preview=grey)
    assert difference(shrunk(decode(data, 16).image), shrunk(grey)) < 3
    assert decode(data, 16).facts.width_px == SIZE[0]


def test_a_preview_that_is_too_small_or_damaged_is_not() -> None:
    grey = Image.new("RGB", (160, 120), "grey")
    assert difference(shrunk(decode(dng(scene(*SIZE), preview=grey), 16).image), shrunk(grey)) > 30
    data = dng(scene(*SIZE), preview=grey.resize((900, 600)))
    at = data.index(b"\xff\xd8\xff")
    broken = data[: at + 200] + bytes(len(data) - at - 200)
    with pytest.raises(Undecodable):  # so are the tags behind it
        decode(broken, 16)


def test_a_preview_of_plain_pixels_is_shown() -> None:
    grey = Image.new("RGB", (900, 600), "grey")
    decoded = decode(dng(scene(*SIZE), preview=grey, is_jpeg=False), 16)
    assert difference(shrunk(decoded.image), shrunk(grey)) < 3


@pytest.mark.parametrize("size", [(160, 120), (900, 600)])
def test_a_preview_is_shown_where_the_sensors_pixels_are_not_understood(
    size: tuple[int, int],
) -> None:
    grey = Image.new("RGB", size, "grey")
    decoded = decode(dng(scene(*SIZE), preview=grey, compression=JPEG_XL), 16)
    assert difference(shrunk(decoded.image), shrunk(grey)) < 3
    with pytest.raises(Undecodable):
        decode(dng(scene(*SIZE), compression=JPEG_XL), 16)


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("with_preview", [False, True])
def test_a_raw_photo_is_upright(orientation: int, with_preview: bool) -> None:
    stored = scene(*SIZE)
    data = dng(stored, orientation=orientation, preview=stored if with_preview else None)
    decoded = decode(data, 16)
    upright = turned(stored, orientation)
    assert difference(shrunk(decoded.image), shrunk(upright)) < 12
    assert (decoded.facts.width_px, decoded.facts.height_px) == upright.size


def test_a_preview_that_is_upright_already_is_not_turned_again() -> None:
    upright = turned(scene(*SIZE), 6)
    data = dng(scene(*SIZE), orientation=6, preview=upright)
    assert difference(shrunk(decode(data, 16).image), shrunk(upright)) < 3


def test_its_own_exif_has_the_facts() -> None:
    facts = read_facts_alone(dng(scene(*SIZE), exif=EXIF, gps=GPS, preview=scene()))
    assert facts.taken_at == datetime(2019, 5, 6, 7, 8, 9)
    assert (facts.camera, facts.lens) == ("Recollect Mosaic 1", "Pinhole 50mm")
    assert (facts.exposure_s, facts.f_number, facts.iso, facts.focal_mm) == (0.004, 2.8, 200, 50)
    assert (facts.latitude_deg, facts.longitude_deg) == (52.5, 13.25)


def test_the_page_shows_a_jpeg_of_it(place: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.DNG").write_bytes(dng(scene(*SIZE), orientation=6, preview=scene(*SIZE)))
    library = open_library(place, create=True, open_encoder=lambda _: ColourEncoder())
    library.add_root(photos)
    with library.writing():
        library.rebuild()
    (hit,) = library.search("name:a").hits
    mime, jpeg = large_picture(hit.photo, 600)
    assert mime == "image/jpeg"
    assert isinstance(jpeg, bytes)
    assert Image.open(io.BytesIO(jpeg)).size == (400, 600)
    library.close()


def test_a_larger_picture_comes_from_the_sensor() -> None:
    data = dng(scene(*SIZE), preview=scene(600, 400))
    assert decode_upright(data, 2000).size == (600, 400)
    assert decode_upright(dng(scene(*SIZE)), 500).size == (500, 333)
