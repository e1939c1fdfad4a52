"""A kind of picture that cannot be read is named, and not taken for damaged."""

from __future__ import annotations

import struct

import pytest

from indexer.errors import Undecodable
from indexer.imaging.bmp_masks import with_plain_channels
from indexer.imaging.decode import decode
from tests.odd_files import SIDE, bmp, grey_picture, picture, saved, tiff

ROWS = [bytes(SIDE * 8)] * SIDE


def jpeg(marker: int = 0xC0, bits: int = 8, channels: int = 3) -> bytes:
    data = bytearray(saved(picture(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4], data[at + 9] = marker, bits, channels
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (tiff(ROWS[:1], [8], 1, compression=34712), "a TIFF compressed with JPEG 2000"),
        (tiff(ROWS[:1], [8], 1, compression=34887), "a TIFF compressed with LERC"),
        (tiff(ROWS[:1], [8], 1, compression=50002), "a TIFF compressed with JPEG XL"),
        (tiff(ROWS[:1], [8], 1, compression=32809), "a TIFF compressed with ThunderScan"),
        (tiff(ROWS[:1], [8], 1, compression=12345), "a TIFF compressed with method 12345"),
        (tiff(ROWS, [64], 1, tags={339: (3,)}), "a TIFF with 64-bit floating-point grey"),
        (tiff(ROWS[:1], [16] * 3, 8), "a TIFF with 16-bit CIE Lab in 3 samples"),
        (tiff(ROWS[:1], [16], 32803), "a TIFF with 16-bit raw sensor"),
        (jpeg(bits=12), "a JPEG with 12 bits a sample"),
        (jpeg(marker=0xC3), "a JPEG with lossless coding"),
        (jpeg(marker=0xC5), "a JPEG with hierarchical coding"),
        (jpeg(channels=2), "a JPEG with 2 channels"),
        (bmp(ROWS, 8, compression=4), "a BMP with a JPEG in it"),
        (bmp(ROWS, 2), "a BMP with 2 bits a pixel"),
        (b"II\xbc\1" + bytes(99), "a file of the format JPEG XR"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99), "a JPEG 2000 file that is damaged"),
        (b"<!doctype HTML><p>404", "a file of the format HTML"),
        (b"8BPS\0\2" + bytes(99), "a file of the format Photoshop, large"),
        (b"8BPS\0\1" + bytes(99), "a Photoshop file that is damaged or of a rare kind"),
        (b"\0\0\0\x18ftypmp42" + bytes(99), "a video, not a picture"),
    ],
)
def test_kind_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        decode(data, 16)


@pytest.mark.parametrize(
    ("kind", "written"),
    [("JPEG", {}), ("TIFF", {}), ("TIFF", {"compression": "zstd"}), ("BMP", {})],
)
def test_a_damaged_file_of_a_kind_that_is_read_is_damaged(
    kind: str, written: dict[str, str]
) -> None:
    data = saved(grey_picture(), kind, **written)
    with pytest.raises(Undecodable, match=r"damaged|known format"):
        decode(data[: len(data) // 2], 16)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize(
    "data",
    [
        b"BM" + bytes(20),
        b"II*\0",
        b"II*\0" + bytes(4) + bytes(99),
        b"II*\0\xff\xff\xff\xff" + bytes(99),
        tiff([b"no strip"], [8], 1, compression=50000),
    ],
    ids=["BMP", "TIFF", "TIFF of no tags", "TIFF of tags behind its end", "TIFF of garbage"],
)
def test_a_file_that_is_damaged_is_of_no_other_kind(data: bytes) -> None:
    with pytest.raises(Undecodable, match="damaged"):
        decode(data, 16)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_tiff_that_is_cut_within_its_tags_is_of_no_other_kind() -> None:
    data = saved(picture(), "TIFF")
    (at,) = struct.unpack_from("<I", data, 4)
    tags_last = data[:4] + struct.pack("<I", len(data)) + data[8:] + data[at:]
    for kept in range(7):  # the seventh says how many samples a pixel has
        with pytest.raises(Undecodable, match="damaged"):
            decode(tags_last[: len(data) + 2 + 12 * kept], 16)


def test_a_bmp_of_masks_that_is_cut_off_is_left_as_it_is() -> None:
    data = bmp(ROWS, 32, compression=3, masks=(0xFF, 0xFF00, 0xFF0000), head=52)
    assert with_plain_channels(data) != data
    half = data[: len(data) // 2]
    assert with_plain_channels(half) == half
    with pytest.raises(Undecodable, match="damaged"):
        decode(half, 16)
