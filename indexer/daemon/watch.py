"""Which paths may have changed? Events of the operating system, gathered until they settle.

Events are hints: they say only that a path is dirty. What really changed is reconcile's to find.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from indexer.daemon.dirty_paths import DirtyPaths
from indexer.daemon.mounts import Polled
from indexer.daemon.presence import identity

LOOKING: Final = frozenset(("opened", "closed_no_write"))  # events of those who only read


class Watcher(Protocol):
    """Marks paths dirty as the operating system reports them."""

    def start(self) -> None:
        """Start watching; what cannot be watched is polled."""

    def renewing(self, roots: Collection[Path]) -> AbstractContextManager[None]:
        """Around a full scan: what it did not enter is watched no longer."""

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
        from indexer.daemon.inotify import FolderWatcher

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
