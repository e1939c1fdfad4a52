"""Makes a library of any size in seconds: rows without photo files, with CLIP-like embeddings.

The database is a real one, made by Store; only the rows go in past it, as one `executemany` a
batch, since ingest's own way (one file, one row) would take hours for a million.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from benchmarks.clip_like import ClipLike
from indexer.arrays import FloatArray
from indexer.library.directory import DATABASE
from indexer.records.models import Model
from indexer.store.schema import pack
from indexer.store.store import Store

BATCH: Final = 10_000
INSERTS: Final = (
    "INSERT INTO contents (id, sha256, width_px, height_px, format, orientation, taken_at, camera)"
    " VALUES (?, ?, 4000, 3000, 'JPEG', 1, ?, 'Synthetic')",
    "INSERT INTO photos (root_id, path, content_id, size_bytes, mtime_ns) VALUES (1, ?, ?, ?, ?)",
    "INSERT INTO embeddings (content_id, model_id, vector) VALUES (?, ?, ?)",
)


def make_library(path: Path, count: int, model: Model, photos: ClipLike) -> None:
    """A library of `count` photos in the directory `path`, searched with `model`."""
    path.mkdir(parents=True)
    store = Store.create(path / DATABASE, model)
    store.roots.add(path.parent / "photos")
    store.close()
    with sqlite3.connect(path / DATABASE) as connection:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            rows = list(_rows(start + 1, photos.photos(size, seed=start // BATCH), model.id))
            for statement, values in zip(INSERTS, zip(*rows, strict=True), strict=True):
                connection.executemany(statement, values)
            connection.commit()
    connection.close()


def make_files(library: Path) -> None:
    """The files that the library remembers, of the size and time it knows, without contents.

    They take no room on disk: a scan sees nothing of a file but these two.
    """
    with closing(sqlite3.connect(library / DATABASE)) as connection:
        rows = connection.execute(
            "SELECT roots.path || '/' || photos.path, size_bytes, mtime_ns"
            " FROM photos JOIN roots ON roots.id = photos.root_id"
        )
        for name, size_bytes, mtime_ns in rows:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            with open(name, "wb") as file:  # noqa: PTH123 - a million of them
                file.truncate(size_bytes)
            os.utime(name, ns=(mtime_ns, mtime_ns))


def _rows(first_id: int, vectors: FloatArray, model_id: str) -> Iterator[tuple[Any, Any, Any]]:
    """For each photo what goes into contents, photos and embeddings."""
    for number, vector in enumerate(vectors, start=first_id):
        taken_at = f"{2000 + number % 25}-{1 + number % 12:02}-01 12:00:00.000000"
        yield (
            (number, number.to_bytes(32, "big"), taken_at),
            (f"{number // 1000:04}/{number:08}.jpg", number, 1_000_000 + number, number * 10**9),
            (number, model_id, pack(vector)),
        )
