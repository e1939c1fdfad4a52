"""Remembers who gave the right password, and lets who gave a wrong one wait.

One for all visitors of the page. Knows nothing of the password itself, nor of Streamlit.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Final

LASTS_S: Final = 30 * 24 * 3600.0
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
REMEMBERED: Final = 10_000  # visitors: what they can make it remember is limited


class MustWait(Exception):
    """This visitor's password is not looked at yet."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.wait_s = wait_s


class Doorkeeper:
    """Safe to use from several threads. What it knows is gone when the page ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock, self._trying = threading.Lock(), threading.Lock()
        self._passes: dict[str, float] = {}  # -> until when
        self._waits: dict[str, tuple[float, float]] = {}  # visitor -> (its last wait, until when)

    def try_password(self, visitor: str, is_right: Callable[[], bool]) -> str | None:
        """A pass, a secret that the visitor's browser keeps; None for a wrong password.

        After a wrong one the next is looked at only after a while, each time twice as long.
        Raises MustWait before that. One try at a time, whoever comes.
        """
        with self._trying:
            if wait_s := self._wait_s(visitor):
                raise MustWait(wait_s)
            if is_right():
                return self._let_in(visitor)
            self._turn_away(visitor)
            return None

    def _let_in(self, visitor: str) -> str:
        with self._lock:
            self._waits.pop(visitor, None)
            issued = secrets.token_urlsafe(32)
            self._passes[issued] = self._clock() + LASTS_S
            _forget_oldest(self._passes)
            return issued

    def knows(self, shown: str | None) -> bool:
        """Whether this is a pass that still holds."""
        with self._lock:
            return shown is not None and self._passes.get(shown, 0.0) > self._clock()

    def take_back(self, shown: str | None) -> None:
        """From now on that pass is none."""
        with self._lock:
            self._passes.pop(shown or "", None)

    def _turn_away(self, visitor: str) -> None:
        with self._lock:
            last_s, _ = self._waits.pop(visitor, (FIRST_WAIT_S / 2, 0.0))
            wait_s = min(LONGEST_WAIT_S, 2 * last_s)
            self._waits[visitor] = wait_s, self._clock() + wait_s
            _forget_oldest(self._waits)

    def _wait_s(self, visitor: str) -> float:
        with self._lock:
            _, until_s = self._waits.get(visitor, (0.0, 0.0))
            return max(0.0, until_s - self._clock())


def _forget_oldest(remembered: dict[str, Any]) -> None:
    if len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
