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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Final

from clipcore.messages import N_, Message
from indexer.faults import reason
from indexer.formats import SUFFIXES
from indexer.location import Location, path_shown_as, relative_to, shown_path
from indexer.paths import holds_library, is_library
from indexer.records.changes import ScannedFile
from indexer.records.photos import NEVER_READ, FileStat, Root, clamped_ns
from indexer.sources.excludes import Excludes, folders_above, is_hidden
from indexer.sources.other_formats import other_format
from indexer.spool import Spool

log = logging.getLogger(__name__)

ENDINGS: Final = tuple(SUFFIXES)
NOT_UTF8: Final = Message(N_("its name is not valid UTF-8: rename the file"))
THUMBNAILS: Final = "thumbnails"  # the folder of a library that has pictures
NOT_THERE: Final = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))


@dataclass(slots=True)
class Scan:
    """The result of a walk. `unseen`: folders (relative to the root) that could not be listed.

    `links`: those to folders outside that were followed, and those that lead nowhere. What lay
    behind them may be on a drive that is not there.
    `libraries`: the folders that were left out because a library lies there.
    """

    found: Spool[ScannedFile] = field(default_factory=Spool)
    unseen: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)  # files of other formats, by suffix
    libraries: list[str] = field(default_factory=list)

    def covers(self, path: str) -> bool:
        """Whether the walk could have seen `path`, had it been there."""
        return not any(is_under(path, folder) for folder in self.unseen)


def is_photo_name(path: str) -> bool:
    """Whether a file of this name has a format that is read."""
    return path.lower().endswith(ENDINGS)


