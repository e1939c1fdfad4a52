"""Parts of a file over HTTP, as a browser asks for them that plays a video (RFC 9110, 14).

One range at a time: a request for several gets the whole file, as the RFC allows. Knows nothing of
who may have the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
LONGEST: Final = 40  # of the header: two numbers of any file


class NotSatisfiable(Exception):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From the first byte to the last, both counted from 0."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def content_range(self, size_bytes: int) -> str:
        """The header of an answer with this part of a file of that size."""
        return f"bytes {self.first}-{self.last}/{size_bytes}"


def requested_range(headers: Headers, size_bytes: int) -> ByteRange | None:
    """The range that a request asks for; None where it asks for all, or not as we understand.

    With If-Range too: the files that the page offers have no mark to compare. Raises
    NotSatisfiable.
    """
    asked = headers.get("range", "")
    match = RANGE.fullmatch(asked.replace(" ", "")) if len(asked) <= LONGEST else None
    if match is None or "if-range" in headers:
        return None
    first, last = match.groups()
    if not first:
        return _last_bytes(int(last), size_bytes) if last else None
    found = ByteRange(int(first), min(int(last or size_bytes), size_bytes - 1))
    if last and int(last) < int(first):
        return None
    if found.first >= size_bytes:
        raise NotSatisfiable
    return found


def _last_bytes(count: int, size_bytes: int) -> ByteRange:
    if not count or not size_bytes:
        raise NotSatisfiable
    return ByteRange(max(0, size_bytes - count), size_bytes - 1)
