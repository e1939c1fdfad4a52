"""The tables of a library, and how a vector is stored. Runs no query.

A migration in migrations/ goes with every change made here. Each table says in its `info` how its
rows are copied, and with which others they are removed (lifecycle.py).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    true,
)

from indexer.store.column_types import ID, MESSAGE, NAME, STORED, VECTOR
from indexer.store.lifecycle import Copying, lives

HEAD: Final = "0012"  # the newest migration

metadata = MetaData()

library = Table(
    "library",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("uuid", NAME, nullable=False, doc="names the library to its index and daemons"),
    Column("model_source", NAME, nullable=False, doc="opens the encoder: a name or a path"),
    Column("model_id", NAME, nullable=False, doc="names what the encoder computes"),
    Column("created_at", DateTime, nullable=False, doc="UTC"),
    Column("text_source", NAME, doc="opens another text tower than the model's, if one is used"),
    Column(
        "stacks",
        Boolean,
        nullable=False,
        server_default=true(),
        doc="several files of one photo are one item",
    ),
    info=lives(Copying.NOT),  # a copy is a library at the very end
)

roots = Table(
    "roots",
    metadata,
    Column("id", ID, primary_key=True),
    Column("path", NAME, nullable=False, unique=True, doc="an absolute path, or a URL"),
    Column("notice", MESSAGE, doc="what is wrong with it: a message, as JSON"),
    Column("excludes", NAME, nullable=False, server_default="", doc="patterns, one a line"),
    Column("other_formats", NAME, doc="JSON: how many files of which suffix the last scan saw"),
    info=lives(Copying.EACH_TIME),
)

contents = Table(
    "contents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("sha256", LargeBinary(32), nullable=False, unique=True, doc="of the file's bytes"),
    Column("width_px", Integer, nullable=False, doc="upright"),
    Column("height_px", Integer, nullable=False, doc="upright"),
    Column("format", NAME, nullable=False, doc="JPEG, PNG, ..."),
    Column("orientation", Integer, nullable=False, doc="as EXIF says, 1 to 8"),
    Column("taken_at", DateTime, index=True, doc="the photo's local time"),
    Column("taken_offset_min", Integer, doc="of that time from UTC"),
    Column("camera", NAME, doc="make and model"),
    Column("lens", NAME),
    Column("exposure_s", Float),
    Column("f_number", Float),
    Column("iso", Integer),
    Column("focal_mm", Float),
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column(
        "orphaned_at",
        DateTime,
        doc="when it last lost its last present photo, other than as missing",
    ),
    Column("notice", MESSAGE, doc="what is odd about the file, though it shows its picture"),
    Column(
        "facts_version",
        Integer,
        nullable=False,
        server_default="0",
        doc="of the readers of these facts",
    ),
    Column("duration_s", Float, doc="of a video; null of a photo"),
    Column("live_id", NAME, doc="Apple's, of a Live Photo: its still and its video have it"),
    info=lives(Copying.ONCE),
)

photos = Table(
    "photos",
    metadata,
    Column("id", ID, primary_key=True),
    Column("root_id", ForeignKey("roots.id"), nullable=False),
    Column("path", NAME, nullable=False, doc="relative to the root"),
    Column(
        "content_id",
        ForeignKey("contents.id"),
        index=True,
        doc="null where the file could not be read",
    ),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False, doc="of the file"),
    Column("etag", NAME, doc="of object storage; stands for the time there"),
    Column("error", MESSAGE, doc="why it could not be indexed: a message, as JSON"),
    Column("failed_at", DateTime, doc="UTC"),
    Column("missing_since", DateTime, doc="UTC; null where the file is there"),
    Column(
        "stack_of",
        ID,
        doc="the photo that is shown in this one's place; null of what is shown itself",
    ),
    Column(
        "stack_key",
        BigInteger,
        index=True,
        doc="equal of files with one name but for the suffix; null until they were compared",
    ),
    UniqueConstraint("root_id", "path"),
    info=lives(Copying.EACH_TIME, root_id="roots"),
    sqlite_autoincrement=True,  # a photo's number is never given to another one
)


def _index_known(column: Column[Any]) -> None:
    """An index of the few rows that have it; with the others SQLite would read all rows by it."""
    known = column.is_not(None)
    name = f"ix_{column.table.name}_{column.name}"
    Index(name, column, sqlite_where=known, postgresql_where=known)


_index_known(photos.c.stack_of)
_index_known(contents.c.live_id)

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", ID, primary_key=True, doc="only grows: an index follows by it"),
    Column("content_id", ForeignKey("contents.id"), nullable=False),
    Column("model_id", NAME, nullable=False, doc="names what computed the vector"),
    Column("vector", VECTOR, nullable=False, doc="float16, see below"),
    Column(
        "moment_ms",
        Integer,
        nullable=False,
        server_default="0",
        doc="of a video: when the frame is shown; 0 of a photo",
    ),
    UniqueConstraint("content_id", "model_id", "moment_ms"),
    info=lives(Copying.ONCE, content_id="contents"),
    sqlite_autoincrement=True,  # replay relies on ids that only grow
)


def pack(vector: npt.NDArray[np.float32]) -> bytes:
    """(D,) float32 -> the bytes stored."""
    return vector.astype(STORED).tobytes()


def unpack(blobs: list[bytes], dim: int) -> npt.NDArray[np.float32]:
    """N stored vectors -> (N, D) float32, C-contiguous."""
    return np.frombuffer(b"".join(blobs), STORED).reshape(len(blobs), dim).astype(np.float32)
