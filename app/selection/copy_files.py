"""Copies photos into a folder: nothing is moved, nothing overwritten, and no photo directory is
written to.

The folder is held by a handle: another one, or a link, that takes its name changes nothing.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from app.selection.allowed_folders import within
from app.selection.exports import free_name
from indexer.location import Location
from indexer.sources.originals import open_original

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY
NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW

Same = tuple[int, int]  # device and inode: two names of the same folder have the same


class FolderRefused(Exception):
    """Nothing may be written to this folder: it is, or lies in, the one given."""

    def __init__(self, inside: Path) -> None:
        super().__init__(str(inside))
        self.inside = inside


@dataclass(frozen=True, slots=True)
class Copied:
    """The number of copied photos, and (path, reason) of the others."""

    count: int
    failed: tuple[tuple[Location, str], ...]


@contextmanager
def target_folder(
    folder: Path, allowed: Sequence[Path], forbidden: Iterable[Path]
) -> Iterator[int]:
    """A handle of the folder; it is made if it is not there.

    Raises FolderRefused for one outside `allowed`, or within one that is `forbidden`, OSError where
    it cannot be opened or made.
    """
    forbidden = list(forbidden)
    with ExitStack() as handles:
        try:
            handle = _opened(folder, handles)
        except FileNotFoundError:
            above = _opened(folder.parent, handles)
            _refuse(folder, above, allowed, forbidden)
            os.mkdir(folder.name, dir_fd=above)
            handle = _opened(folder.name, handles, os.O_NOFOLLOW, above)
        _refuse(folder, handle, allowed, forbidden)
        yield handle


def _opened(path: Path | str, handles: ExitStack, flags: int = 0, dir_fd: int | None = None) -> int:
    handle = os.open(path, FOLDER | flags, dir_fd=dir_fd)
    handles.callback(os.close, handle)
    return handle


def _refuse(folder: Path, handle: int, allowed: Sequence[Path], forbidden: Iterable[Path]) -> None:
    """By name, for a photo directory that is unmounted now, and by what the handle leads to."""
    upwards = frozenset(_upwards(handle))
    if not within(folder, allowed) or upwards.isdisjoint(map(_same, allowed)):
        raise FolderRefused(folder)
    for one in forbidden:
        if within(folder, [one.resolve()]) or _same(one) in upwards:
            raise FolderRefused(one)


def _upwards(handle: int) -> Iterator[Same]:
    """The folder and those above it, up to the root, which is above itself."""
    below, path = None, "."
    while (one := _identity(os.stat(path, dir_fd=handle))) != below:
        yield one
        below, path = one, f"{path}/.."


def _same(folder: Path) -> Same | None:
    try:
        return _identity(folder.stat())
    except OSError:  # it is not there: nothing is the same
        return None


def _identity(found: os.stat_result) -> Same:
    return found.st_dev, found.st_ino


def copy_into(
    folder: int, paths: Sequence[Location], progress: Callable[[float], object] = lambda _: None
) -> Copied:
    """Copy the files with their times into the folder of this handle; a name that is taken gets a
    number.
    """
    failed: list[tuple[Location, str]] = []
    for place, path in enumerate(paths):
        try:
            _copy(path, folder)
        except OSError as error:
            failed.append((path, error.strerror or str(error)))
        progress((place + 1) / len(paths))
    return Copied(len(paths) - len(failed), tuple(failed))


def _copy(path: Location, folder: int) -> None:
    with open_original(path) as source:
        name, handle = _created(folder, path.name)
        try:
            with os.fdopen(handle, "wb") as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                if isinstance(path, Path):
                    _copy_stat(source, copy)
        except OSError:  # half a photo is none
            os.unlink(name, dir_fd=folder)
            raise


def _copy_stat(source: BinaryIO, copy: BinaryIO) -> None:
    """The times, and the rights to read and write."""
    found = os.fstat(source.fileno())
    os.utime(copy.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
    os.fchmod(copy.fileno(), stat.S_IMODE(found.st_mode) & 0o777)


def _created(folder: int, name: str) -> tuple[str, int]:
    """A new, empty file with this name or the next free one, open to write; others write there
    too.
    """
    while True:
        free = free_name(name, lambda one: _is_taken(folder, one))
        try:
            return free, os.open(free, NEW, 0o666, dir_fd=folder)
        except FileExistsError:
            continue


def _is_taken(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
