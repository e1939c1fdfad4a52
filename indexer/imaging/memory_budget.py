"""Lets threads decode side by side as long as there is memory for what they decode."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import psutil

SHARE: Final = 4  # one part in so many of the memory that is free now


def free_for_decoding() -> int:
    """The budget of files and decoded images at once, in bytes."""
    return free_bytes() // SHARE


def free_bytes() -> int:
    """The memory that is free without swapping."""
    return int(psutil.virtual_memory().available)


class Crowded(Exception):
    """So many wait for room that no more may."""


class Room:
    """So many bytes at once; what needs more than all of it goes alone."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._used_bytes = 0
        self._waiting = 0
        self._freed = threading.Condition()

    @contextmanager
    def of(self, needed_bytes: int, waiting: int | None = None) -> Iterator[None]:
        """Wait until there is so much room, and hold it.

        Raises Crowded where there is none, and `waiting` others wait already.
        """
        with self._freed:
            if not self._has(needed_bytes) and waiting is not None and self._waiting >= waiting:
                raise Crowded
            self._waiting += 1
            try:
                self._freed.wait_for(lambda: self._has(needed_bytes))
            finally:
                self._waiting -= 1
            self._used_bytes += needed_bytes
        try:
            yield
        finally:
            with self._freed:
                self._used_bytes -= needed_bytes
                self._freed.notify_all()

    def _has(self, needed_bytes: int) -> bool:
        return not self._used_bytes or self._used_bytes + needed_bytes <= self._limit_bytes


@cache
def room_on_demand() -> Room:
    """That of this process for what somebody waits to see, or to search with."""
    return Room(free_for_decoding())
