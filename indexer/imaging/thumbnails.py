"""Upright JPEG thumbnails, named by the hash of the photo's bytes. All can be remade."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from indexer.atomic import write_atomically
from indexer.disk import room_for
from indexer.errors import DiskFull, Undecodable
from indexer.imaging.decode import THUMBNAIL_PX, content_hash, decode, decoded_bytes
from indexer.imaging.memory_budget import room_on_demand
from indexer.private import DIRECTORY
from indexer.records.photos import Photo
from indexer.sources.originals import read_original

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
    try:
        data = read_original(photo.path)
        with room_on_demand().of(len(data) + decoded_bytes(data)):
            thumbnail = decode(data, THUMBNAIL_PX).thumbnail
    except (OSError, Undecodable) as error:
        log.warning("no thumbnail of %s: %s", photo.path, error)
        return None
    try:
        store.save(content_hash(data), thumbnail)
    except (OSError, DiskFull) as error:  # of a library that can only be read
        log.debug("the thumbnail of %s cannot be stored: %s", photo.path, error)
    return thumbnail
