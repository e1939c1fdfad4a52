"""Photos as a list of paths in three forms, and as one zip. Knows nothing of the page.

The zip is made while it is sent: it is neither on disk nor in memory as a whole. Names and EXIF
texts are other people's: they are no formulas in a table, no further lines in a list, and no paths
in a zip (safe_text.py).
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Final

from zipstream import ZipStream

from app.selection.safe_text import line_of, safe_name, same_name
from indexer.location import Location
from indexer.query.conditions import Quantity
from indexer.query.filters import FILTERS
from indexer.records.photos import Item, Photo
from indexer.sources.originals import open_original
from indexer.sources.reading import PIECE_BYTES, open_regular
from indexer.spreadsheet import harmless

Column = Callable[[Item], Any]

MISSING: Final = "missing.txt"  # in a zip: the paths of the files that it lacks


def as_txt(photos: Iterable[Photo]) -> bytes:
    """A path a line, as the file system has it; one with line breaks is escaped."""
    return b"".join(os.fsencode(line_of(str(photo.path))) + b"\n" for photo in photos)


def as_csv(items: Iterable[Item]) -> bytes:
    """A row a photo below the names of the columns; with a mark by which Excel knows UTF-8.

    The other files of a photo stand in one cell, a path a line.
    """
    written = io.StringIO()
    rows = csv.writer(written)
    columns = _columns()
    rows.writerow(columns)
    for item in items:
        rows.writerow([harmless(_cell(read(item))) for read in columns.values()])
    return written.getvalue().encode("utf-8-sig", "replace")


def _cell(value: Any) -> Any:
    return "\n".join(map(line_of, value)) if isinstance(value, list) else value


def as_json(items: Iterable[Item]) -> bytes:
    """A list of objects with the same names, and every text as it is."""
    columns = _columns()
    listed = [{name: read(item) for name, read in columns.items()} for item in items]
    written = json.dumps(listed, ensure_ascii=False, indent=1)
    return written.encode("utf-8", "backslashreplace")  # of bytes that are no UTF-8: as JSON does


def paths_of(items: Iterable[Item]) -> bytes:
    """The paths of all files of the photos, as as_txt() writes them."""
    return as_txt(file for item in items for file in item.files)


LISTS: Final[Mapping[str, tuple[str, Callable[[Iterable[Item]], bytes]]]] = {
    "txt": ("text/plain; charset=utf-8", paths_of),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
}


def zipped(photos: Sequence[Photo]) -> ZipStream:
    """The files in a zip, under their names, made safe; equal ones are numbered. Its length is
    known.

    Photos are compressed already, so they are stored as they are.
    """
    stream = _RegularZip(sized=True)
    taken: set[str] = set()
    missing: list[Photo] = []
    for photo in photos:
        if not _is_there(photo):
            missing.append(photo)
            continue
        name = free_name(safe_name(photo.path.name), lambda name: same_name(name) in taken)
        if isinstance(photo.path, Path):
            try:
                stream.add_path(photo.path, name, recurse=False)
            except OSError:  # it went this moment
                missing.append(photo)
                continue
        else:
            stream.add(_pieces(photo.path), name, size=photo.size_bytes)
        taken.add(same_name(name))
    if missing:
        stream.add(as_txt(missing), free_name(MISSING, lambda name: same_name(name) in taken))
    return stream


class _RegularZip(ZipStream):  # type: ignore[misc] # it has no types
    """Reads regular files only: a name may lead to a pipe by the time that its turn comes."""

    def _gen_file_entry(self, *, path: str | None = None, **entry: Any) -> Iterator[bytes]:
        if path is None:
            yield from super()._gen_file_entry(**entry)
            return
        with open_regular(Path(path)) as file:
            handle = f"/dev/fd/{file.fileno()}"  # the same file, whatever its name leads to now
            yield from super()._gen_file_entry(path=handle, **entry)


def _is_there(photo: Photo) -> bool:
    """Whether its file is; of one behind a URL the library's word is taken."""
    return photo.path.is_file() if isinstance(photo.path, Path) else not photo.missing_since


def _pieces(place: Location) -> Iterator[bytes]:
    """The file's bytes, read when they are sent."""
    with open_original(place) as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """`name`, or the first of `name (2)`, `name (3)` ... that is not taken; its suffix stays."""
    path, number, free = PurePath(name), 1, name
    while is_taken(free):
        number += 1
        free = f"{path.stem} ({number}){path.suffix}"
    return free


def _columns() -> dict[str, Column]:
    """The columns of a photo in an export: its files, then the facts behind filters."""
    of_file: dict[str, Column] = {
        "photo_id": lambda item: item.photo.id,
        "path": lambda item: str(item.photo.path),
        "other_files": lambda item: [str(other.path) for other in item.others],
        "date": lambda item: item.photo.date.isoformat(timespec="seconds"),
        "date_source": lambda item: item.photo.date_source,
        "width_px": lambda item: item.photo.facts.width_px,
        "height_px": lambda item: item.photo.facts.height_px,
        "size_bytes": lambda item: item.photo.size_bytes,
    }
    exported = [quantity for spec in FILTERS.values() for quantity in spec.exported]
    return of_file | {quantity.name: partial(_fact, quantity) for quantity in exported}


def _fact(quantity: Quantity, item: Item) -> Any:
    """Numbers without what reckoning in thirds of a second leaves over."""
    value = getattr(item.photo.facts, quantity.name)
    return value if value is None or quantity.digits is None else round(value, quantity.digits)
