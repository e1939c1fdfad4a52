"""Watches single folders on Linux, where each one costs a watch and watches are limited.

watchdog's own observer watches a tree with all that is in it, what is left out too. Here the walk
that lists the folders that count says which ones to watch. Knows nothing of what counts.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from indexer.daemon.dirty_paths import DirtyPaths
from indexer.daemon.mounts import Polled

EVENTS: Final = Mask(
    InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ATTRIB  # a time that was set, a permission that was given
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_MOVE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
)
LIMITS: Final = {
    errno.ENOSPC: "the limit fs.inotify.max_user_watches is reached: raise it with sysctl",
    errno.EMFILE: "the limit fs.inotify.max_user_instances is reached: raise it with sysctl",
    errno.ENOSYS: "this system has no inotify",
}


@dataclass(frozen=True, slots=True)
class _Watch:
    """A watched folder under its present name. A younger `id` was entered later."""

    id: CallbackId
    folder: Path


class FolderWatcher:
    """Watches each folder that a scan has entered."""

    def __init__(self, dirty: DirtyPaths) -> None:
        self._dirty = dirty
        self._inotify: InotifyFD | None = None
        self._ids = itertools.count()
        self._watches: dict[WatchDescriptor, _Watch] = {}
        self._lock = threading.Lock()  # of _watches; the thread of InotifyFD reads it
        self._roots: set[Path] = set()
        self._polled = Polled()
        self._no_inotify = ""

    def start(self) -> None:
        """Start the thread that reads events."""
        try:
            self._inotify = InotifyFD()
        except OSError as error:
            self._no_inotify = LIMITS.get(error.errno or 0, str(error))
        else:
            self._inotify.start()

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        if self._inotify is not None:
            self._inotify.stop()
            self._inotify.join()

    def polled(self) -> set[Path]:
        """The roots on network file systems, and those for which watches ran out."""
        return self._polled.roots

    @contextmanager
    def renewing(self, roots: Collection[Path]) -> Iterator[None]:
        """Around a full scan: folders that it does not enter are watched no longer."""
        oldest = next(self._ids)
        self._roots = set(roots)
        self._polled.renew(roots)
        if self._inotify is None:
            for root in roots:
                self._polled.add(root, self._no_inotify)
        yield
        self._forget(lambda watch: watch.id < oldest)

    def entered(self, folder: Path) -> None:
        """Watch this folder, unless its root is polled."""
        root = max(
            (root for root in self._roots if folder.is_relative_to(root)),
            key=lambda root: len(root.parts),
            default=None,
        )
        if self._inotify is None or root is None or root in self._polled.roots:
            return
        try:
            self._watch(self._inotify, folder)
        except OSError as error:
            if error.errno in LIMITS:
                self._polled.add(root, LIMITS[error.errno])
                self._forget(lambda watch: watch.folder.is_relative_to(root))
            # else the folder is not there any more, which the look will find out

    def left(self, folder: Path) -> None:
        """Watch this folder no longer."""
        self._forget(lambda watch: watch.folder == folder)

    def _watch(self, inotify: InotifyFD, folder: Path) -> None:
        """The kernel knows a folder it watches already, under whatever name, and says which."""
        watch = _Watch(CallbackId(next(self._ids)), folder)
        with self._lock:
            number = inotify.add_callback(os.fsencode(folder), EVENTS, self, watch.id)
            before = self._watches.get(number)
            if number >= 0:  # -1: it may not be read, and that is found out too
                self._watches[number] = watch
            else:
                inotify.remove_callbacks([(number, watch.id)])
            if before:
                inotify.remove_callbacks([(number, before.id)])

    def _forget(self, stale: Callable[[_Watch], bool]) -> None:
        with self._lock:
            forgotten = {number: watch for number, watch in self._watches.items() if stale(watch)}
            for number in forgotten:
                del self._watches[number]
            if self._inotify is not None:
                self._inotify.remove_callbacks(
                    [(number, watch.id) for number, watch in forgotten.items()]
                )

    # called by watchdog in its own thread

    def on_event(self, event: InotifyEvent) -> None:
        """Something happened in a watched folder, or to it."""
        with self._lock:
            watch = self._watches.get(event.wd)
        if watch is not None:
            path = watch.folder / os.fsdecode(event.name) if event.name else watch.folder
            self._dirty.mark([path], being_written=event.is_modify)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """A watched folder is gone."""
        with self._lock:
            self._watches.pop(wd, None)

    def on_queue_overflow(self) -> None:
        """The kernel dropped events."""
        self._dirty.lose_events()
