"""Upright JPEG thumbnails, named by the hash of the photo's bytes. All can be remade."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from clipcore.messages import N_
from indexer.atomic import write_atomically
from indexer.disk import room_for
from indexer.errors import DiskFull, Undecodable
from indexer.formats import FORMATS
from indexer.imaging.decode import (
    THUMBNAIL_PX,
    content_hash,
    decode,
    decoded_bytes,
    thumbnail_jpeg,
)
from indexer.imaging.film import frame_at
from indexer.imaging.film_sample import LIMITS, sample_frames
from indexer.imaging.isolation import run_isolated
from indexer.imaging.memory_budget import room_on_demand
from indexer.private import DIRECTORY
from indexer.records.photos import FileStat, Photo
from indexer.sources.originals import read_original
from indexer.sources.reading import file_stat

log = logging.getLogger(__name__)


class ThumbnailStore(Protocol):
    """Upright JPEGs by the hash of the photo's bytes. Safe to use from several threads."""

    def read(self, sha256: bytes) -> bytes | None:
        """The thumbnail of these bytes, if there is one."""

    def save(self, sha256: bytes, jpeg: bytes) -> None:
        """Store a thumbnail. Raises DiskFull."""

    def forget(self, sha256: bytes) -> None:
        """Remove the thumbnail of these bytes, if there is one."""


class FileThumbnails:
    """The thumbnails below one directory. Safe to use from several processes too."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, sha256: bytes) -> Path:
        """The path of these bytes' thumbnail, existing or not."""
        name = sha256.hex()
        return self._directory / name[:2] / f"{name}.jpg"

    def read(self, sha256: bytes) -> bytes | None:
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, sha256: bytes, jpeg: bytes) -> None:
        path = self.path(sha256)
        with room_for(path):
            for folder in (self._directory, path.parent):
                if not folder.is_dir():  # quicker than to make it once more
                    folder.mkdir(DIRECTORY, exist_ok=True)
        write_atomically(path, jpeg)

    def forget(self, sha256: bytes) -> None:
        self.path(sha256).unlink(missing_ok=True)


def thumbnail_of(photo: Photo, store: ThumbnailStore) -> bytes | None:
    """The photo's thumbnail, made again if it is missing; None if that fails."""
    if stored := store.read(photo.sha256):
        return stored
    make = _cover if photo.facts.is_film else _thumbnail
    return _made(photo, store, lambda: make(photo))


def moment_thumbnail(photo: Photo, moment_ms: int, store: ThumbnailStore) -> bytes | None:
    """What a film shows at that moment; None where it cannot be decoded.

    Of a film behind a URL it is the cover: the whole film would be fetched for it.
    """
    path = photo.path
    if not isinstance(path, Path):
        return thumbnail_of(photo, store)
    key = moment_key(photo.sha256, moment_ms)
    if stored := store.read(key):
        return stored

    def make() -> tuple[bytes, bytes]:
        image = run_isolated(LIMITS, frame_at, str(path), moment_ms, THUMBNAIL_PX)
        return key, thumbnail_jpeg(image)

    return _made(photo, store, make)


def moment_key(sha256: bytes, moment_ms: int) -> bytes:
    """The name under which a film's thumbnail at that moment is stored."""
    return content_hash(sha256 + moment_ms.to_bytes(8, "big"))


def _made(
    photo: Photo, store: ThumbnailStore, make: Callable[[], tuple[bytes, bytes]]
) -> bytes | None:
    """The thumbnail that is made, with its key, and stored if the library can be written."""
    try:
        key, thumbnail = make()
    except (OSError, Undecodable) as error:
        log.warning("no thumbnail of %s: %s", photo.path, error)
        return None
    try:
        store.save(key, thumbnail)
    except (OSError, DiskFull) as error:  # of a library that can only be read
        log.debug("the thumbnail of %s cannot be stored: %s", photo.path, error)
    return thumbnail


def _thumbnail(photo: Photo) -> tuple[bytes, bytes]:
    """Of the file as it is now, with the hash of its bytes. Raises OSError, Undecodable."""
    data = read_original(photo.path)
    with room_on_demand().of(len(data) + decoded_bytes(data)):
        return content_hash(data), decode(data, THUMBNAIL_PX).thumbnail


def _cover(photo: Photo) -> tuple[bytes, bytes]:
    """Of a film the frame with the most detail. Raises OSError, Undecodable."""
    if not isinstance(photo.path, Path):
        raise Undecodable(N_("a video behind a URL is not fetched for its thumbnail"))
    if file_stat(photo.path) != FileStat(photo.size_bytes, photo.mtime_ns):
        raise Undecodable(N_("the file changed while it was read"))
    format = next(one for one in FORMATS if one.name == photo.facts.format)
    images = sample_frames(photo.path, format, THUMBNAIL_PX)
    return photo.sha256, max(map(thumbnail_jpeg, images), key=len)
