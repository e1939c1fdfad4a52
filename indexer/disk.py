"""A full disk becomes one error that names the disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clipcore.messages import N_
from indexer.errors import DiskFull

FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT))


def disk_full(path: Path) -> DiskFull:
    """The error of a disk that has no room for `path`."""
    return DiskFull(N_("no room for {path}: its disk, or your share of it, is full"), path=path)


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Raises DiskFull if what is written meanwhile finds no room."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise disk_full(path) from error
        raise
