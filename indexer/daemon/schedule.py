"""When a daemon looks at its folders: at everything, or at those that can only be polled.

Pure arithmetic over clocks. Knows nothing of folders.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

EVERY_MIN: Final = 15
POLL_S: Final = 60.0
SLEPT_S: Final = 30.0  # clocks that part by more have seen the machine asleep
CHECK_S: Final = 5.0  # how soon a machine that woke up is noticed


class Due(Enum):
    """The folders to scan now."""

    EVERYTHING = "everything"
    POLLED = "polled"


def awake_and_asleep() -> float:
    """Seconds on a clock that goes on while the machine sleeps."""
    # elsewhere the wall clock; that it may be put right costs a look at most
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.time()


class Timetable:
    """Due at once at first; then every `every_s`, after lost events and after a sleep."""

    def __init__(
        self,
        every_s: float = 60 * EVERY_MIN,
        awake: Callable[[], float] = time.monotonic,
        always: Callable[[], float] = awake_and_asleep,
    ) -> None:
        self._every_s = every_s
        self._awake = awake
        self._always = always
        self._everything_at = self._polled_at = awake()
        self._apart = always() - awake()

    def due(self, *, events_lost: bool = False) -> Due | None:
        """The folders to scan now, if any; they count as done with that."""
        now = self._awake()
        if self._slept() or events_lost or now >= self._everything_at:
            self._everything_at = now + self._every_s
            self._polled_at = now + POLL_S
            return Due.EVERYTHING
        if now >= self._polled_at:
            self._polled_at = now + POLL_S
            return Due.POLLED
        return None

    def wait_s(self) -> float:
        """The time until something is due, unless something happens."""
        now = self._awake()
        return max(0.0, min(CHECK_S, self._everything_at - now, self._polled_at - now))

    def _slept(self) -> bool:
        apart = self._always() - self._awake()
        slept = apart - self._apart > SLEPT_S
        self._apart = apart
        return slept
