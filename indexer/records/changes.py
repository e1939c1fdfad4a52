"""Records of changes: scanned files, plans, and reports."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from clipcore.messages import Message
from indexer.location import Location
from indexer.records.photos import FileStat


class Row(NamedTuple):
    """What the store remembers of a file. `path` is relative to its root, with slashes."""

    id: int
    root_id: int
    path: str
    stat: FileStat
    content_id: int | None
    error: Message | None = None
    missing_since: datetime | None = None


class ScannedFile(NamedTuple):
    """A file that a scan saw. `path` is relative to its root, with slashes."""

    root_id: int
    path: str
    stat: FileStat
    problem: Message | None = None  # why it cannot be indexed, known without opening it


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be done to bring the rows in line with the files.

    `moved` pairs a row whose file is gone with a new file of the same size and time; it is a
    guess until the bytes have been hashed.
    """

    new: Collection[ScannedFile] = ()
    changed: Collection[tuple[Row, ScannedFile]] = ()
    moved: tuple[tuple[Row, ScannedFile], ...] = ()
    missing: tuple[Row, ...] = ()
    restored: Collection[Row] = ()  # were missing, are there again with the same size and time

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.moved or self.missing or self.restored)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, why, and since when."""

    path: Location
    reason: Message
    since: datetime


@dataclass(frozen=True, slots=True)
class Oddity:
    """A file that is indexed though something is odd about it, and what."""

    path: Location
    notice: Message


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The result of one run. `known` files had bytes that the library already had."""

    embedded: int = 0
    known: int = 0
    moved: int = 0
    missing: int = 0
    restored: int = 0
    failed: int = 0
    deferred: int = 0
    left: int = 0  # that a stop kept it from
    reread: int = 0  # known photos whose facts were read again
    seconds: float = 0.0
    reread_s: float = 0.0  # for that, not among `seconds`
    notices: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Copied:
    """The number of rows of each kind in a copied library, the same on both sides."""

    photos: int
    contents: int
    embeddings: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """Photos removed for good (or that would be), and what went with them.

    `kept`: gone for as long, but of a folder that cannot be trusted just now, or there again.
    """

    paths: tuple[Location, ...]
    contents: int
    embeddings: int
    kept: int = 0
