"""The formats that count as photos: names, suffixes and first bytes."""

from __future__ import annotations

from typing import Final

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
HEIC: Final = "HEIF"  # as Pillow calls it, where the package that reads it is installed
SUFFIXES: Final = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".tif", ".tiff"),
        *(".bmp", ".heic", ".heif", ".hif", ".avif"),
    )
)
# ISO/IEC 23008-12: how a file begins whose pictures HEVC has coded
HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"))
