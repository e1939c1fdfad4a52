"""Reads photos where they lie, on this machine or behind a URL."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from indexer.location import Location, on_this_machine
from indexer.records.changes import ScannedFile
from indexer.sources.object_storage import read_remote, read_remote_stable
from indexer.sources.reading import open_regular, read_regular, read_stable


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

    def __call__(self, found: ScannedFile) -> bytes:
        """The file's bytes, if it is as it was found. Raises Unstable, Unreadable."""
        place = on_this_machine(self._roots[found.root_id] / found.path)
        if isinstance(place, Path):
            return read_stable(place, found.stat)
        return read_remote_stable(place, found.stat)
