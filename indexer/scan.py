"""Walks a photo directory: which files count, and what stat tells of them.

Opens no file and changes nothing. What could not be looked into is reported, so that nobody
takes it for gone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from indexer.decode import SUFFIXES
from indexer.records import FileStat, Found, Root

SKIPPED_FOLDERS: Final = frozenset(
    ("@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "lost+found")
)


@dataclass(slots=True)
class Scan:
    """What a walk saw. `unseen`: folders (relative to the root) that could not be listed."""

    found: list[Found] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def covers(self, path: str) -> bool:
        """Whether the walk could have seen `path`, had it been there."""
        return not any(is_under(path, folder) for folder in self.unseen)


def is_under(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it; "" is the root itself."""
    return not folder or path == folder or path.startswith(folder + "/")


def counts(name: str) -> bool:
    """Whether a file of this name is a photo by its name: hidden files and `._*` are none."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in SUFFIXES


def is_skipped_folder(name: str) -> bool:
    """Whether a folder of this name is never looked into."""
    return name.startswith(".") or name in SKIPPED_FOLDERS


def scan(root: Root, roots: Collection[Root] = (), under: Collection[str] = ("",)) -> Scan:
    """Look at `root`, or only at the paths `under` it that are given (files or folders).

    Folders that are roots of their own are left to them. Links are followed, loops are cut: a
    link into a known root is passed by, since the photo is found at its own place.
    Raises OSError if the root itself cannot be listed.
    """
    with os.scandir(root.path):  # a root that is not there must not look empty
        pass
    walk = _Walk(root, {other.path for other in roots} | {root.path})
    for path in under:
        walk.visit(path)
    return walk.scan


class _Walk:
    def __init__(self, root: Root, root_paths: set[Path]) -> None:
        self.root = root
        self.root_paths = root_paths
        self.scan = Scan()
        self.visited: set[tuple[int, int]] = set()

    def visit(self, relative: str) -> None:
        """Take in the file or folder at `relative`, if it is there and counts."""
        parts = PurePosixPath(relative).parts
        if any(is_skipped_folder(part) for part in parts[:-1]):
            return
        path = self.root.path / relative
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            self.scan.unseen.append(relative)
            return
        if stat.S_ISDIR(status.st_mode):
            if not (parts and is_skipped_folder(parts[-1])) and self._enter(path, relative):
                self._folder(relative)
        elif parts and counts(parts[-1]) and not self._is_seen_elsewhere(path):
            self._file(relative, status)

    def _folder(self, top: str) -> None:
        pending = [top]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(self.root.path / folder) as entries:
                    ordered = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                self.scan.unseen.append(folder)
                continue
            pending.extend(reversed(list(self._subfolders(folder, ordered))))

    def _subfolders(self, folder: str, entries: list[os.DirEntry[str]]) -> Iterator[str]:
        """Take in the folder's files; yield the folders to walk next."""
        for entry in entries:
            relative = f"{folder}/{entry.name}" if folder else entry.name
            try:
                if entry.is_dir():
                    if not is_skipped_folder(entry.name) and self._enter(entry, relative):
                        yield relative
                elif counts(entry.name) and not (
                    entry.is_symlink() and self._is_seen_elsewhere(Path(entry.path))
                ):
                    self._file(relative, entry.stat())
            except OSError:  # a dangling or circular link, or a file that went away just now
                if not entry.is_symlink() and os.path.lexists(entry.path):
                    self.scan.unseen.append(relative)

    def _file(self, relative: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            return  # fifos, sockets and devices
        file, problem = FileStat(status.st_size, status.st_mtime_ns), None
        try:
            relative.encode()
        except UnicodeEncodeError:
            relative = os.fsencode(relative).decode(errors="backslashreplace")
            problem = "its name is not valid UTF-8: rename the file"
        self.scan.found.append(Found(self.root.id, relative, file, problem))

    def _enter(self, path: Path | os.DirEntry[str], relative: str) -> bool:
        """Whether to walk this folder: not twice, and not where another root has it."""
        if relative and self.root.path / relative in self.root_paths:
            return False
        if path.is_symlink() and self._is_seen_elsewhere(self.root.path / relative):
            return False
        status = path.stat()
        key = (status.st_dev, status.st_ino)
        if key in self.visited:
            return False
        self.visited.add(key)
        return True

    def _is_seen_elsewhere(self, path: Path) -> bool:
        """Whether the link `path` leads into a root, where its target is found by itself."""
        if not path.is_symlink():
            return False
        target = path.resolve(strict=True)
        return any(target == root or root in target.parents for root in self.root_paths)
