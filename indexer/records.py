"""The values that pass between the parts: frozen, without behaviour, without SQL or torch.

Those of which a look makes one a file are named tuples: a frozen dataclass takes four times as
long to make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple

from indexer.location import Location

CONFIDENT: Final = 0.5  # the strength from which a hit is relevant

Verdict = Literal["confident", "none", "listed"]


class FileStat(NamedTuple):
    """What a listing tells of a file: enough to see that it changed without reading it.

    `etag`: what object storage has for that, where it has it. The time may then be told in two
    ways, by a listing and by the object, and says nothing.
    """

    size_bytes: int
    mtime_ns: int
    etag: str | None = None

    @property
    def mark(self) -> tuple[int, int | str]:
        """Equal as long as the file is taken for unchanged."""
        return self.size_bytes, self.mtime_ns if self.etag is None else self.etag


# What SQLite, PostgreSQL and datetime can all hold: 1677 to 2262. File systems go further.
FIRST_NS: Final = -(2**63)
LAST_NS: Final = 2**63 - 1


def clamped_ns(time_ns: int) -> int:
    """The nearest time that the library can store."""
    return min(max(time_ns, FIRST_NS), LAST_NS)


# Remembered of a file that could not be read: equal to no file's, so the next look tries again.
NEVER_READ: Final = FileStat(-1, -1)


@dataclass(frozen=True, slots=True)
class Model:
    """An encoder: the name or path that opens it, and the id of what it computes."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class ModelWish:
    """The model that the daemon is asked to go over to. `refused`: why that cannot be, if so."""

    source: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model that a library could be searched with, as far as its facts are known.

    `source` opens it. `size_bytes`: on disk, or to download. `memory_bytes`: of its weights in
    float32.
    The accuracy is ImageNet's, zero-shot, 0 to 1; `recall` is from a text to its photo in COCO,
    among one, 0 to 1; the licence is the one its publisher names.
    `is_best`: none of those known by name computes less and is as accurate.
    """

    source: str
    is_here: bool
    size_bytes: int | None = None
    memory_bytes: int | None = None
    dim: int | None = None
    accuracy: float | None = None
    recall: float | None = None
    licence: str | None = None
    is_best: bool = False
    is_default: bool = False  # of a new library


@dataclass(frozen=True, slots=True)
class SwitchCost:
    """What going over to another model takes: photos to embed anew, and room for their vectors.

    `photos_per_s`: what this machine computes with that model; None where nobody can tell.
    `measured`: it was measured, not reckoned from the sizes of that model and the present one.
    """

    photos: int
    disk_bytes: int
    photos_per_s: float | None = None
    measured: bool = False

    @property
    def seconds(self) -> float | None:
        """How long computing takes, if that is known."""
        return self.photos / self.photos_per_s if self.photos_per_s else None


@dataclass(frozen=True, slots=True)
class Root:
    """A photo directory of the library. `path` is absolute, or a URL."""

    id: int
    path: Location
    notice: str | None = None  # why the last look at it changed nothing, if it did not
    excludes: tuple[str, ...] = ()  # patterns as in .gitignore


class Row(NamedTuple):
    """What the store remembers of a file. `path` is relative to its root, with slashes."""

    id: int
    root_id: int
    path: str
    stat: FileStat
    content_id: int | None
    error: str | None = None
    missing_since: datetime | None = None


class Found(NamedTuple):
    """A file that a scan saw. `path` is relative to its root, with slashes."""

    root_id: int
    path: str
    stat: FileStat
    problem: str | None = None  # why it cannot be taken in, known without opening it


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be done to bring the rows in line with the files.

    `moved` pairs a row whose file is gone with a new file of the same size and time; it is a
    guess until the bytes have been hashed.
    """

    new: Collection[Found] = ()
    changed: Collection[tuple[Row, Found]] = ()
    moved: tuple[tuple[Row, Found], ...] = ()
    gone: tuple[Row, ...] = ()
    back: Collection[Row] = ()  # were missing, are there again with the same size and time

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.moved or self.gone or self.back)


