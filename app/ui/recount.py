"""A cache of values that take long to count; recounted in the background.

Knows nothing of what is counted.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from indexer.errors import IndexerError
from indexer.library.library import Library

log = logging.getLogger(__name__)

AT_ONCE_S: Final = 0.1  # nobody notices a count that takes no longer
REST: Final = 10  # while a library grows, counting takes at most one part in so many of the time


T = TypeVar("T")


class Recount(Generic[T]):
    """Counts once for all visitors. Safe to use from several threads.

    `lasts_s`: after so long it counts again though the library has not changed. `is_empty`: a
    count that no visitor is shown while there may be a newer one.
    """

    def __init__(
        self,
        count: Callable[[Library], T],
        *,
        lasts_s: float = math.inf,
        is_empty: Callable[[T], bool] = lambda _counted: False,
    ) -> None:
        self._count_of = count
        self._lasts_s = lasts_s
        self._is_empty = is_empty
        self._lock = threading.Lock()
        self._counted: T | None = None
        self._change: int | None = None
        self._took_s = 0.0
        self._ended_s = 0.0
        self._counting = False

    def current(self, library: Library) -> T:
        """The count; of a large library that changes just now, that of a moment ago."""
        change = library.change_token()
        with self._lock:
            counted = self._counted
            if counted is None or self._is_empty(counted) or self._took_s < AT_ONCE_S:
                if counted is None or self._is_old(change):
                    return self._count(library, change)
            elif self._is_old(change) and self._may_count():
                self._counting = True
                threading.Thread(target=self._count_aside, args=(library, change)).start()
            return counted

    def _is_old(self, change: int) -> bool:
        return change != self._change or time.monotonic() > self._ended_s + self._lasts_s

    def _may_count(self) -> bool:
        return not self._counting and time.monotonic() >= self._ended_s + REST * self._took_s

    def _count(self, library: Library, change: int) -> T:
        started_s = time.monotonic()
        counted = self._count_of(library)
        self._ended_s = time.monotonic()
        self._counted, self._change = counted, change
        self._took_s = self._ended_s - started_s
        return counted

    def _count_aside(self, library: Library, change: int) -> None:
        try:
            self._count(library, change)
        except IndexerError as error:
            log.warning("the library cannot be counted: %s", error)
        finally:
            self._counting = False
