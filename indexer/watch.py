"""Which paths may have changed? Events of the operating system, gathered until they settle.

Events are hints: they say only that a path is dirty. What really changed is reconcile's to find.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

log = logging.getLogger(__name__)

SETTLE_S: Final = 0.5  # a path counts as settled when it has been quiet for so long
LOOKING: Final = frozenset(("opened", "closed_no_write"))  # events of those who only read


class DirtyPaths:
    """Paths with the time of their last event. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._paths: dict[Path, float] = {}
        self._changed = threading.Condition()

    def mark(self, paths: Iterable[Path]) -> None:
        """These paths may have changed just now."""
        with self._changed:
            now = self._clock()
            self._paths.update((path, now) for path in paths)
            self._changed.notify_all()

    def wake(self) -> None:
        """End a wait at once."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is dirty or the time is over; whether something is."""
        with self._changed:
            if not self._paths:
                self._changed.wait(timeout_s)
            return bool(self._paths)

    def take_settled(self) -> set[Path]:
        """The paths that have been quiet for SETTLE_S; they are dirty no longer."""
        with self._changed:
            limit = self._clock() - SETTLE_S
            settled = {path for path, last in self._paths.items() if last <= limit}
            for path in settled:
                del self._paths[path]
            return settled


class Watcher(FileSystemEventHandler):
    """Marks the paths of `roots` dirty as the operating system reports them."""

    def __init__(self, dirty: DirtyPaths) -> None:
        self._dirty = dirty
        self._observer = Observer()
        self._watched: set[Path] = set()

    def start(self) -> None:
        """Start the observing thread."""
        self._observer.start()

    def watch(self, roots: Iterable[Path]) -> None:
        """Watch these directories too; one that cannot be watched is left to the timer."""
        for root in roots:
            if root in self._watched:
                continue
            try:
                self._observer.schedule(self, str(root), recursive=True)
            except OSError as error:
                log.warning("%s is not watched, only looked at from time to time: %s", root, error)
            else:
                self._watched.add(root)

    def stop(self) -> None:
        """Stop the observing thread and wait for it."""
        self._observer.stop()
        self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog in its own thread."""
        if event.event_type in LOOKING or (event.is_directory and event.event_type == "modified"):
            return
        paths = (event.src_path, event.dest_path)
        self._dirty.mark(Path(os.fsdecode(path)) for path in paths if path)
