"""Reads photos where they lie, on this machine or behind a URL."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from indexer.location import Location, on_this_machine
from indexer.records.changes import ScannedFile
from indexer.sources.films import (
    HEAD_BYTES,
    FilmFile,
    fetched_film,
    film_format,
    film_on_disk,
    is_film_name,
)
from indexer.sources.object_storage import (
    read_remote,
    read_remote_head,
    read_remote_stable,
    remote_pieces,
)
from indexer.sources.reading import open_regular, read_head, read_regular, read_stable

LARGE_BYTES: Final = 64 << 20  # of a file: its beginning says first whether it is a film


def read_original(place: Location) -> bytes:
    """The whole file as it is now. Raises OSError."""
    place = on_this_machine(place)
    return read_regular(place) if isinstance(place, Path) else read_remote(place)


def open_original(place: Location) -> BinaryIO:
    """The file, to be read once; one behind a URL comes as a whole. Raises OSError."""
    place = on_this_machine(place)
    return open_regular(place) if isinstance(place, Path) else io.BytesIO(read_remote(place))


class Originals:
    """Reads what a scan has found below the photo directories, given by their roots' ids."""

    def __init__(self, roots: Mapping[int, Location]) -> None:
        self._roots = roots

    def __call__(self, found: ScannedFile) -> bytes | FilmFile:
        """The file's bytes, if it is as it was found; a film, which may be large, is not read yet.

        Raises Unstable, Unreadable.
        """
        place = on_this_machine(self._roots[found.root_id] / found.path)
        if is_film_name(found.path) or found.stat.size_bytes > LARGE_BYTES:
            head = _head(place)
            if film := _film(place, found, head):
                return film
        if isinstance(place, Path):
            data = read_stable(place, found.stat)
        else:
            data = read_remote_stable(place, found.stat)
        return _film(place, found, data[:HEAD_BYTES]) or data


def _head(place: Location) -> bytes:
    if isinstance(place, Path):
        return read_head(place, HEAD_BYTES)
    return read_remote_head(place, HEAD_BYTES)


def _film(place: Location, found: ScannedFile, head: bytes) -> FilmFile | None:
    """The film that begins so, if it is one."""
    format = film_format(head, found.path)
    if format is None:
        return None
    if isinstance(place, Path):
        return FilmFile(format, partial(film_on_disk, place, found.stat), place)
    return FilmFile(format, partial(fetched_film, partial(remote_pieces, place, found.stat)))
