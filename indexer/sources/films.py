"""Films where they lie: hashed piece by piece, and read by their paths; they may be larger than
the memory.

One behind a URL is fetched into a file without a name for as long as it is read. Knows nothing of
what a film shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, gettempdir
from typing import Final

from indexer.disk import room_for
from indexer.formats import FORMATS, Format, Kind, format_of
from indexer.records.photos import FileStat
from indexer.sources.reading import PIECE_BYTES, open_regular, stable

FILMS: Final = {
    suffix: format for format in FORMATS if format.kind is Kind.FILM for suffix in format.suffixes
}
FILM_ENDINGS: Final = tuple(FILMS)
HEAD_BYTES: Final = 4096  # of a file: they say whether it is a film


@dataclass(frozen=True, slots=True)
class HashedFilm:
    """The hash of a film's bytes, and a path that is good while the film is held."""

    path: Path
    sha256: bytes


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A film that was found. `hashed()` reads it; while that holds, its path is good.

    It raises Unstable where the film changes meanwhile, and Unreadable. `path`: where it lies on
    this machine, if it does.
    """

    format: Format
    hashed: Callable[[], AbstractContextManager[HashedFilm]]
    path: Path | None = None


def is_film_name(path: str) -> bool:
    """Whether a file of this name is a film, as far as its suffix says."""
    return path.lower().endswith(FILM_ENDINGS)


def film_format(head: bytes, name: str) -> Format | None:
    """The format of a film by its first bytes, or by its name where these are of no format."""
    if not head:
        return None
    format = format_of(head) or FILMS.get(Path(name).suffix.lower())
    return format if format and format.kind is Kind.FILM else None


@contextmanager
def film_on_disk(path: Path, expected: FileStat) -> Iterator[HashedFilm]:
    """The film at `path`, whose size and time are the `expected` ones from first to last."""
    with stable(path, expected), open_regular(path) as file:
        digest = hashlib.sha256()
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    yield HashedFilm(path, digest.digest())
    with stable(path, expected):
        pass  # nor has it changed since


@contextmanager
def fetched_film(pieces: Callable[[], Iterator[bytes]]) -> Iterator[HashedFilm]:
    """The film of these pieces, in a file of its own for the time being. Raises DiskFull."""
    digest = hashlib.sha256()
    with NamedTemporaryFile(prefix="recollect-") as file:
        with room_for(Path(gettempdir())):
            for piece in pieces():
                digest.update(piece)
                file.write(piece)
            file.flush()
        yield HashedFilm(Path(file.name), digest.digest())
