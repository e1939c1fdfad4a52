"""JPEG 2000 at a half, a quarter and so on of its size, as a JPEG's draft mode does it."""

from __future__ import annotations

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

CODING_STYLE = b"\xff\x52"  # the marker COD of ISO/IEC 15444-1, A.6.1
LEVELS_AT = 9  # behind the marker


def set_draft(image: Jpeg2KImageFile, data: bytes, least: tuple[int, int]) -> None:
    """Have the image loaded at the smallest scale at which no side is below the `least`."""
    for reductions in range(_levels(data), 0, -1):
        sides = zip(image.size, least, strict=True)
        if all(
            side >> reductions >= wanted and _is_exact(side, reductions) for side, wanted in sides
        ):
            image.reduce = reductions  # a method too, of all other images
            return


def _is_exact(side: int, reductions: int) -> bool:
    """Whether Pillow, which rounds, expects as many pixels as OpenJPEG gives, which rounds up."""
    power = 1 << reductions
    return (side + power // 2) // power == -(-side // power)


def _levels(data: bytes) -> int:
    """How often the file can be halved."""
    at = data.find(CODING_STYLE)
    return data[at + LEVELS_AT] if 0 <= at < len(data) - LEVELS_AT else 0
