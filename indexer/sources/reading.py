"""Opens files of photos: a folder may have a pipe or a device by a photo's name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from indexer.errors import Unreadable, Unstable
from indexer.records.photos import FileStat, clamped_ns

# a pipe that nobody writes to would never open; Windows has no such flags
AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


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
    try:
        before = stat(path)
        data = read_regular(path)
        after = stat(path)
    except FileNotFoundError as error:
        raise Unstable("the file went away while it was read") from error
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    if not before == after == expected or len(data) != expected.size_bytes:
        raise Unstable("the file changed while it was read")
    return data