@dataclass(frozen=True, slots=True)
class Facts:
    """What an image and its EXIF tell. Sizes are those of the upright image.

    `notice`: what is odd about the file, though it shows its picture.
    """

    width_px: int
    height_px: int
    format: str
    orientation: int = 1
    # local time of the photo, without a zone; midnight where only the day is known
    taken_at: datetime | None = None
    taken_offset_min: int | None = None  # minutes east of UTC, where the EXIF tells
    camera: str | None = None
    lens: str | None = None
    exposure_s: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_mm: float | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the library with everything known of it."""

    id: int
    path: Location
    size_bytes: int
    mtime_ns: int
    sha256: bytes
    facts: Facts
    missing_since: datetime | None = None

    @property
    def file_time(self) -> datetime:
        """The file's modification time, local."""
        return datetime.fromtimestamp(self.mtime_ns / 1e9)

    @property
    def date(self) -> datetime:
        """When it was taken, local time of the photo; the file's time where EXIF is silent."""
        return self.facts.taken_at or self.file_time

    @property
    def date_source(self) -> Literal["exif", "file"]:
        """Where `date` comes from."""
        return "exif" if self.facts.taken_at else "file"


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked result. `score` is the cosine, `logit` is exp(logit_scale) * cosine.

    `strength`, from 0 to 1, tells what the score means for this query in this library; from
    CONFIDENT on the hit is relevant. A query of filters alone gives hits without any of them.
    """

    rank: int
    photo: Photo
    score: float | None
    logit: float | None
    strength: float | None = None

    @property
    def is_strong(self) -> bool:
        """Whether it is relevant; a hit of filters alone is what was asked for."""
        return self.strength is None or self.strength >= CONFIDENT


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query: best first, or newest first where the query says so.

    `verdict`: "confident" where at least one photo is a relevant match, "none" where the photos
    are only the nearest there are, "listed" for a query of filters alone.
    """

    query: str
    model_id: str
    took_ms: float
    hits: tuple[Hit, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be taken in, why, and since when."""

    path: Location
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Oddity:
    """A file that is indexed though something is odd about it, and what."""

    path: Location
    notice: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did. `known` files had bytes that the library already had."""

    embedded: int = 0
    known: int = 0
    moved: int = 0
    gone: int = 0
    back: int = 0
    failed: int = 0
    postponed: int = 0
    left: int = 0  # that a stop kept it from
    seconds: float = 0.0
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of each kind a copied library has, the same on both sides."""

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
    wish: ModelWish | None = None  # the model it is to go over to
    daemon: DaemonState | None = None

    @property
    def other_formats(self) -> Mapping[str, int]:
        """The files that were passed by for their format, by suffix, most first."""
        summed: Counter[str] = Counter()
        for root in self.roots:
            summed.update(root.other_formats)
        return dict(sorted(summed.items(), key=lambda one: (-one[1], one[0])))

    @property
    def going_over_to(self) -> str | None:
        """The model that was wished for and not refused."""
        return self.wish.source if self.wish and not self.wish.refused else None


@dataclass(frozen=True, slots=True)
class Place:
    """Photos that were taken near one another, around this point."""

    latitude_deg: float
    longitude_deg: float
    photos: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What the present photos have, each with how many have it; most first, if not said otherwise.

    `months`: "2019-06", by time. `folders`: those with photos right in them, by name, as
    "/Pictures/2019/Rome/": from the photo directory's own name down.
    """

    photos: int
    months: Mapping[str, int]
    folders: Mapping[str, int]
    cameras: Mapping[str, int]
    lenses: Mapping[str, int]
    shapes: Mapping[str, int]
    extensions: Mapping[str, int]
    places: tuple[Place, ...]
