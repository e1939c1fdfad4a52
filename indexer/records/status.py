"""The state of a library and of its daemon."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from clipcore.messages import N_, Message
from indexer.location import Location
from indexer.records.models import ModelRequest


class Activity(StrEnum):
    """A daemon's activity; SCANNING and REMOVING go with a folder, SCANNING also without."""

    STARTING = "starting"
    LOADING = "loading"
    SCANNING = "scanning"
    CHECKING = "checking"
    INDEXING = "indexing"
    EMBEDDING = "embedding"
    PREPARING = "preparing"  # what a search with the model needs
    WAITING = "waiting"  # until files that another process writes are complete
    WATCHING = "watching"
    READING_AGAIN = "reading again"  # facts of known photos, while there is nothing else to do
    REMOVING = "removing"  # so does another process, for which it makes way
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    ON_BATTERY = "on battery"
    NOT_ALONE = "not alone"
    NO_ROOM = "no room"
    NO_SERVER = "no server"


SENTENCES: Final = {
    Activity.STARTING: N_("starting"),
    Activity.LOADING: N_("loading the model"),
    Activity.SCANNING: N_("scanning all folders"),
    Activity.CHECKING: N_("checking for changes"),
    Activity.INDEXING: N_("indexing photos"),
    Activity.EMBEDDING: N_("embedding all photos with the other model"),
    Activity.PREPARING: N_("preparing the model for searches"),
    Activity.WAITING: N_("waiting for files still being written"),
    Activity.WATCHING: N_("watching"),
    Activity.READING_AGAIN: N_("reading photos again"),
    Activity.REMOVING: N_("removing a folder"),
    Activity.PAUSING: N_("pausing"),
    Activity.PAUSED: N_("paused"),
    Activity.RESUMING: N_("resuming"),
    Activity.ON_BATTERY: N_("paused on battery"),
    Activity.NOT_ALONE: N_("waiting for another process"),
    Activity.NO_ROOM: N_("waiting for disk space"),
    Activity.NO_SERVER: N_("waiting for the database"),
}
OF_FOLDER: Final = {
    Activity.SCANNING: N_("scanning {folder}"),
    Activity.REMOVING: N_("removing {folder}"),
}


@dataclass(frozen=True, slots=True)
class Work:
    """An activity, and its folder, if it has one."""

    doing: Activity
    folder: str | None = None

    @property
    def message(self) -> Message:
        """The same in words."""
        if self.folder and self.doing in OF_FOLDER:
            return Message(OF_FOLDER[self.doing], folder=self.folder)
        return Message(SENTENCES[self.doing])


@dataclass(frozen=True, slots=True)
class DaemonState:
    """A daemon's present state. Times are UTC; `left_s` is None where it is unknown."""

    pid: int
    host: str
    since: datetime
    work: Work = Work(Activity.STARTING)
    paused: Message | None = None  # why it indexes nothing, if so
    queue: int = 0  # files seen, but not indexed yet
    photos_per_s: float = 0.0
    left_s: int | None = None
    last_reconcile: datetime | None = None
    last_error: Message | None = None

    @property
    def doing(self) -> Activity:
        """The activity, whatever the folder."""
        return self.work.doing

    @property
    def is_settled(self) -> bool:
        """Whether all photos are indexed, as far as it knows."""
        return self.doing in (Activity.WATCHING, Activity.READING_AGAIN)


@dataclass(frozen=True, slots=True)
class ExploreProgress:
    """A line of `indexer explore --json`: what is being done, or why it failed."""

    doing: Message | None = None
    error: Message | None = None

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The searcher's index: its number of vectors, its kind, and the reason for it."""

    vectors: int
    kind: str
    reason: Message


@dataclass(frozen=True, slots=True)
class DiskUse:
    """A library's size on disk. `snapshot_at`: when the index was written last, UTC.

    `index_bytes` is None in a database that needs no index; one within it has no `snapshot_at`.
    """

    database_bytes: int
    index_bytes: int | None
    thumbnails_bytes: int
    snapshot_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RootStatus:
    """A photo directory with the number of its photos that are there, and of their files.

    `other_formats`: the files that were passed by for their format, by suffix.
    """

    path: Location
    photos: int
    files: int
    notice: Message | None
    other_formats: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MissingReader:
    """Files of formats that are read alike, whose package is not installed."""

    format: str  # for people
    extra: str
    files: int

    @property
    def command(self) -> str:
        """What installs the package."""
        return f"pip install 'recollect-photos[{self.extra}]'"


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The library in numbers. `photos` are there and searchable; `daemon`: the running one.

    `files`: those of the photos, of which a photo may have several where the library `stacks` them.
    `embeddings` are all of the model; `awaiting_prune` of them belong to no present photo.
    `missing_readers`: of the `failed` files those that need a package.
    `text_tower`: the one that embeds queries in place of the model's own, if one does.
    """

    library: str
    model_id: str
    roots: tuple[RootStatus, ...]
    photos: int
    files: int
    embeddings: int
    failed: int
    missing: int
    index: IndexStatus = field(
        default_factory=lambda: IndexStatus(0, "exact", Message(N_("no vectors yet")))
    )
    stacks: bool = True
    awaiting_prune: int = 0
    missing_readers: tuple[MissingReader, ...] = ()
    text_tower: str | None = None
    paused: bool = False  # `indexer pause` was said
    request: ModelRequest | None = None  # the model it is to switch to
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
        """The requested model, unless it was refused."""
        return self.request.source if self.request and not self.request.refused else None
