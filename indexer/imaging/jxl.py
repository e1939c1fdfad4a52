"""JPEG XL: the size in its header, before a decoder has seen it, and Pillow's plugin for it.

The plugin decodes as it opens, so that a picture too large must be refused before.
"""

from __future__ import annotations

from typing import Final

CODESTREAM: Final = b"\xff\x0a"
BOXES: Final = (b"jxlc", b"jxlp")  # of the container, ISO/IEC 18181-2: whole, or in parts
SEARCHED_BYTES: Final = 1 << 20  # EXIF may come before the picture
RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
SIDE_BITS: Final = (9, 13, 18, 30)


def jxl_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as ISO/IEC 18181-1, SizeHeader, has them; None where there is no header."""
    at = _codestream(data)
    if at is None:
        return None
    bits = _Bits(data[at + len(CODESTREAM) : at + 16])
    is_small = bits.take(1)
    height = _side(bits, is_small)
    ratio = bits.take(3)
    if ratio:
        across, down = RATIOS[ratio - 1]
        return height * across // down, height
    return _side(bits, is_small), height


def _codestream(data: bytes) -> int | None:
    if data.startswith(CODESTREAM):
        return 0
    for kind in BOXES:
        box = data.find(kind, 0, SEARCHED_BYTES)
        at = data.find(CODESTREAM, box, box + 12) if box > 0 else -1
        if at > 0:
            return at
    return None


def _side(bits: _Bits, is_small: int) -> int:
    if is_small:
        return 8 * (bits.take(5) + 1)
    return bits.take(SIDE_BITS[bits.take(2)]) + 1


class _Bits:
    """A header's bits, the least of each byte first. After the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        taken = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return taken


def register_jxl() -> None:
    """Let Pillow open JPEG XL in this process, on one thread: files are decoded side by side."""
    from pillow_jxl import JpegXLImagePlugin

    JpegXLImagePlugin.DECODE_THREADS = 0
