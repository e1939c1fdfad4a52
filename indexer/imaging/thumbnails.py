"""Upright JPEG thumbnails on disk, named by the hash of the photo's bytes. All can be remade."""

from __future__ import annotations

import logging
from pathlib import Path

from indexer.atomic import write_atomically
from indexer.disk import room_for
from indexer.errors import DiskFull, Undecodable
from indexer.imaging.decode import THUMBNAIL_PX, content_hash, decode, decoded_bytes
from indexer.imaging.memory_budget import room_on_demand
from indexer.private import DIRECTORY
from indexer.records.photos import Photo
from indexer.sources.originals import read_original

log = logging.getLogger(__name__)


class Thumbnails:
    """The thumbnails below one directory. Safe to use from several threads and processes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, sha256: bytes) -> Path:
        """Where the thumbnail of these bytes lies, or would."""
        name = sha256.hex()
        return self.directory / name[:2] / f"{name}.jpg"

    def read(self, sha256: bytes) -> bytes | None:
        """The thumbnail of these bytes, if it is there."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, sha256: bytes, jpeg: bytes) -> None:
        """Keep a thumbnail. Raises DiskFull."""
        path = self.path(sha256)
        with room_for(path):
            for folder in (self.directory, path.parent):
                if not folder.is_dir():  # to ask is quicker than to make it once more
                    folder.mkdir(DIRECTORY, exist_ok=True)
        write_atomically(path, jpeg)

    def forget(self, sha256: bytes) -> None:
        """Remove the thumbnail of these bytes, if it is there."""
        self.path(sha256).unlink(missing_ok=True)

    def of(self, photo: Photo) -> bytes | None:
        """The photo's thumbnail, made again if it is gone; None if that fails."""
        if kept := self.read(photo.sha256):
            return kept
        try:
            data = read_original(photo.path)
            with room_on_demand().of(len(data) + decoded_bytes(data)):
                thumbnail = decode(data, THUMBNAIL_PX).thumbnail
        except (OSError, Undecodable) as error:
            log.warning("no thumbnail of %s: %s", photo.path, error)
            return None
        try:
            self.save(content_hash(data), thumbnail)
        except (OSError, DiskFull) as error:  # of a library that can only be read
            log.debug("the thumbnail of %s cannot be stored: %s", photo.path, error)
        return thumbnail
