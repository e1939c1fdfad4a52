"""Keeps the library in line with its folders: at start, on dirty paths, and every N minutes."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from indexer.ingest import Progress
from indexer.library import Library
from indexer.records import IngestReport
from indexer.watch import SETTLE_S, DirtyPaths, Watcher

log = logging.getLogger(__name__)

INTERVAL_S: Final = 15 * 60


class Daemon:
    """One run of the daemon over a library. `stop()` may be called from any thread."""

    def __init__(self, library: Library, interval_s: float = INTERVAL_S) -> None:
        self._library = library
        self._interval_s = interval_s
        self._dirty = DirtyPaths()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._stopped.set()
        self._dirty.wake()

    def run(self, progress: Progress | None = None) -> None:
        """Watch until stopped. Raises LibraryBusy if another process writes to the library."""
        with self._library.writing():
            watcher = Watcher(self._dirty)
            watcher.start()
            try:
                self._loop(watcher, progress)
            finally:
                watcher.stop()

    def _loop(self, watcher: Watcher, progress: Progress | None) -> None:
        next_full = time.monotonic()
        while not self._stopped.is_set():
            if time.monotonic() >= next_full:
                watcher.watch(root.path for root in self._library.roots() if root.path.is_dir())
                _tell(self._library.rebuild(progress, stop=self._stopped.is_set))
                next_full = time.monotonic() + self._interval_s
            elif self._dirty.wait(next_full - time.monotonic()):
                if settled := self._dirty.take_settled():
                    _tell(self._library.update(settled, progress, stop=self._stopped.is_set))
                else:
                    self._stopped.wait(SETTLE_S / 2)


def _tell(report: IngestReport) -> None:
    if report.embedded or report.moved or report.gone or report.failed or report.known:
        log.info(
            "%d embedded, %d already known, %d moved, %d gone, %d failed in %.1f s",
            *(report.embedded, report.known, report.moved, report.gone, report.failed),
            report.seconds,
        )
    for notice in report.notices:
        log.warning("%s", notice)
