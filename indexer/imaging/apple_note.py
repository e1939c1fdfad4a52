"""Apple's maker note in EXIF: the id that the still and the film of a Live Photo share.

Its form is known from ExifTool: a header, then a directory as in TIFF, whose places count from the
note's own start.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

HEADER: Final = b"Apple iOS\0"
ORDERS: Final = {b"MM": ">", b"II": "<"}
ORDER_AT: Final = 12  # behind the header and a version
ENTRIES_AT: Final = 14
CONTENT_IDENTIFIER: Final = 0x0011
ASCII: Final = 2


def content_identifier(note: bytes) -> str | None:
    """The id of the Live Photo that a still belongs to.

    Raises struct.error or UnicodeDecodeError where the note is cut off or garbage.
    """
    order = ORDERS.get(note[ORDER_AT:ENTRIES_AT])
    if not note.startswith(HEADER) or order is None:
        return None
    for tag, kind, count, place in _entries(note, order):
        if tag == CONTENT_IDENTIFIER and kind == ASCII:
            return note[place : place + count].rstrip(b"\0 ").decode("ascii") or None
    return None


def _entries(note: bytes, order: str) -> Iterator[tuple[int, int, int, int]]:
    """Tag, type, count and place of each entry."""
    (count,) = struct.unpack_from(f"{order}H", note, ENTRIES_AT)
    for number in range(count):
        entry: tuple[int, int, int, int] = struct.unpack_from(
            f"{order}HHII", note, ENTRIES_AT + 2 + 12 * number
        )
        yield entry
