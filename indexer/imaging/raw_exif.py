"""The EXIF of a RAW file, wherever its maker keeps it. Knows no pixels."""

from __future__ import annotations

import io
import logging
from typing import Final

from PIL import ExifTags, Image

from indexer.imaging.exif import Directories, exif_directories, one_directory

log = logging.getLogger(__name__)

TIFFS: Final = (b"II*\0", b"MM\0*")
ALIKE: Final = (b"IIRO", b"IIRS", b"IIU\0")  # TIFFs of other names: Olympus, Panasonic
BIG_ENDIAN_ALIKE: Final = b"MMOR"
HEAD_BYTES: Final = 1 << 17  # in which makers whose files are no TIFFs have their tags


def raw_directories(data: bytes, preview: object) -> Directories:
    """Those of the file; where it is no TIFF, or has no maker in it, those of its preview."""
    own = _own(data)
    if ExifTags.Base.Make in own.base or not isinstance(preview, bytes):
        return own
    try:
        with Image.open(io.BytesIO(preview), formats=("JPEG",)) as image:
            found = exif_directories(image.getexif)
    except OSError as error:
        log.debug("the preview has no EXIF: %s", error)
        return own
    return found if found.base else own


def _own(data: bytes) -> Directories:
    if data.startswith(TIFFS):
        return _tiff(data)
    if data.startswith(ALIKE):
        return _tiff(b"II*\0" + data[4:])
    if data.startswith(BIG_ENDIAN_ALIKE):
        return _tiff(b"MM\0*" + data[4:])
    if data.startswith(b"\0MRM"):
        block = data.find(b"\0TTW", 0, HEAD_BYTES)
        return _tiff(data[block + 8 : block + HEAD_BYTES]) if block > 0 else Directories()
    if data[4:8] == b"ftyp":  # Canon's CR3: a TIFF of one directory in each of these boxes
        boxes = (_box(data, kind) for kind in (b"CMT1", b"CMT2", b"CMT4"))
        return Directories(*map(one_directory, boxes))
    return Directories()


def _tiff(data: bytes) -> Directories:
    exif = Image.Exif()

    def read() -> Image.Exif:
        exif.load(data)
        return exif

    return exif_directories(read)


def _box(data: bytes, kind: bytes) -> bytes:
    at = data.find(kind, 0, HEAD_BYTES)
    return data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at], "big")] if at >= 4 else b""
