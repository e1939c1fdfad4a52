"""Which paths may have changed? Events of the operating system, gathered until they settle.

Events are hints: they say only that a path is dirty. What really changed is reconcile's to find.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from indexer.polled import Polled
from indexer.presence import identity

SETTLE_S: Final = 0.5  # a path counts as settled when it has been quiet for so long
WRITING_S: Final = 10.0  # but so long while somebody has it open and writes, slowly perhaps
LOOKING: Final = frozenset(("opened", "closed_no_write"))  # events of those who only read


class DirtyPaths:
    """Paths with the time at which they count as settled. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._paths: dict[Path, float] = {}
        self._events_lost = False
        self._changed = threading.Condition()

    def mark(self, paths: Iterable[Path], quiet_s: float = SETTLE_S) -> None:
        """These paths may have changed just now; they settle when they stay quiet for so long."""
        with self._changed:
            settled_at = self._clock() + quiet_s
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

    def wake(self) -> None:
        """End a wait at once."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is dirty or the time is over; whether something is."""
        with self._changed:
            if not self._paths and not self._events_lost:
                self._changed.wait(timeout_s)
            return bool(self._paths)

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


class Watcher(Protocol):
    """Marks paths dirty as the operating system reports them."""

    def start(self) -> None:
        """Start watching; what cannot be watched is polled."""

    def renewing(self, roots: Collection[Path]) -> AbstractContextManager[None]:
        """Around a look at everything: what it did not enter is watched no longer."""

    def entered(self, folder: Path) -> None:
        """A look is about to list this folder: from now on report what happens in it."""

    def left(self, folder: Path) -> None:
        """What was entered turns out not to count: report nothing from it."""

    def polled(self) -> set[Path]:
        """The roots that must be looked at from time to time instead."""

    def stop(self) -> None:
        """Stop watching and wait for the thread."""


def open_watcher(dirty: DirtyPaths) -> Watcher:
    """The watcher that suits this operating system."""
    watcher: Watcher
    if sys.platform == "linux":
        from indexer.inotify import FolderWatcher

        watcher = FolderWatcher(dirty)
    else:
        watcher = TreeWatcher(dirty)
    return watcher


class TreeWatcher(FileSystemEventHandler):
    """Watches whole roots, as macOS and Windows do it at the cost of one watch."""

    def __init__(self, dirty: DirtyPaths) -> None:
        self._dirty = dirty
        self._observer = Observer()
        self._watched: dict[Path, tuple[ObservedWatch, object]] = {}  # and which folder it was
        self._polled = Polled()

    def start(self) -> None:
        """Start the observing thread."""
        self._observer.start()

    @contextmanager
    def renewing(self, roots: Collection[Path]) -> Iterator[None]:
        """Watch these roots too."""
        self._polled.renew(roots)
        for root, (watch, seen) in list(self._watched.items()):
            if identity(root) != seen:  # a watch does not follow what is mounted there later
                self._observer.unschedule(watch)
                del self._watched[root]
        for root in set(roots) - self._watched.keys() - self._polled.roots:
            try:
                watch = self._observer.schedule(self, str(root), recursive=True)
            except OSError as error:
                self._polled.add(root, str(error))
            else:
                self._watched[root] = watch, identity(root)
        yield

    def entered(self, folder: Path) -> None:
        """Its root is watched already."""

    def left(self, folder: Path) -> None:
        """Its root is watched as a whole; the scan passes by what happens there."""

    def polled(self) -> set[Path]:
        """The roots that cannot be watched."""
        return self._polled.roots

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
