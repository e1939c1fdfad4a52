"""A kind of picture that cannot be read is named, and not taken for damaged."""

from __future__ import annotations

import pytest

from indexer.errors import Undecodable
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


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "BMP"])
def test_a_damaged_file_of_a_kind_that_is_read_is_damaged(kind: str) -> None:
    data = saved(grey_picture(), kind)
    with pytest.raises(Undecodable, match=r"damaged|known format"):
        decode(data[: len(data) // 2], 16)
