"""Pictures of odd modes and depths have the colours that their files mean."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from indexer.imaging.colours import PROFILE_LIMIT_BYTES
from indexer.imaging.decode import decode, decode_upright
from tests.odd_files import (
    SIDE,
    Odd,
    all_files,
    chunk,
    grey_scene,
    levels,
    picture,
    png,
    rgb_profile,
    saved,
    scene,
)

FARTHEST = 6  # of 255
KNOWN = [file for file in all_files() if file.colours is not None]


@pytest.mark.parametrize("file", KNOWN, ids=lambda file: file.name)
def test_a_file_that_browsers_do_not_draw_has_its_own_colours(file: Odd) -> None:
    image = decode(file.data, SIDE).image
    assert np.abs(np.asarray(image, float) - file.colours).mean() < FARTHEST
    large = decode_upright(file.data, SIDE)
    assert np.abs(np.asarray(large, float) - file.colours).mean() < FARTHEST


def test_a_grey_level_of_16_bits_that_is_clear_hides_no_other() -> None:
    grey = levels(grey_scene(), 16)
    data = png(grey, 16, 0, chunk(b"tRNS", int(grey[20, 20]).to_bytes(2, "big")))
    image = np.asarray(decode(data, 16).image)
    clear = grey == grey[20, 20]
    assert (image[clear] == 255).all()
    assert (image[..., 0] == grey >> 8)[~clear].all()


@pytest.mark.parametrize(("gamma", "grey"), [(1.0, 188), (1 / 2.2, 128)])
def test_a_png_is_shown_by_its_tone_curve(gamma: float, grey: int) -> None:
    plain = np.full((SIDE, SIDE, 3), 128)
    curve = chunk(b"gAMA", round(100_000 * gamma).to_bytes(4, "big"))
    assert decode(png(plain, 8, 2, curve), 16).image.getpixel((5, 5)) == (grey,) * 3
    srgb = chunk(b"sRGB", b"\0")  # says all that is to be said
    assert decode(png(plain, 8, 2, srgb, curve), 16).image.getpixel((5, 5)) == (128,) * 3


def test_colours_of_a_profile_too_large_for_a_thumbnail_are_applied() -> None:
    profile = rgb_profile() + bytes(PROFILE_LIMIT_BYTES)
    decoded = decode(saved(picture(), "TIFF", icc_profile=profile), 16)
    srgb = ImageCms.createProfile("sRGB")
    wanted = ImageCms.profileToProfile(picture(), io.BytesIO(rgb_profile()), srgb)
    assert np.abs(np.asarray(decoded.image, int) - np.asarray(wanted, int)).max() <= 2
    assert "icc_profile" not in Image.open(io.BytesIO(decoded.thumbnail)).info


def test_orientation_in_xmp_alone_turns_nothing() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'
    wide = picture().crop((0, 0, SIDE, SIDE // 2))
    camera = Image.Exif()
    camera[0x010F] = "Nikon"  # Pillow looks for the orientation as soon as there is any EXIF
    for exif in (Image.Exif(), camera):
        for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
            more = {"tiffinfo": {700: xmp}} if kind == "TIFF" else {"xmp": xmp}
            if kind == "PNG":
                chunks = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
                data = saved(wide, "PNG", exif=exif)
                at = data.index(b"IDAT") - 4
                data = data[:at] + chunks + data[at:]
            else:
                data = saved(wide, kind, exif=exif, **more)
            assert b"tiff:Orientation" in data
            decoded = decode(data, 16)
            assert decoded.image.size == wide.size, kind
            facts = decoded.facts
            assert (facts.width_px, facts.height_px, facts.orientation) == (*wide.size, 1)
            assert decode_upright(data, SIDE).size == wide.size


def test_scene_of_the_odd_files_has_no_two_equal_corners() -> None:
    corners = {tuple(scene()[y, x]) for y in (0, -1) for x in (0, -1)}
    assert len(corners) == 4
