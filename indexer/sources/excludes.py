"""Which folders and files of a root do not count, by their names alone. Knows nothing of the disk.

Hidden ones, and the folders in which systems keep what people have thrown away or never see, are
always left out; a root's own patterns are those of .gitignore.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from pathspec import GitIgnoreSpec

from clipcore.messages import N_
from indexer.errors import RootError

# thumbnails, waste bins and snapshots of NAS systems and Windows; those of others are hidden
SKIPPED_FOLDERS: Final = frozenset(
    (
        *("@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot"),
        *("$RECYCLE.BIN", "RECYCLER", "System Volume Information", "lost+found"),
    )
)


class Excludes:
    """The excludes of one root. Paths are relative to the root, with slashes."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._spec = GitIgnoreSpec.from_lines(patterns) or None  # an empty one would be asked too

    def folder(self, path: str) -> bool:
        """Whether this folder is never looked into; the folders above it are not asked."""
        name = _name(path)
        if name.startswith(".") or name in SKIPPED_FOLDERS:
            return True
        return self._spec is not None and self._spec.match_file(path + "/")

    def file(self, path: str) -> bool:
        """Whether this file does not count; the folders above it are not asked."""
        if is_hidden(path):
            return True
        return self._spec is not None and self._spec.match_file(path)

    def covers(self, path: str) -> bool:
        """Whether the file at `path`, or a folder above it, is left out."""
        return self.file(path) or any(self.folder(folder) for folder in folders_above(path))

    def covers_folder(self, path: str) -> bool:
        """Whether the folder at `path`, or one above it, is left out; "" is the root itself."""
        return bool(path) and any(map(self.folder, (*folders_above(path), path)))


def is_hidden(path: str) -> bool:
    """Whether the last name of the path begins with a dot."""
    return path.startswith(".", path.rfind("/") + 1)


def folders_above(path: str) -> list[str]:
    """The folders between the root and `path`, the outermost first."""
    return [folder.as_posix() for folder in reversed(PurePosixPath(path).parents[:-1])]


def checked(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns without blank ones. Raises RootError for one that means nothing."""
    kept = tuple(pattern.strip() for pattern in patterns if pattern.strip())
    for pattern in kept:
        try:
            (parsed,) = GitIgnoreSpec.from_lines([pattern]).patterns
        except ValueError as error:
            raise RootError(
                N_("the pattern '{pattern}' cannot be understood"), pattern=pattern
            ) from error
        if parsed.include is None or "\n" in pattern:  # a comment, say
            raise RootError(N_("the pattern '{pattern}' excludes nothing"), pattern=pattern)
    return kept


def _name(path: str) -> str:
    return path.rpartition("/")[2]
