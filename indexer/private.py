"""What only its owner may read: the files and directories of a library, from their first byte on.

Photos show a person's life, so does all that is derived from them. Knows no library.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

FILE: Final = 0o600
DIRECTORY: Final = 0o700
OTHERS: Final = 0o077  # the rights of the group and of everybody
NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag


def private_file(path: str, flags: int) -> int:
    """An opener for open(): a file that it makes is for its owner only. Follows no link."""
    return os.open(path, flags | NO_LINK, FILE)


def make_private(path: Path) -> None:
    """Make an empty file, if it is not there."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | NO_LINK, FILE))


def close_to_others(path: Path) -> None:
    """Take everybody else's rights to a file or directory away.

    A link, and what belongs to another user or lies on a read-only disk, stays as it is.
    """
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except OSError:  # it is gone, or its owner decides
        return


def close_all_below(directory: Path) -> None:
    """Close a directory and everything below it, unless it is closed already."""
    try:
        mode = directory.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISDIR(mode) or not mode & OTHERS:
        return
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            close_to_others(Path(folder, name))
    close_to_others(directory)  # last: a walk that was cut short starts again