def is_under(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it; "" is the root itself."""
    return not folder or path == folder or path.startswith(folder + "/")


def scan(
    root: Root,
    roots: Collection[Root] = (),
    under: Collection[str] = ("",),
    skip: Collection[Path] = (),
    entered: Callable[[Path], None] = lambda _folder: None,
    left: Callable[[Path], None] = lambda _folder: None,
) -> Scan:
    """Look at `root`, or only at the paths `under` it that are given (files or folders).

    `entered` is called with each folder that counts before it is listed, `left` with those that
    turn out to hold a library of ours: nothing in them counts.

    Folders that are roots of their own are left to them. Links are followed, loops are cut: a
    link into a known root is passed by where the photo is found at its own place. The folders
    of `skip` are not looked into, by whatever path they are reached.
    Raises OSError if the root itself cannot be listed.
    """
    folder = root.path
    assert isinstance(folder, Path)  # the others are remote_scan.py's
    with os.scandir(folder):  # a root that is not there must not look empty
        pass
    known = {other.path: Excludes(other.excludes) for other in (*roots, root)}
    walk = _Walk(root, folder, known, skip, (entered, left))
    walk.taken = set() if len(under) > 1 else None
    for path in under:
        walk.visit(path)
    return walk.scan


class _Walk:
    def __init__(
        self,
        root: Root,
        folder: Path,
        known: Mapping[Location, Excludes],
        skip: Collection[Path],
        notify: tuple[Callable[[Path], None], Callable[[Path], None]],
    ) -> None:
        self.root = root
        self.folder = folder
        self.excludes = known[folder]
        self.known = {path: rules for path, rules in known.items() if isinstance(path, Path)}
        self.entered, self.left = notify
        self.scan = Scan()
        self.is_library = cache(is_library)
        # a root that holds a library all the same has photos of its own beside the thumbnails
        thumbnails = [folder / THUMBNAILS] if self.is_library(folder) else []
        self.scan.libraries += [THUMBNAILS for _ in thumbnails]
        self.libraries = set(_identities((*skip, *thumbnails)))
        self.skipped = self.libraries.union(_identities(self.known))
        self.of_library: dict[Path, bool] = {}
        self.visited: set[tuple[int, int]] = set()
        self.taken: set[str] | None = None  # where one may be asked for twice

    def visit(self, relative: str) -> None:
        """Take in the file or folder at `relative`, if it is there and counts."""
        raw = path_shown_as(relative)  # a failure is tried again under the path that is shown
        if raw is not None and not os.path.lexists(self.folder / relative):
            relative = raw
        try:
            self._visit(relative)
        except OSError as error:
            self._unseen(relative, error)
        except Exception as error:  # noqa: BLE001 - _broken() raises what is no fault of it
            self._broken(relative, error)

    def _visit(self, relative: str) -> None:
        path = self.folder / relative
        status = path.stat()
        if any(
            self._passed_by(folder) or self.is_library(self.folder / folder)
            for folder in folders_above(relative)
        ):
            return
        if stat.S_ISDIR(status.st_mode):
            if not self._passed_by(relative) and self._enter(path):
                self._folder(relative)
        elif self._counts(relative) and not self._is_file_elsewhere(path):
            self._file(relative, status)

    def _folder(self, top: str) -> None:
        pending = [top]
        while pending:
            folder = pending.pop()
            try:
                self.entered(self.folder / folder)
                with os.scandir(self.folder / folder) as entries:
                    ordered = sorted(entries, key=attrgetter("name"))
            except OSError:  # even one that is no longer there: the next scan will tell
                self.scan.unseen.append(shown_path(folder))
                continue
            except Exception as error:  # noqa: BLE001 - see above
                self._broken(folder, error)
                continue
            if folder and holds_library(entry.name for entry in ordered):
                self.left(self.folder / folder)
                self.scan.libraries.append(shown_path(folder))
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
        if self._counts(relative) and not self._is_file_elsewhere(path):
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
        why = reason(error, N_("cannot be scanned: {why}"))
        name = shown_path(relative)
        log.warning("%s: %s", self.folder / name, why)
        if is_photo_name(relative) and not is_hidden(relative):
            self.scan.found.append(ScannedFile(self.root.id, name, NEVER_READ, why))
        else:
            self.scan.unseen.append(name)

    def _note_link(self, relative: str) -> None:
        if relative and (self.folder / relative).is_symlink():
            self.scan.links.append(shown_path(relative))

    def _counts(self, relative: str) -> bool:
        """Whether a file of this name is a photo that is not left out."""
        return is_photo_name(relative) and not self.excludes.file(relative)

    def _file(self, relative: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            return  # fifos, sockets and devices
        if self.taken is not None:
            if relative in self.taken:
                return  # it was asked for, and so was its folder
            self.taken.add(relative)
        name = shown_path(relative)
        problem = None if name == relative else NOT_UTF8
        file = FileStat(status.st_size, clamped_ns(status.st_mtime_ns))
        self.scan.found.append(ScannedFile(self.root.id, name, file, problem))

    def _passed_by(self, relative: str) -> bool:
        """Whether this folder is never looked into, or is found at another place."""
        if not relative:
            return False
        path = self.folder / relative
        return (
            self.excludes.folder(relative)
            or _identity(path) in self.skipped
            or self._is_folder_elsewhere(path)
        )

    def _enter(self, path: Path) -> bool:
        """Whether to walk this folder: not twice."""
        identity = _identity(path)
        if identity in self.visited:
            return False
        self.visited.add(identity)
        return True

    def _is_folder_elsewhere(self, path: Path) -> bool:
        """Whether the link `path` leads to a folder that is walked by itself, or is a library's."""
        if not path.is_symlink():
            return False
        target = path.resolve(strict=True)
        above = self._place(target)
        return self._is_a_librarys(target) or (
            above is not None and not above[0].covers_folder(above[1])
        )

    def _is_file_elsewhere(self, path: Path) -> bool:
        """Whether the link `path` leads to a photo that is found by itself, or is a library's.

        git-annex keeps all files in a hidden folder of the root, and links to them.
        """
        if not path.is_symlink():
            return False
        target = path.resolve(strict=True)
        above = self._place(target)
        return self._is_a_librarys(target.parent) or (
            above is not None and is_photo_name(above[1]) and not above[0].covers(above[1])
        )

    def _place(self, target: Path) -> tuple[Excludes, str] | None:
        """The rules of the innermost root that holds `target`, and the path in it."""
        for folder in (target, *target.parents):
            if (rules := self.known.get(folder)) is not None:
                inside = relative_to(target, folder)
                return None if inside is None else (rules, inside)
        return None

    def _is_a_librarys(self, folder: Path) -> bool:
        """Whether this folder is that of a library, or lies in one."""
        if (answer := self.of_library.get(folder)) is None:
            answer = self.of_library[folder] = (
                _identity(folder) in self.libraries
                or (folder not in self.known and self.is_library(folder))
                or (folder.parent != folder and self._is_a_librarys(folder.parent))
            )
        return answer


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _identities(folders: Iterable[Path]) -> Iterator[tuple[int, int]]:
    """Those of the folders that can be seen: another root's trouble is not this one's."""
    for folder in folders:
        with suppress(OSError):
            yield _identity(folder)
