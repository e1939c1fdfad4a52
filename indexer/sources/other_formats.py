"""Files that a photo folder may hold beside photos that are read: they are counted, and no more.

Counted are videos, RAW files, and images in formats that are not read. Documents, sidecar files
and what else lies around are not: nobody misses them in a photo library.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Final

from indexer.formats import SUFFIXES
from indexer.json_files import parsed

log = logging.getLogger(__name__)

VIDEOS: Final = (
    *(".mov", ".mp4", ".m4v", ".avi", ".mkv", ".mts", ".m2ts", ".3gp", ".3g2", ".mpg", ".mpeg"),
    *(".wmv", ".webm", ".vob", ".dv", ".flv", ".ogv", ".insv"),
)
RAWS: Final = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq"),
    *(".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".ori", ".pef", ".raf"),
    *(".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)
IMAGES: Final = (
    *(".avif", ".avifs", ".jxl", ".jp2", ".j2k", ".jpx", ".jxr", ".wdp", ".psd", ".psb", ".xcf"),
    *(".svg", ".tga", ".exr", ".hdr", ".pcx", ".ppm", ".pgm", ".pnm", ".icns", ".insp", ".livp"),
)
OTHERS: Final = tuple(sorted({*VIDEOS, *RAWS, *IMAGES} - SUFFIXES))


def other_format(name: str) -> str | None:
    """The suffix, in lower case, of a file that is counted; None of all others."""
    lower = name.lower()
    return lower[lower.rindex(".") :] if lower.endswith(OTHERS) else None


def packed(counts: Mapping[str, int]) -> str | None:
    """Counts by suffix as a library stores them."""
    return json.dumps(dict(sorted(counts.items()))) if counts else None


def unpacked(stored: str | None) -> dict[str, int]:
    """The same, read back."""
    try:
        return parsed(stored or "{}", dict[str, int])
    except ValueError as error:
        log.warning("the counts of other files are damaged until the next full scan: %s", error)
        return {}
