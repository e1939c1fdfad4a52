"""Lets threads decode side by side as long as there is memory for what they decode."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil

SHARE: Final = 4  # one part in so many of the memory that is free now


def free_for_decoding() -> int:
    """How many bytes of files and decoded images there may be at once."""
    return int(psutil.virtual_memory().available // SHARE)


class Room:
    """So many bytes at once; what needs more than all of it goes alone."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._used_bytes = 0
        self._freed = threading.Condition()

    @contextmanager
    def of(self, needed_bytes: int) -> Iterator[None]:
        """Wait until there is so much room, and hold it."""
        with self._freed:
            self._freed.wait_for(
                lambda: not self._used_bytes or self._used_bytes + needed_bytes <= self._limit_bytes
            )
            self._used_bytes += needed_bytes
        try:
            yield
        finally:
            with self._freed:
                self._used_bytes -= needed_bytes
                self._freed.notify_all()
