"""Still pictures of the rarer formats decode to the right colours, with the facts they carry."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from indexer.errors import Undecodable
from indexer.formats import format_of
from indexer.imaging.decode import decode, decode_upright, decoded_size, read_facts_alone
from indexer.imaging.jxl import jxl_size
from tests.indexer.imaging.test_decode import difference, encoded, scene
from tests.still_files import NAMES, psd, still, with_jp2_exif

EXIF = Image.Exif()
EXIF[ExifTags.Base.Model] = "Box 7"
EXIF[ExifTags.Base.Orientation] = 6
EXIF.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:05:06 07:08:09"
BLOCK = EXIF.tobytes()  # as bytes: to write an AVIF, Pillow takes the orientation out of it
TIFF = BLOCK.removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("name", sorted({*NAMES} - {"PFM"}))
def test_each_decodes_to_the_right_colours(name: str) -> None:
    data = still(scene(), name)
    decoded = decode(data, 16)
    assert difference(decoded.image, scene()) < 5
    assert (decoded.facts.width_px, decoded.facts.height_px) == (120, 80)
    format = format_of(data)
    assert format
    assert decoded.facts.format == format.name


@pytest.mark.parametrize(
    "data",
    [
        psd(scene(), exif=TIFF),
        with_jp2_exif(still(scene(), "JPEG2000"), TIFF),
        encoded(scene(), "AVIF", exif=BLOCK),
    ],
    ids=["PSD", "JPEG 2000", "AVIF"],
)
def test_facts_come_from_where_the_format_has_its_exif(data: bytes) -> None:
    facts = read_facts_alone(data)
    assert facts.taken_at == datetime(2019, 5, 6, 7, 8, 9)
    assert facts.camera == "Box 7"
    assert (facts.width_px, facts.height_px) == (80, 120)
    assert decode_upright(data, 200).size == (80, 120)


def test_the_decoder_of_jpeg_xl_turns_a_photo_itself() -> None:
    data = still(scene(), "JXL", exif=BLOCK, use_container=True)
    facts = read_facts_alone(data)
    assert (facts.taken_at, facts.orientation) == (datetime(2019, 5, 6, 7, 8, 9), 1)
    assert decode_upright(data, 200).size == (120, 80)


def test_a_jpeg_in_a_jpeg_xl_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg", exif=BLOCK)
    with Image.open(tmp_path / "a.jpg") as jpeg:
        jpeg.save(tmp_path / "a.jxl", lossless_jpeg=True)
    decoded = decode((tmp_path / "a.jxl").read_bytes(), 16)
    assert decoded.facts.orientation == 6
    assert decoded.image.size == (80, 120)


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (120, 80), (300, 200), (2000, 1125), (7, 5000)])
@pytest.mark.parametrize("use_container", [False, True])
def test_the_size_of_a_jpeg_xl_is_in_its_header(size: tuple[int, int], use_container: bool) -> None:
    image = Image.new("1", size).convert("L")
    data = still(image, "JXL", effort=1, use_container=use_container)
    assert jxl_size(data) == size
    assert decoded_size(data)[0] == size[0] * size[1]


def test_a_jpeg_xl_too_large_is_refused_by_its_header() -> None:
    height, ratio_1_1 = (2**30 - 1) << 3 | 3 << 1, 1 << 33
    data = b"\xff\x0a" + (height | ratio_1_1).to_bytes(8, "little")
    with pytest.raises(Undecodable, match="limit of 300 million"):
        decode(data, 16)


@pytest.mark.slow
def test_a_large_jpeg_2000_is_decoded_at_a_smaller_scale() -> None:
    decoded = decode(still(scene(4000, 3000), "JPEG2000"), 16)
    assert decoded.facts.width_px == 4000
    assert decoded.image.size == (500, 375)


@pytest.mark.parametrize("width", [1200, 1201, 1202, 1203, 1206])
def test_a_jpeg_2000_of_any_size_is_read(width: int) -> None:
    decoded = decode(still(scene(width, 801), "JPEG2000"), 16)
    assert decoded.facts.width_px == width
    assert max(decoded.image.size) >= 512


def test_a_pgm_of_16_bits_keeps_its_brightness() -> None:
    greys = np.full((8, 8), 0x4000, ">u2")
    data = b"P5\n8 8\n65535\n" + greys.tobytes()
    assert decode(data, 16).image.getpixel((3, 3)) == (0x40,) * 3


def test_the_floats_of_a_pfm_are_greys() -> None:
    greys = Image.linear_gradient("L")
    assert difference(decode(still(greys, "PFM"), 16).image, greys.convert("RGB")) < 1


def test_the_largest_picture_of_an_icon_is_shown() -> None:
    data = still(scene(120, 120), "ICO", sizes=[(16, 16), (120, 120), (32, 32)])
    assert decode(data, 16).facts.width_px == 120


def frames(kind: str, first: Image.Image, *others: Image.Image) -> bytes:
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=list(others), duration=100, lossless=True)
    return buffer.getvalue()


def telling() -> Image.Image:
    across = Image.linear_gradient("L")
    down = across.transpose(Image.Transpose.ROTATE_90)
    return Image.merge("RGB", (across, Image.radial_gradient("L"), down))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_begins_black_shows_a_later_frame(kind: str) -> None:
    black, dull = Image.new("RGB", (256, 256)), Image.new("RGB", (256, 256), "navy")
    decoded = decode(frames(kind, black, dull, telling(), black), 16)
    assert difference(decoded.image, telling()) < 12


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_whose_first_frame_shows_something_shows_that(kind: str) -> None:
    turned = telling().transpose(Image.Transpose.ROTATE_180)
    assert difference(decode(frames(kind, telling(), turned), 16).image, telling()) < 12
    assert difference(decode(frames(kind, scene(), scene()), 16).image, scene()) < 5
