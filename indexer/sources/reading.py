"""Opens files of photos: a folder may have a pipe or a device by a photo's name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from clipcore.messages import N_
from indexer.errors import Unreadable, Unstable
from indexer.records.photos import FileStat, clamped_ns

# a pipe that nobody writes to would never open; Windows has no such flags
AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
PIECE_BYTES: Final = 1 << 20


def open_regular(path: Path) -> BinaryIO:
    """The file at `path`, links followed. Raises OSError, of all that is no file at once."""
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return file


def read_regular(path: Path) -> bytes:
    """All that the file at `path` holds. Raises OSError, as open_regular() does."""
    with open_regular(path) as file:
        return file.read()


class RegularFile:
    """The bytes of a file as it is now, to be sent later, piece by piece: what takes its name until
    then is not read.

    Raises OSError where it is no file, also while it is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with open_regular(path) as file:
            self._found = _identity(file)

    def __len__(self) -> int:
        _device, _inode, size_bytes = self._found
        return size_bytes

    def __iter__(self) -> Iterator[bytes]:
        return self.part(0, len(self))

    def part(self, start: int, count: int) -> Iterator[bytes]:
        """So many bytes from there on, piece by piece."""
        with open_regular(self._path) as file:
            if _identity(file) != self._found:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self._path))
            file.seek(start)
            left = count
            while left and (piece := file.read(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece


def _identity(file: BinaryIO) -> tuple[int, int, int]:
    """Device, inode and size."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | AT_ONCE)


def file_stat(path: Path) -> FileStat:
    """What the file at `path` has for size and time now. Raises OSError."""
    stat = path.stat()
    return FileStat(stat.st_size, clamped_ns(stat.st_mtime_ns))


def read_stable(
    path: Path, expected: FileStat, stat: Callable[[Path], FileStat] = file_stat
) -> bytes:
    """The whole file, if its size and time are the `expected` ones before and after reading.

    Raises Unstable for a file that is still being written, Unreadable for one that cannot be
    read at all.
    """
    with stable(path, expected, stat):
        data = read_regular(path)
    if len(data) != expected.size_bytes:
        raise Unstable(N_("the file changed while it was read"))
    return data


def read_head(path: Path, count: int) -> bytes:
    """The first bytes of the file. Raises Unstable where it is gone, Unreadable."""
    with _explained(), open_regular(path) as file:
        return file.read(count)


@contextmanager
def stable(
    path: Path, expected: FileStat, stat: Callable[[Path], FileStat] = file_stat
) -> Iterator[None]:
    """Size and time of the file are the `expected` ones before and after. Raises as above."""
    with _explained():
        before = stat(path)
        yield
        after = stat(path)
    if not before == after == expected:
        raise Unstable(N_("the file changed while it was read"))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Unstable(N_("the file disappeared while it was read")) from error
    except OSError as error:
        raise Unreadable(N_("cannot be read: {why}"), why=error.strerror) from error
