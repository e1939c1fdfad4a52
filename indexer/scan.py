"""Walks a photo directory: which files count, and what stat tells of them.

Opens no file and changes nothing. What could not be looked into is reported, so that nobody
takes it for gone.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Final

from indexer.decode import SUFFIXES
from indexer.excludes import Excludes, folders_above, is_hidden
from indexer.faults import reason
from indexer.other_formats import other_format
from indexer.records import NEVER_READ, FileStat, Found, Root, clamped_ns
from indexer.spool import Spool

log = logging.getLogger(__name__)

ENDINGS: Final = tuple(SUFFIXES)
NOT_THERE: Final = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))


@dataclass(slots=True)
class Scan:
    """What a walk saw. `unseen`: folders (relative to the root) that could not be listed.

    `links`: those to folders outside that were followed, and those that lead nowhere. What lay
    behind them may be on a drive that is not there.
    """

    found: Spool[Found] = field(default_factory=Spool)
    unseen: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)  # files of other formats, by suffix

    def covers(self, path: str) -> bool:
        """Whether the walk could have seen `path`, had it been there."""
        return not any(is_under(path, folder) for folder in self.unseen)


def is_under(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it; "" is the root itself."""
    return not folder or path == folder or path.startswith(folder + "/")


def scan(
    root: Root,
    roots: Collection[Root] = (),
    under: Collection[str] = ("",),
    skip: Collection[Path] = (),
    entered: Callable[[Path], None] = lambda _folder: None,
) -> Scan:
    """Look at `root`, or only at the paths `under` it that are given (files or folders).

    `entered` is told of each folder that counts before it is listed.

    Folders that are roots of their own are left to them. Links are followed, loops are cut: a
    link into a known root is passed by, since the photo is found at its own place. The folders
    of `skip` are not looked into, by whatever path they are reached.
    Raises OSError if the root itself cannot be listed.
    """
    folder = root.path
    assert isinstance(folder, Path)  # the others are remote_scan.py's
    with os.scandir(folder):  # a root that is not there must not look empty
        pass
    paths = {other.path for other in roots if isinstance(other.path, Path)}
    walk = _Walk(root, folder, paths | {folder}, skip, entered)
    walk.taken = set() if len(under) > 1 else None
    for path in under:
        walk.visit(path)
    return walk.scan


