"""Which of the server's folders may be looked at to choose one: those below a person's home.

Shows names of folders only, never a file; none that is not UTF-8, for no library and no browser
takes it. Knows nothing of the library.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexer.environment import FOLDERS
from indexer.location import is_utf8


def tops(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The folders below which one may choose: RECOLLECT_FOLDERS, as in PATH, else the home."""
    named = [Path(path) for path in environment.get(FOLDERS, "").split(os.pathsep) if path]
    found = (path.expanduser().resolve() for path in named or [Path.home()])
    return tuple(path for path in found if is_utf8(str(path)))


def within(directory: Path, allowed: Sequence[Path]) -> bool:
    """Whether `directory`, links followed, is one of `allowed` or lies below one."""
    try:
        resolved = directory.resolve()
    except (OSError, RuntimeError):  # a link that leads in a circle, a path that is too long
        return False
    return any(resolved.is_relative_to(top) for top in allowed)


def folders_in(directory: Path, allowed: Sequence[Path]) -> list[Path]:
    """The folders in `directory` by name; without hidden ones and links that lead out of `allowed`.

    Raises OSError where it cannot be listed, PermissionError where it may not be looked at.
    """
    if not within(directory, allowed):
        raise PermissionError(f"{directory} is none of the folders that may be chosen")
    with os.scandir(directory) as entries:
        found = [Path(entry.path) for entry in entries if _is_visible_folder(entry)]
    return sorted(
        (path for path in found if within(path, allowed)), key=lambda path: path.name.casefold()
    )


def trail(directory: Path, allowed: Sequence[Path]) -> list[Path]:
    """The way down to `directory`: the outermost folder that may be looked at comes first."""
    above = [path for path in directory.parents if within(path, allowed)]
    return [*reversed(above), directory]


def _is_visible_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and is_utf8(entry.name) and entry.is_dir()
    except OSError:  # a link that cannot be followed: the other folders are there all the same
        return False
