"""Opens files of photos: a folder may have a pipe or a device by a photo's name."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

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
