"""Writes small still pictures in the formats that Pillow reads; some of them it cannot write."""

from __future__ import annotations

import io
import struct
from typing import Any, Final

import numpy as np
import pillow_jxl  # noqa: F401 - Pillow then writes JPEG XL
from PIL import Image

WRITTEN_BY_PILLOW: Final = ("JPEG2000", "PPM", "SGI", "QOI", "PCX", "TGA", "ICO", "JXL")
NAMES: Final = (*WRITTEN_BY_PILLOW, "PSD", "PFM")


def still(image: Image.Image, name: str, **save: Any) -> bytes:
    """The picture as a file of the format."""
    if name == "PSD":
        return psd(image)
    if name == "PFM":
        return pfm(image)
    if name == "ICO":
        save = {"sizes": [image.size], **save}
    buffer = io.BytesIO()
    image.save(buffer, name, **save)
    return buffer.getvalue()


def psd(image: Image.Image, exif: bytes = b"") -> bytes:
    """Without layers: the composite is all there is."""
    channels = b"".join(channel.tobytes() for channel in image.convert("RGB").split())
    resources = b"8BIM" + struct.pack(">H", 1058) + b"\0\0" + struct.pack(">I", len(exif)) + exif
    if not exif:
        resources = b""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, image.height, image.width, 8, 3)
    sections = struct.pack(">I", 0) + struct.pack(">I", len(resources)) + resources
    return header + sections + struct.pack(">IH", 0, 0) + channels


def pfm(image: Image.Image) -> bytes:
    """Its greys as floats, from the bottom to the top."""
    values = np.asarray(image.convert("L"), "<f4")[::-1] / 255
    return f"Pf\n{image.width} {image.height}\n-1.0\n".encode() + values.tobytes()


def with_jp2_exif(jp2: bytes, exif: bytes) -> bytes:
    """The file with a box of EXIF at its end."""
    body = b"uuid" + b"JpgTiffExif->JP2" + exif
    return jp2 + struct.pack(">I", 4 + len(body)) + body
