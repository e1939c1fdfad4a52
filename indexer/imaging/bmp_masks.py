"""BMP files whose channels lie where masks say -> BMP files that Pillow reads.

Pillow knows a few layouts, and ignores the alpha of some. Any other file is left as it is.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS = 0, 3, 6
ALPHA_SINCE: Final = 56  # bytes of a header that has a mask for alpha (BITMAPV3INFOHEADER)
ALWAYS_MASKED: Final = 108  # from BITMAPV4HEADER on the masks count without BITFIELDS too
# red, green, blue and alpha, as Pillow reads them
KNOWN: Final = {
    16: ((0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0)),
    32: ((0xFF0000, 0xFF00, 0xFF, 0),),
}
DEEPEST: Final = 12  # bits of a channel that count; a longer one keeps its upper bits
PLAIN: Final = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)  # blue, green, red, alpha: a byte each


def with_plain_channels(data: bytes) -> bytes:
    """The file with a byte for each channel, if it has masks; else, or if it is cut off, itself."""
    head = _header(data)
    if head is None:
        return data
    offset, width, height, bits, masks = head
    columns, rows = abs(width), abs(height)
    stride = (columns * bits + 31) // 32 * 4
    if len(data) < offset + stride * rows:
        return data
    lines = np.frombuffer(data, np.uint8, stride * rows, offset).reshape(rows, stride)
    pixels = np.ascontiguousarray(lines[:, : columns * bits // 8]).view(f"<u{bits // 8}")
    order = (masks[2], masks[1], masks[0], masks[3])
    plain = np.stack([_channel(pixels, mask) for mask in order], axis=-1)
    if not masks[3]:
        plain[..., 3] = 255
    return _plain_file(width, height, plain.tobytes())


def _header(data: bytes) -> tuple[int, int, int, int, tuple[int, ...]] | None:
    """Where the pixels begin, width, height, bits and masks; None without masks to mind."""
    if data[:2] != b"BM" or len(data) < 14 + 40 + 16:
        return None
    (offset,) = struct.unpack_from("<I", data, 10)
    size, width, height, _, bits, compression = struct.unpack_from("<IiiHHI", data, 14)
    masks = struct.unpack_from("<4I", data, 14 + 40)
    if size < ALPHA_SINCE and compression != BI_ALPHABITFIELDS:
        masks = (*masks[:3], 0)
    masked = compression in (BI_BITFIELDS, BI_ALPHABITFIELDS)
    masked = masked or (compression == BI_RGB and size >= ALWAYS_MASKED and bits == 32)
    if not masked or size < 40 or bits not in KNOWN or width < 1 or not any(masks[:3]):
        return None
    if masks in KNOWN[bits]:
        return None
    return offset, width, height, bits, masks


def _channel(pixels: npt.NDArray[Any], mask: int) -> npt.NDArray[np.uint8]:
    """The bits of a mask, spread to 8."""
    if not mask:
        return np.zeros(pixels.shape, np.uint8)
    low = (mask & -mask).bit_length() - 1
    beyond = max(0, (mask >> low).bit_length() - DEEPEST)
    most = mask >> low >> beyond
    levels = np.rint(np.arange(most + 1) * (255 / most)).astype(np.uint8)
    return np.asarray(levels[(pixels & mask) >> low >> beyond])


def _plain_file(width: int, height: int, pixels: bytes) -> bytes:
    info = struct.pack("<IiiHHI", ALPHA_SINCE, width, height, 1, 32, BI_BITFIELDS)
    info += struct.pack("<5I", len(pixels), 0, 0, 0, 0) + struct.pack("<4I", *PLAIN)
    at = 14 + len(info)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at) + info + pixels
