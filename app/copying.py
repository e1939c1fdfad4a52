"""Copies photos into a folder: nothing is moved, nothing overwritten, and no photo directory is
written to.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.exports import free_name
from app.folders import within
from indexer.location import Location
from indexer.originals import open_original


class FolderRefused(Exception):
    """Nothing may be written to this folder: it is, or lies in, the one given."""

    def __init__(self, inside: Path) -> None:
        super().__init__(str(inside))
        self.inside = inside


@dataclass(frozen=True, slots=True)
class Copied:
    """How many photos were copied, and (path, reason) of those that were not."""

    count: int
    failed: tuple[tuple[Location, str], ...]


def refuse(folder: Path, allowed: Sequence[Path], forbidden: Iterable[Path]) -> None:
    """Raises FolderRefused for a folder outside `allowed`, or within one that is `forbidden`."""
    if not within(folder, allowed):
        raise FolderRefused(folder)
    resolved = folder.resolve()
    for one in forbidden:
        if resolved.is_relative_to(one.resolve()):
            raise FolderRefused(one)


def copy_into(
    folder: Path, paths: Sequence[Location], progress: Callable[[float], object] = lambda _: None
) -> Copied:
    """Copy the files with their times; a name that is taken gets a number.

    `folder` is made if it is not there. Raises OSError if that fails.
    """
    folder.mkdir(exist_ok=True)
    failed: list[tuple[Location, str]] = []
    for place, path in enumerate(paths):
        try:
            _copy(path, folder)
        except OSError as error:
            failed.append((path, error.strerror or str(error)))
        progress((place + 1) / len(paths))
    return Copied(len(paths) - len(failed), tuple(failed))


def _copy(path: Location, folder: Path) -> None:
    with open_original(path) as source:
        target = _created(folder, path.name)
        try:
            with target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            if isinstance(path, Path):
                shutil.copystat(path, target)
        except OSError:  # half a photo is none
            target.unlink(missing_ok=True)
            raise


def _created(folder: Path, name: str) -> Path:
    """A new, empty file with this name or the next free one; whoever else writes there too."""
    while True:
        target = folder / free_name(name, lambda one: os.path.lexists(folder / one))
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            continue
        return target
