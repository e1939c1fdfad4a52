"""A photo as a file, as content, and what its header says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from clipcore.messages import Message
from indexer.location import Location


class FileStat(NamedTuple):
    """What a listing tells of a file: enough to see that it changed without reading it.

    `etag`: what object storage has for that, where it has it. The time may then be written in two
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


# Remembered of a file that could not be read: equal to no file's, so the next scan tries again.
NEVER_READ: Final = FileStat(-1, -1)


@dataclass(frozen=True, slots=True)
class Root:
    """A photo directory of the library. `path` is absolute, or a URL."""

    id: int
    path: Location
    notice: Message | None = None  # why the last look at it changed nothing, if it did not
    excludes: tuple[str, ...] = ()  # patterns as in .gitignore


# Of the readers of facts: EXIF, XMP, what is odd about a file. Raise it whenever one of them is
# new or repaired: then rebuilds and daemons read the facts of known photos again.
FACTS_VERSION: Final = 2


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
    notice: Message | None = None
    duration_s: float | None = None  # of a film; no photo has one
    live_id: str | None = None  # Apple's, of a Live Photo: its still and its film have the same

    @property
    def is_film(self) -> bool:
        """Whether the content is a film."""
        return self.duration_s is not None


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
class Item:
    """A photo as it is shown, and the `others` of its files: its RAW, the film of a Live Photo."""

    photo: Photo
    others: tuple[Photo, ...] = ()

    @property
    def files(self) -> tuple[Photo, ...]:
        """All files, the one that is shown first."""
        return self.photo, *self.others
