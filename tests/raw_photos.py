"""Writes small RAW photos: a DNG with a mosaic, and a preview in it where one is wanted."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
from PIL import Image

SHORT, LONG, RATIONAL, SRATIONAL, ASCII, BYTE, UNDEFINED = 3, 4, 5, 10, 2, 1, 7
SIZES: Final = {SHORT: 2, LONG: 4, RATIONAL: 8, SRATIONAL: 8, ASCII: 1, BYTE: 1, UNDEFINED: 1}
NONE, JPEG_XL = 1, 52546  # compressions
# XYZ to linear sRGB: the sensor sees as a screen shows
MATRIX: Final = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)

Tags = Mapping[int, tuple[int, Sequence[Any] | bytes]]


def dng(
    image: Image.Image,
    *,
    orientation: int = 1,
    preview: Image.Image | None = None,
    is_jpeg: bool = True,
    compression: int = NONE,
    exif: Tags | None = None,
    gps: Tags | None = None,
    make: bytes = b"Recollect",
) -> bytes:
    """`image` as a camera's sensor stores it, red, green, green and blue in turn.

    `is_jpeg`: the preview is one, and not plain pixels. `compression`: what the file says that the
    sensor's pixels have; they have none.
    """
    file = _File()
    mosaic = _mosaic(image)
    tags: dict[int, tuple[int, Sequence[Any] | bytes]] = {
        254: (LONG, [0]),
        256: (LONG, [image.width]),
        257: (LONG, [image.height]),
        258: (SHORT, [16]),
        259: (SHORT, [compression]),
        262: (SHORT, [32803]),
        271: (ASCII, make + b"\0"),
        272: (ASCII, b"Mosaic 1\0"),
        273: (LONG, [file.add(mosaic.astype("<u2").tobytes())]),
        274: (SHORT, [orientation]),
        277: (SHORT, [1]),
        278: (LONG, [image.height]),
        279: (LONG, [mosaic.size * 2]),
        33421: (SHORT, [2, 2]),
        33422: (BYTE, bytes((0, 1, 1, 2))),
        50706: (BYTE, bytes((1, 4, 0, 0))),
        50708: (ASCII, b"Recollect Mosaic 1\0"),
        50717: (LONG, [65535]),
        50721: (SRATIONAL, MATRIX),
        50728: (RATIONAL, [1, 1, 1]),
        50778: (SHORT, [21]),
    }
    if preview:
        directory = _preview(file, preview, is_jpeg=is_jpeg)
        tags[330] = (LONG, [file.add_directory(directory)])
    if exif:
        tags[34665] = (LONG, [file.add_directory(exif)])
    if gps:
        tags[34853] = (LONG, [file.add_directory(gps)])
    return file.written(file.add_directory(tags))


def _preview(file: _File, image: Image.Image, *, is_jpeg: bool) -> Tags:
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=92)
    stored = jpeg.getvalue() if is_jpeg else image.tobytes()
    return {
        254: (LONG, [1]),
        256: (LONG, [image.width]),
        257: (LONG, [image.height]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [7 if is_jpeg else NONE]),
        262: (SHORT, [6 if is_jpeg else 2]),
        273: (LONG, [file.add(stored)]),
        277: (SHORT, [3]),
        278: (LONG, [image.height]),
        279: (LONG, [len(stored)]),
    }


def _mosaic(image: Image.Image) -> np.ndarray[Any, Any]:
    """(H, W) of 16 bits: of each pixel the one colour that its place in the pattern has."""
    values = np.asarray(image.convert("RGB"), np.float64) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    mosaic = linear[..., 1].copy()
    mosaic[0::2, 0::2] = linear[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = linear[1::2, 1::2, 2]
    return np.round(mosaic * 65535)


class _File:
    """A TIFF in the making, little-endian."""

    def __init__(self) -> None:
        self._data = bytearray(b"II*\0\0\0\0\0")

    def add(self, block: bytes) -> int:
        """Where in the file the block begins."""
        self._data += bytes(len(self._data) % 2)
        at = len(self._data)
        self._data += block
        return at

    def add_directory(self, tags: Tags) -> int:
        entries = b""
        for tag, (kind, values) in sorted(tags.items()):
            packed = _packed(kind, values)
            count = len(packed) // SIZES[kind]
            where = (
                packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", self.add(packed))
            )
            entries += struct.pack("<HHI", tag, kind, count) + where
        return self.add(struct.pack("<H", len(tags)) + entries + bytes(4))

    def written(self, first: int) -> bytes:
        self._data[4:8] = struct.pack("<I", first)
        return bytes(self._data)


def _packed(kind: int, values: Sequence[Any] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    if kind in (RATIONAL, SRATIONAL):
        ratios = [Fraction(value).limit_denominator(10_000) for value in values]
        pairs = [part for ratio in ratios for part in (ratio.numerator, ratio.denominator)]
        return struct.pack(f"<{len(pairs)}{'I' if kind == RATIONAL else 'i'}", *pairs)
    return struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
