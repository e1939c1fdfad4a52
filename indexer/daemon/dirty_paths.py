"""Paths with pending changes, and when they have settled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

SETTLE_S: Final = 0.5  # a path counts as settled when it has been quiet for so long
WRITING_S: Final = 10.0  # but so long while somebody has it open and writes, slowly perhaps


class DirtyPaths:
    """Paths with the time at which they count as settled. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._paths: dict[Path, float] = {}
        self._events_lost = False
        self._changed = threading.Condition()

    def mark(self, paths: Iterable[Path], *, being_written: bool = False) -> None:
        """These paths may have changed just now; they settle when they stay quiet for a while."""
        with self._changed:
            settled_at = self._clock() + (WRITING_S if being_written else SETTLE_S)
            self._paths.update((path, settled_at) for path in paths)
            self._changed.notify_all()

    def lose_events(self) -> None:
        """Nobody knows any more which paths have changed."""
        with self._changed:
            self._events_lost = True
            self._changed.notify_all()

    def take_events_lost(self) -> bool:
        """Whether events have been lost since this was asked last."""
        with self._changed:
            lost, self._events_lost = self._events_lost, False
            return lost

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is dirty or the time is over; whether something is."""
        with self._changed:
            if not self._paths and not self._events_lost:
                self._changed.wait(timeout_s)
            return bool(self._paths)

    def settles_in_s(self) -> float:
        """The time until the first path settles, if nothing happens to it."""
        with self._changed:
            return max(0.0, min(self._paths.values(), default=0.0) - self._clock())

    def take_settled(self) -> set[Path]:
        """The paths that have been quiet for long enough; they are dirty no longer."""
        with self._changed:
            now = self._clock()
            settled = {path for path, settled_at in self._paths.items() if settled_at <= now}
            for path in settled:
                del self._paths[path]
            return settled

    def waiting(self) -> set[Path]:
        """The paths that have not settled yet."""
        with self._changed:
            return set(self._paths)