class _Walk:
    def __init__(
        self,
        root: Root,
        folder: Path,
        root_paths: set[Path],
        skip: Collection[Path],
        entered: Callable[[Path], None],
    ) -> None:
        self.root = root
        self.folder = folder
        self.excludes = Excludes(root.excludes)
        self.root_paths = root_paths
        self.entered = entered
        self.scan = Scan()
        self.skipped = set(_identities((*skip, *root_paths)))
        self.visited: set[tuple[int, int]] = set()
        self.taken: set[str] | None = None  # where one may be asked for twice

    def visit(self, relative: str) -> None:
        """Take in the file or folder at `relative`, if it is there and counts."""
        try:
            self._visit(relative)
        except OSError as error:
            self._unseen(relative, error)
        except Exception as error:  # noqa: BLE001 - _broken() raises what is no fault of it
            self._broken(relative, error)

    def _visit(self, relative: str) -> None:
        path = self.folder / relative
        status = path.stat()
        if any(self._passed_by(folder) for folder in folders_above(relative)):
            return
        if stat.S_ISDIR(status.st_mode):
            if not self._passed_by(relative) and self._enter(path):
                self._folder(relative)
        elif self._counts(relative) and not self._is_seen_elsewhere(path):
            self._file(relative, status)

    def _folder(self, top: str) -> None:
        pending = [top]
        while pending:
            folder = pending.pop()
            try:
                self.entered(self.folder / folder)
                with os.scandir(self.folder / folder) as entries:
                    ordered = sorted(entries, key=attrgetter("name"))
            except OSError:  # even one that is no longer there: the next look will tell
                self.scan.unseen.append(shown_path(folder))
                continue
            except Exception as error:  # noqa: BLE001 - see above
                self._broken(folder, error)
                continue
            pending.extend(reversed(list(self._subfolders(folder, ordered))))

    def _subfolders(self, folder: str, entries: list[os.DirEntry[str]]) -> Iterator[str]:
        """Take in the folder's files; yield the folders to walk next."""
        for entry in entries:
            relative = f"{folder}/{entry.name}" if folder else entry.name
            try:
                if entry.is_dir():
                    if not self._passed_by(relative) and self._enter(Path(entry.path)):
                        self._note_link(relative)
                        yield relative
                elif entry.is_symlink():
                    self._linked_file(relative, Path(entry.path))
                elif self._counts(relative):
                    self._file(relative, entry.stat())
                elif suffix := other_format(entry.name):
                    self.scan.others[suffix] += not self.excludes.file(relative)
            except OSError as error:
                self._unseen(relative, error)
            except Exception as error:  # noqa: BLE001 - _broken() raises what is no fault of it
                self._broken(relative, error)

    def _linked_file(self, relative: str, path: Path) -> None:
        status = path.stat()  # fails for a link that leads nowhere, whatever its name
        if self._counts(relative) and not self._is_seen_elsewhere(path):
            self._file(relative, status)

    def _unseen(self, relative: str, error: OSError) -> None:
        """Report what could not be looked at; what is not there, or leads nowhere, is not there."""
        if error.errno not in NOT_THERE:
            self.scan.unseen.append(shown_path(relative))
            return
        for path in (*folders_above(relative), relative):
            self._note_link(path)

    def _broken(self, relative: str, error: Exception) -> None:
        """Record that an entry cannot be scanned: a photo fails, a folder's photos are kept."""
        why = reason(error, "cannot be scanned: {}")
        name = shown_path(relative)
        log.warning("%s: %s", self.folder / name, why)
        if relative.lower().endswith(ENDINGS) and not is_hidden(relative):
            self.scan.found.append(Found(self.root.id, name, NEVER_READ, why))
        else:
            self.scan.unseen.append(name)

    def _note_link(self, relative: str) -> None:
        if relative and (self.folder / relative).is_symlink():
            self.scan.links.append(shown_path(relative))

    def _counts(self, relative: str) -> bool:
        """Whether a file of this name is a photo that is not left out."""
        return relative.lower().endswith(ENDINGS) and not self.excludes.file(relative)

    def _file(self, relative: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            return  # fifos, sockets and devices
        if self.taken is not None:
            if relative in self.taken:
                return  # it was asked for, and so was its folder
            self.taken.add(relative)
        name = shown_path(relative)
        problem = None if name == relative else "its name is not valid UTF-8: rename the file"
        file = FileStat(status.st_size, clamped_ns(status.st_mtime_ns))
        self.scan.found.append(Found(self.root.id, name, file, problem))

    def _passed_by(self, relative: str) -> bool:
        """Whether this folder is never looked into, or is found at another place."""
        if not relative:
            return False
        path = self.folder / relative
        return (
            self.excludes.folder(relative)
            or _identity(path) in self.skipped
            or self._is_seen_elsewhere(path)
        )

    def _enter(self, path: Path) -> bool:
        """Whether to walk this folder: not twice."""
        identity = _identity(path)
        if identity in self.visited:
            return False
        self.visited.add(identity)
        return True

    def _is_seen_elsewhere(self, path: Path) -> bool:
        """Whether the link `path` leads into a root, where its target is found by itself."""
        if not path.is_symlink():
            return False
        target = path.resolve(strict=True)
        return any(target == root or root in target.parents for root in self.root_paths)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _identities(folders: Iterable[Path]) -> Iterator[tuple[int, int]]:
    """Those of the folders that can be seen: another root's trouble is not this one's."""
    for folder in folders:
        with suppress(OSError):
            yield _identity(folder)


def shown_path(relative: str) -> str:
    """A path as the library keeps it: bytes that are no UTF-8 are written as \\xNN."""
    if relative.isascii():  # nearly all, and the rest takes a while
        return relative
    return os.fsencode(relative).decode(errors="backslashreplace")
