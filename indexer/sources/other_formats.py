"""Files that a photo folder may hold beside photos that are read: they are counted, and no more.

Counted are videos, RAW files, and images in formats that are not read. Documents, sidecar files
and what else lies around are not: nobody misses them in a photo library.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from indexer.formats import COUNTED
from indexer.json_files import parsed

log = logging.getLogger(__name__)


def other_format(name: str) -> str | None:
    """The suffix, in lower case, of a file that is counted; None of all others."""
    lower = name.lower()
    return lower[lower.rindex(".") :] if lower.endswith(COUNTED) else None


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
