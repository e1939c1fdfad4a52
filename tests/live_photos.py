"""Makes what Apple writes into the still of a Live Photo."""

from __future__ import annotations

import struct
from typing import Final

from PIL import ExifTags, Image

COUNT, ASCII, LONG = 2, 2, 9
CONTENT_IDENTIFIER: Final = 0x11


def apple_note(live_id: str) -> bytes:
    """A maker note with a number and the id."""
    text = live_id.encode() + b"\0"
    place = 14 + 2 + 12 * COUNT + 4
    entries = struct.pack(">HHIi", 1, LONG, 1, 9) + struct.pack(
        ">HHII", CONTENT_IDENTIFIER, ASCII, len(text), place
    )
    directory = struct.pack(">H", COUNT) + entries + bytes(4)
    return b"Apple iOS\0\0\1MM" + directory + text


def live_exif(live_id: str) -> Image.Exif:
    """Tags with that note."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = apple_note(live_id)
    return exif
