"""Made the library beside it, whose schema is 0007, for the tests of what came later.

At the commit that added this file `python -m tests.indexer.store.old_library.make DIRECTORY`
makes it again, with the same SQLite and Pillow to the byte. It holds photos that are present,
missing, excluded, copied and replaced, a file that failed, a photo and a folder with a notice, a
pause and a requested model.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from PIL import Image
from PIL.ExifTags import IFD, Base

from indexer.library.library import Library, open_library
from tests.fakes import ColourEncoder
from tests.indexer.store.old_library.answers import answers_of
from tests.photos import make_photo

SCHEMA: Final = "0007"
FOLDERS: Final = {"photos": ("drafts/",), "more": ()}  # with their excludes
RECORDED: Final = "/srv"  # where the library says that they lie
WRITTEN_S: Final = 1_500_000_000  # the time of the first file
DATES: Final = {
    "library": ("created_at", "2026-01-01 10:00:00.000000"),
    "photos": ("failed_at", "2026-01-02 10:00:00.000000"),
    "contents": ("orphaned_at", "2026-01-03 10:00:00.000000"),
}
LEFT_OUT: Final = (".lock", ".bin", "look", "writer.json")  # of a process, or made again
MISSING: Final = "2026-01-04 10:00:00.000000"


def make(directory: Path) -> None:
    """Write the folders, the library and what it answered."""
    _make_photos(directory)
    with (
        patch("uuid.uuid4", lambda: UUID(int=20)),
        closing(_opened(directory, create=True, model="colour")) as library,
    ):
        for name, excludes in FOLDERS.items():
            library.add_root(directory / name, excludes)
            _rebuild(library)  # of each by itself: few files are one shard, numbered in order
        (directory / "photos" / "gone.png").unlink()
        _make(directory / "more" / "replaced.png", 9, colour="purple")
        _rebuild(library)
        (directory / "more").rename(directory / "elsewhere")
        _rebuild(library)  # believes nothing gone, and says why
        (directory / "elsewhere").rename(directory / "more")
        library.models.request_switch("starter")
        library.control.pause()
        answers = answers_of(library)
    _date(directory)
    (directory / "answers.json").write_text(json.dumps(answers, indent=1) + "\n", "utf-8")


def _make_photos(directory: Path) -> None:
    """Each with a time of its own, so that none is taken for another one that has moved."""
    photos, more = directory / "photos", directory / "more"
    _make(photos / "red.jpg", 0, colour="red", exif=_exif("X100", "2019:06:30 12:00:00"))
    _make(photos / "green.jpg", 1, colour="green", exif=_exif("X200", "2018:01:02 03:04:05"))
    _make(photos / "blue.png", 2, colour="blue")
    _make(photos / "gone.png", 3, colour="cyan")
    _make(photos / "drafts" / "hidden.png", 4, colour="magenta")
    _make(more / "replaced.png", 5, colour="yellow")
    _write(more / "copy.jpg", 6, (photos / "red.jpg").read_bytes())
    _write(more / "endless.jpg", 7, _jpeg("orange").removesuffix(b"\xff\xd9"))
    _write(more / "damaged.jpg", 8, b"\xff\xd8")
    _write(more / "film.mov", 10, b"a film")


def _make(path: Path, number: int, colour: str, **save: Any) -> None:
    make_photo(path, colour, size=(32, 24), seed=number, **save)
    _set_time(path, number)


def _write(path: Path, number: int, data: bytes) -> None:
    path.write_bytes(data)
    _set_time(path, number)


def _set_time(path: Path, number: int) -> None:
    os.utime(path, (WRITTEN_S + number, WRITTEN_S + number))


def _exif(model: str, taken: str) -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "FUJIFILM", model
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = taken
    exif[IFD.GPSInfo] = {1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)}
    return exif


def _jpeg(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def _opened(directory: Path, **options: Any) -> Library:
    return open_library(directory / "library", open_encoder=lambda _: ColourEncoder(), **options)


def _rebuild(library: Library) -> None:
    with library.writing():
        library.rebuild()


def _date(directory: Path) -> None:
    """Let the library lie nowhere and no time stand in it that is not always the same."""
    database = directory / "library" / "library.db"
    with closing(sqlite3.connect(database)) as connection:
        with connection:
            assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(SCHEMA,)]
            for table, (column, value) in DATES.items():
                connection.execute(
                    f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL", (value,)
                )
            connection.execute(
                "UPDATE photos SET missing_since = ? WHERE missing_since IS NOT NULL", (MISSING,)
            )
            connection.execute(
                "UPDATE roots SET path = replace(path, :here, :there), "
                "notice = replace(notice, :here, :there)",
                {"here": str(directory), "there": RECORDED},
            )
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = WAL")
    for left in (directory / "library").iterdir():
        if left.suffix in LEFT_OUT or left.name in LEFT_OUT:
            left.unlink()


if __name__ == "__main__":
    place = Path(sys.argv[1]).absolute()
    for part in (*FOLDERS, "library"):
        shutil.rmtree(place / part, ignore_errors=True)
    make(place)
