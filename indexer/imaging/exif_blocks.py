"""Finds the EXIF of formats in which Pillow does not find it. Knows bytes only."""

from __future__ import annotations

from typing import Final

from PIL.ImageFile import ImageFile
from PIL.PsdImagePlugin import PsdImageFile

PSD_EXIF: Final = 1058  # Adobe Photoshop File Formats Specification, image resource IDs
JP2_EXIF: Final = b"uuidJpgTiffExif->JP2"  # the box that exiv2, ExifTool and digiKam write


def exif_block(image: ImageFile, data: bytes) -> bytes | None:
    """What `image.info` is to have as its EXIF; None where Pillow knows best."""
    if isinstance(image, PsdImageFile):
        return next((block for number, _, block in image.resources if number == PSD_EXIF), None)
    if image.format == "JPEG2000":
        return _jp2_exif(data)
    return None


def _jp2_exif(data: bytes) -> bytes | None:
    at = data.find(JP2_EXIF)
    if at < 4:
        return None
    end = at - 4 + int.from_bytes(data[at - 4 : at], "big")
    return data[at + len(JP2_EXIF) : end]
