"""Walks a photo directory behind a URL, as scan.py walks one on disk. Opens no file.

There are no links, no devices and nothing to watch here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import TypeAlias

from clipcore.messages import N_, Message
from indexer.formats import SUFFIXES
from indexer.location import Location, RemotePath, path_shown_as, shown_path
from indexer.paths import holds_library
from indexer.records.changes import ScannedFile
from indexer.records.photos import NEVER_READ, FileStat, Root
from indexer.sources.excludes import Excludes, folders_above
from indexer.sources.object_storage import listed
from indexer.sources.other_formats import other_format
from indexer.sources.scan import NOT_UTF8, THUMBNAILS, Scan

Entries: TypeAlias = list[tuple[str, FileStat | None]]


def scan_remote(root: Root, roots: Collection[Root] = (), under: Collection[str] = ("",)) -> Scan:
    """Look at `root`, or only at the paths `under` it (files or folders).

    Folders that are roots of their own are left to them.
    Raises OSError if the root itself cannot be listed.
    """
    folder = root.path
    assert isinstance(folder, RemotePath)  # the others are scan.py's
    walk = _Walk(root, folder, listed(folder), {other.path for other in roots} - {folder})
    walk.taken = set() if len(under) > 1 else None
    for path in sorted(under):
        walk.visit(path)
    return walk.scan


class _Walk:
    def __init__(
        self, root: Root, folder: RemotePath, top: Entries, others: Collection[Location]
    ) -> None:
        self._root = root
        self._folder = folder
        self._excludes = Excludes(root.excludes)
        self._others = others
        self._last = ("", top)  # the folder listed last: files that lie together are asked together
        self.taken: set[str] | None = None  # where one may be asked for twice
        self.scan = Scan()

    def visit(self, relative: str) -> None:
        """Take in the file or folder at `relative`, if it is there and counts."""
        if not relative:
            self._walk("")
        for path in (relative, path_shown_as(relative)):  # a failure is tried again as it is shown
            if path and not any(self._passed_by(folder) for folder in folders_above(path)):
                self._visit(path)

    def _visit(self, relative: str) -> None:
        above, _, name = relative.rpartition("/")
        for found, stat in self._entries(above):
            if found == name and stat is not None:
                self._file(relative, stat)
            elif found == name and not self._passed_by(relative):
                self._walk(relative)

    def _walk(self, top: str) -> None:
        pending = [top]
        while pending:
            folder = pending.pop()
            pending.extend(reversed(list(self._subfolders(folder))))

    def _subfolders(self, folder: str) -> Iterator[str]:
        """Take in the folder's files; yield the folders to walk next.

        Nothing in a folder that holds a library counts; of a root that does, no thumbnail.
        """
        entries = self._entries(folder)
        is_library = holds_library(name for name, _ in entries)
        if folder and is_library:
            self.scan.libraries.append(shown_path(folder))
            return
        for name, stat in entries:
            if is_library and name == THUMBNAILS:
                self.scan.libraries.append(name)
                continue
            relative = f"{folder}/{name}" if folder else name
            if stat is not None:
                self._file(relative, stat)
            elif not self._passed_by(relative):
                yield relative

    def _entries(self, folder: str) -> Entries:
        """What lies in a folder; nothing, and a note of it, where it cannot be listed."""
        if self._last[0] != folder:
            try:
                self._last = (folder, listed(self._folder / folder))
            except FileNotFoundError:  # without files in it there is no folder
                self._last = (folder, [])
            except OSError:
                self.scan.unseen.append(shown_path(folder))
                self._last = (folder, [])
        return self._last[1]

    def _file(self, relative: str, stat: FileStat) -> None:
        suffix = PurePosixPath(relative).suffix.lower()
        if self._excludes.file(relative):
            return
        if suffix not in SUFFIXES:
            if other := other_format(relative):
                self.scan.others[other] += 1
            return
        if self.taken is not None:
            if relative in self.taken:
                return
            self.taken.add(relative)
        name = shown_path(relative).replace("\0", r"\x00")
        problem = NOT_UTF8 if name != relative else None
        if stat == NEVER_READ:
            problem = Message(N_("cannot be scanned: its storage gives no size"))
        self.scan.found.append(ScannedFile(self._root.id, name, stat, problem))

    def _passed_by(self, relative: str) -> bool:
        """Whether this folder is never looked into, or is a root of its own."""
        return self._excludes.folder(relative) or self._folder / relative in self._others
