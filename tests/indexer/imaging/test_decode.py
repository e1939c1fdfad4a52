"""Every kind of file decodes to the right colours, upright, or says why it cannot."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from pillow_heif import register_heif_opener

from indexer.atomic import write_atomically
from indexer.errors import Undecodable, Unstable
from indexer.imaging.decode import (
    SMALL_THUMBNAIL_PX,
    THUMBNAIL_PX,
    content_hash,
    decode,
    decode_upright,
)
from indexer.imaging.limits import refuse_bomb
from indexer.imaging.turning import UPRIGHT
from indexer.records.photos import FileStat
from indexer.sources.reading import file_stat, read_stable
from tests.photos import make_photo

register_heif_opener()  # to write such files

RGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
STORED_AS = dict(UPRIGHT)
STORED_AS[6], STORED_AS[8] = UPRIGHT[8], UPRIGHT[6]  # the others undo themselves


def encoded(image: Image.Image, kind: str, **save: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **save)
    return buffer.getvalue()


def scene(width: int = 120, height: int = 80) -> Image.Image:
    """Four quarters of different colours: no turning or mirroring leaves it as it is."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("green", (width // 2, 0, width, height // 2))
    image.paste("blue", (0, height // 2, width // 2, height))
    image.paste("white", (width // 2, height // 2, width, height))
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_size(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


KINDS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "MPO", "HEIF", "AVIF"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_each_format_decodes_to_the_right_colours(kind: str) -> None:
    decoded = decode(encoded(scene(), kind), 16)
    assert decoded.image.mode == "RGB"
    assert difference(decoded.image, scene()) < 4
    facts = decoded.facts
    assert (facts.width_px, facts.height_px) == (120, 80)
    assert facts.format == ("JPEG" if kind == "MPO" else kind)


def test_half_a_heic_photo_is_damaged() -> None:
    data = encoded(scene(640, 480), "HEIF")
    with pytest.raises(Undecodable, match="damaged"):
        decode(data[: len(data) // 2], 16)


@pytest.mark.slow
def test_the_small_picture_in_a_heic_file_is_not_taken_for_the_photo() -> None:
    quick = {"preset": "ultrafast"}
    data = encoded(scene(2000, 1500), "HEIF", thumbnails=[1200], enc_params=quick)
    assert decode(data, 224).image.size == (2000 / 4, 1500 / 4)  # and not 1200 / 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_of_a_large_photo_the_means_of_its_pixels_are_enough(kind: str) -> None:
    photo = scene(1156, 866)
    decoded = decode(encoded(photo, kind), 256)
    assert decoded.image.size == (578, 433)
    assert difference(decoded.image, photo.reduce(2)) < 1
    assert (decoded.facts.width_px, decoded.facts.height_px) == (1156, 866)


def test_of_a_small_photo_each_pixel_is_wanted() -> None:
    photo = scene(1000, 700)  # a half of it has fewer pixels than 1.4 times what the encoder sees
    assert decode(encoded(photo, "PNG"), 256).image.size == photo.size


def test_without_its_reader_a_heic_photo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(Undecodable, match=r"recollect-photos\[heic\]"):
        decode(encoded(scene(), "HEIF"), 16)


def test_cmyk_jpeg_decodes_to_the_right_colours() -> None:
    decoded = decode(encoded(scene().convert("CMYK"), "JPEG", quality=95), 16)
    assert difference(decoded.image, scene()) < 6


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_lies_over_white(kind: str) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert decode(encoded(image, kind, lossless=True), 16).image.getpixel((3, 3)) == (255,) * 3


@pytest.mark.parametrize(("kind", "transparency"), [("PNG", 0), ("PNG", b"\x00\xff"), ("GIF", 0)])
def test_transparent_palette_colour_lies_over_white(kind: str, transparency: int | bytes) -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (4, 0, 8, 8))
    shown = decode(encoded(image, kind, transparency=transparency), 16).image
    assert shown.getpixel((1, 1)) == (255, 255, 255)
    assert shown.getpixel((6, 1)) == (255, 0, 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_to_eight(kind: str) -> None:
    image = Image.fromarray(np.full((8, 8), 0x8000, np.uint16))
    assert decode(encoded(image, kind), 16).image.getpixel((3, 3)) == (128, 128, 128)


def test_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert difference(decode(data, 16).image, frames[0]) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stored_in_any_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    turn = STORED_AS.get(orientation)
    stored = scene().transpose(turn) if turn is not None else scene()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    decoded = decode(encoded(stored, kind, exif=exif.tobytes()), 16)
    assert difference(decoded.image, scene()) < 4
    assert (decoded.facts.width_px, decoded.facts.height_px) == (120, 80)
    thumbnail = Image.open(io.BytesIO(decoded.thumbnail))
    assert difference(thumbnail, scene()) < 5
    assert ExifTags.Base.Orientation not in thumbnail.getexif()


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(("size", "encoder_px"), [((4000, 3000), 224), ((1500, 900), 336)])
def test_draft_keeps_more_than_the_encoder_sees(
    size: tuple[int, int], encoder_px: int, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    decoded = decode(encoded(scene(*size), "JPEG", exif=exif), encoder_px)
    assert min(decoded.image.size) >= 1.4 * encoder_px
    facts = decoded.facts
    assert sorted((facts.width_px, facts.height_px)) == sorted(size)
    assert (facts.width_px > facts.height_px) == (orientation == 1)


def test_a_large_jpeg_is_not_decoded_in_full() -> None:
    assert decode(encoded(scene(4000, 3000), "JPEG"), 224).image.size == (500, 375)


def test_a_square_jpeg_is_not_decoded_to_less_than_a_thumbnail() -> None:
    assert decode(encoded(scene(3200, 3200), "JPEG"), 224).image.size == (800, 800)


def test_a_small_photo_is_not_enlarged() -> None:
    assert decode(encoded(scene(), "JPEG"), 224).image.size == (120, 80)


@pytest.mark.parametrize("size", [(2000, 1500), (3000, 2), (2, 3000), (100, 50)])
def test_thumbnail_is_a_jpeg_of_at_most_512_px(size: tuple[int, int]) -> None:
    thumbnail = Image.open(io.BytesIO(decode(encoded(scene(*size), "PNG"), 224).thumbnail))
    assert thumbnail.format == "JPEG"
    least_px = min(max(size), SMALL_THUMBNAIL_PX)  # where it is made of means
    assert least_px <= max(thumbnail.size) <= THUMBNAIL_PX


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("TIFF", "RGB")])
def test_thumbnail_keeps_the_colour_profile(kind: str, mode: str) -> None:
    data = encoded(scene().convert(mode), kind, icc_profile=RGB_PROFILE)
    assert Image.open(io.BytesIO(decode(data, 16).thumbnail)).info["icc_profile"] == RGB_PROFILE


@pytest.mark.parametrize("profile", [b"x", b"garbage " * 100, RGB_PROFILE * 10_000])
def test_a_senseless_colour_profile_costs_nothing(profile: bytes) -> None:
    for kind in ("JPEG", "TIFF", "WEBP") if len(profile) < 1_000_000 else ("TIFF",):
        decoded = decode(encoded(scene(), kind, icc_profile=profile), 16)
        assert difference(decoded.image, scene()) < 4
        assert "icc_profile" not in Image.open(io.BytesIO(decoded.thumbnail)).info


def test_the_profile_of_other_inks_is_left_behind() -> None:
    cmyk = RGB_PROFILE[:16] + b"CMYK" + RGB_PROFILE[20:]
    decoded = decode(encoded(scene().convert("CMYK"), "JPEG", icc_profile=cmyk), 16)
    assert "icc_profile" not in Image.open(io.BytesIO(decoded.thumbnail)).info


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"Dear diary, today I took no photo.", "not an image of a known format"),
        (b"\xff\xd8\xff\xe0", "."),
        (b"\x89PNG\r\n\x1a\n", "."),
        (png_of_size(30_000, 30_000), "30000 x 30000 pixels are more than the limit"),
        (png_of_size(0, 10), "."),
        (png_of_size(10, 0), "."),
        (png_of_size(500, 500), "damaged"),  # far too little data
    ],
)
def test_what_cannot_be_decoded_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason) as caught:
        decode(data, 16)
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(Undecodable, match=reason):
        decode_upright(data, 100)


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(Undecodable, match="more than the limit"):
        decode(png_of_size(30_000, 30_000), 16)


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(Undecodable, match="no pixels"):
        refuse_bomb(size)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_cut_off_is_undecodable(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    for kept in (0.2, 0.5, 0.9):
        with pytest.raises(Undecodable):
            decode(data[: int(len(data) * kept)], 16)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_damage_anywhere_raises_undecodable_or_nothing(kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[2] = (1.0, 2.0, 3.0)
    whole = encoded(scene(30, 20), kind, **({} if kind in ("GIF", "BMP") else {"exif": exif}))
    chance = np.random.default_rng(1)
    for _ in range(150):
        data = bytearray(whole)
        for at in chance.integers(0, len(data), 3):
            data[at] = chance.integers(256)
        try:
            decode(bytes(data), 16)
        except Undecodable as error:
            assert str(error)  # noqa: PT017 - most of the damaged files do decode


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"x" * 40])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_photo_with_garbage_for_exif_is_taken_in(kind: str, exif: bytes) -> None:
    assert difference(decode(encoded(scene(), kind, exif=exif), 16).image, scene()) < 4


def test_a_tag_that_cannot_be_parsed_costs_no_photo() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Nikon"
    data = encoded(scene(), "JPEG", exif=exif)
    at = data.index(struct.pack(">HHI", 0x010F, 2, 6)) + 2
    for kind in range(14):
        for count in (0, 1, 2**20, 2**32 - 1):
            broken = data[:at] + struct.pack(">HI", kind, count) + data[at + 6 :]
            assert difference(decode(broken, 16).image, scene()) < 4


def test_photo_shown_is_upright_and_no_larger_than_asked() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = encoded(scene(1200, 800), "JPEG", exif=exif)
    assert decode_upright(data, 300).size == (200, 300)


def test_a_stable_file_is_read_whole(tmp_path: Path) -> None:
    path = make_photo(tmp_path / "a.jpg", "red")
    assert read_stable(path, file_stat(path)) == path.read_bytes()
    assert len(content_hash(path.read_bytes())) == 32


def test_a_file_that_grows_while_it_is_read_is_unstable(tmp_path: Path) -> None:
    path = make_photo(tmp_path / "a.jpg", "red")
    expected = file_stat(path)
    grown = FileStat(expected.size_bytes + 1, expected.mtime_ns)
    answers = iter([expected, grown])
    with pytest.raises(Unstable):
        read_stable(path, expected, stat=lambda _: next(answers))


def test_a_file_that_is_not_the_one_expected_is_unstable(tmp_path: Path) -> None:
    path = make_photo(tmp_path / "a.jpg", "red")
    expected = file_stat(path)
    os.utime(path, ns=(0, 0))
    with pytest.raises(Unstable):
        read_stable(path, expected)


def test_a_file_that_went_away_is_unstable(tmp_path: Path) -> None:
    with pytest.raises(Unstable):
        read_stable(tmp_path / "gone.jpg", FileStat(1, 1))


def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Undecodable, match="cannot be read") as caught:
        read_stable(tmp_path, file_stat(tmp_path))
    assert not isinstance(caught.value, Unstable)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_cannot_be_read(tmp_path: Path) -> None:
    path = make_photo(tmp_path / "a.jpg", "red")
    path.chmod(0)
    with pytest.raises(Undecodable, match="Permission denied"):
        read_stable(path, file_stat(path))


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(target, b"data")
    assert list(tmp_path.iterdir()) == [target]
