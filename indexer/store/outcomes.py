"""Values between ingest and the store: the outcome of each file, the content of its bytes."""

from __future__ import annotations

from dataclasses import dataclass

from clipcore.messages import Message
from indexer.arrays import FloatArray
from indexer.records.changes import Row, ScannedFile
from indexer.records.photos import Facts


@dataclass(frozen=True, slots=True)
class NewContent:
    """Bytes the library has no embedding of yet, with theirs.

    `vectors`: (D,) of a photo, (F, D) of the frames of a film, which are shown at `moments_ms`.
    The first of them is the film's cover.
    """

    sha256: bytes
    facts: Facts
    vectors: FloatArray
    moments_ms: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one file: known content, new content, or an error.

    `row`: its old row. `left`: the row whose file it was taken for, but is not.
    """

    found: ScannedFile
    row: Row | None
    content: int | NewContent | None = None
    error: Message | None = None
    left: Row | None = None

    @property
    def moved(self) -> bool:
        """Whether a known photo lies under a new name."""
        found, row = self.found, self.row
        return row is not None and (row.root_id, row.path) != (found.root_id, found.path)

    @property
    def failed_again(self) -> bool:
        """Whether the library has this very failure of the file already."""
        return self.error is not None and self.row is not None and self.row.error == self.error


@dataclass(frozen=True, slots=True)
class KnownContent:
    """A content the library has, and whether the model has embedded it."""

    id: int
    embedded: bool
