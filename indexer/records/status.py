"""The state of a library and of its daemon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from indexer.location import Location
from indexer.records.models import ModelRequest


@dataclass(frozen=True, slots=True)
class DaemonState:
    """What a daemon does now. Times are UTC; `left_s` is None where nobody can tell."""

    pid: int
    host: str
    since: datetime
    doing: str = "starting"
    paused: str | None = None  # why it takes in nothing
    queue: int = 0  # files seen, but not taken in yet
    photos_per_s: float = 0.0
    left_s: int | None = None
    last_reconcile: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How many vectors the searcher's index holds, what kind it is, and why."""

    vectors: int
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What a library takes on disk. `snapshot_at`: when the index was written last, UTC.

    `index_bytes` is None in a database that needs no index; one within it has no `snapshot_at`.
    """

    database_bytes: int
    index_bytes: int | None
    thumbnails_bytes: int
    snapshot_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RootStatus:
    """A photo directory with the number of its photos that are there.

    `other_formats`: the files that were passed by for their format, by suffix.
    """

    path: Location
    photos: int
    notice: str | None
    other_formats: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The library in numbers. `photos` are there and searchable; `daemon`: the running one.

    `embeddings` are all of the model; `awaiting_prune` of them belong to no present photo.
    """

    library: str
    model_id: str
    roots: tuple[RootStatus, ...]
    photos: int
    embeddings: int
    failed: int
    missing: int
    index: IndexStatus = field(default_factory=lambda: IndexStatus(0, "exact", ""))
    awaiting_prune: int = 0
    paused: bool = False  # `indexer pause` was said
    request: ModelRequest | None = None  # the model it is to go over to
    daemon: DaemonState | None = None

    @property
    def other_formats(self) -> Mapping[str, int]:
        """The files that were passed by for their format, by suffix, most first."""
        summed: Counter[str] = Counter()
        for root in self.roots:
            summed.update(root.other_formats)
        return dict(sorted(summed.items(), key=lambda one: (-one[1], one[0])))

    @property
    def switching_to(self) -> str | None:
        """The model that was wished for and not refused."""
        return self.request.source if self.request and not self.request.refused else None
