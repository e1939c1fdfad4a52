"""Pictures that visitors gave to search by, in the server's memory: found again after a reload.

Each belongs to the visitor who gave it: a link that names it shows it to no one else. Nothing of
them is written to the disk. Knows nothing of Streamlit.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from secrets import token_urlsafe
from typing import Final

from indexer.query.query import Picture

OF_A_VISITOR: Final = 8  # so many of the last ones can be gone back to
MOST_BYTES: Final = 64_000_000  # of all visitors together
NUMBER_BYTES: Final = 32  # a number of an embedding in a tuple: a pointer and a float


@dataclass(frozen=True, slots=True)
class QueryPicture:
    """The stored form of a picture."""

    picture: Picture
    thumbnail: str  # as a URL

    @property
    def size_bytes(self) -> int:
        """Roughly what it takes in memory."""
        return len(self.thumbnail) + NUMBER_BYTES * len(self.picture.embedding)


class PictureStore:
    """The last ones of each visitor; the ones unused for longest go first. Thread-safe."""

    def __init__(self, of_a_visitor: int = OF_A_VISITOR, most_bytes: int = MOST_BYTES) -> None:
        self._of_a_visitor = of_a_visitor
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        # by visitor and name, in order of use
        self._pictures: dict[tuple[str, str], QueryPicture] = {}
        self._bytes = 0

    def put(self, visitor: str, picture: QueryPicture) -> str:
        """Store a picture of this visitor; its name, which no one guesses."""
        name = token_urlsafe(9)
        with self._lock:
            self._pictures[visitor, name] = picture
            self._bytes += picture.size_bytes
            mine = [key for key in self._pictures if key[0] == visitor]
            for key in mine[: -self._of_a_visitor]:
                self._drop(key)
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._pictures)))
        return name

    def get(self, visitor: str, name: str) -> QueryPicture | None:
        """The picture of this name, if this visitor gave it."""
        with self._lock:
            picture = self._pictures.pop((visitor, name), None)
            if picture is not None:
                self._pictures[visitor, name] = picture  # the last one now
            return picture

    def forget(self, visitor: str) -> None:
        """Drop what this visitor gave."""
        with self._lock:
            for key in [key for key in self._pictures if key[0] == visitor]:
                self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        self._bytes -= self._pictures.pop(key).size_bytes


@cache
def picture_store() -> PictureStore:
    """The one of this server."""
    return PictureStore()
