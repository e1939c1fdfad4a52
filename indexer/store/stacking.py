"""Which files are one photo: a RAW and its JPEG, the still and the film of a Live Photo.

The rule alone, pure: stack_sql.py applies it to rows. Files are one only within one folder.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Final, NamedTuple

from indexer.formats import RAWS
from indexer.location import folded

STILLS: Final = ("JPEG", "HEIF")  # what cameras write next to a RAW; the first of them is shown
FILMS: Final = ("MOV", "MP4")  # Apple's are MOV; Google's exports have the same as MP4
LIVE_S: Final = 3.5  # Apple's Live Photos take 3 s; a longer film of the same name is another thing


class StackFile(NamedTuple):
    """What decides of a file. `format` as facts have it; `live_id` and `duration_s` too."""

    id: int
    root_id: int
    path: str
    format: str
    duration_s: float | None
    live_id: str | None

    @property
    def folder(self) -> tuple[int, str]:
        """Where it lies."""
        return self.root_id, self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """Its name without the suffix."""
        return self.path.rpartition("/")[2].rpartition(".")[0]

    @property
    def name_key(self) -> tuple[tuple[int, str], str]:
        """Equal of files with one name but for the suffix: upper and lower case are the same."""
        return self.folder, folded(self.stem)


def stack_key(path: str) -> int:
    """A number that such files share. Others may have it too: the rule compares their names."""
    digest = hashlib.sha256(folded(path.rpartition(".")[0]).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def stacked(files: Collection[StackFile]) -> dict[int, int]:
    """For each file in whose place another one is shown, the number of that one.

    All files that may belong together must be given. A still is never hidden, so no picture is lost
    where the rule errs.
    """
    pictures = [file for file in files if file.format in STILLS or file.format in RAWS]
    named = _grouped(pictures, lambda file: file.name_key)
    shown: dict[int, int] = {}
    for raw in (file for file in pictures if file.format in RAWS):
        stills = [file for file in named[raw.name_key] if file.format in STILLS]
        if still := _nearest(raw, stills):
            shown[raw.id] = still.id
    marked = _grouped(pictures, lambda file: (file.folder, file.live_id))
    for film in (file for file in files if file.format in FILMS):
        same_id = marked.get((film.folder, film.live_id), []) if film.live_id else []
        if still := _nearest(film, same_id or _live_by_name(film, named.get(film.name_key, []))):
            shown[film.id] = shown.get(still.id, still.id)
    return shown


def _live_by_name(film: StackFile, pictures: Iterable[StackFile]) -> list[StackFile]:
    """The pictures of the film's name, if it is short and nothing says that they are not one."""
    if film.duration_s is None or film.duration_s > LIVE_S:
        return []
    return [file for file in pictures if not (film.live_id and file.live_id)]


def _grouped(
    files: Iterable[StackFile], trait: Callable[[StackFile], Hashable]
) -> dict[Hashable, list[StackFile]]:
    groups = defaultdict(list)
    for file in files:
        groups[trait(file)].append(file)
    return groups


def _nearest(one: StackFile, files: Iterable[StackFile]) -> StackFile | None:
    """The file with the same name, to the letter if there is one; else the first by its format."""

    def distance(file: StackFile) -> tuple[bool, bool, int, str]:
        rank = STILLS.index(file.format) if file.format in STILLS else len(STILLS)
        return file.name_key != one.name_key, file.stem != one.stem, rank, file.path

    return min(files, key=distance, default=None)
