"""What the tests run as processes of their own: a library with an encoder that takes its time."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import faiss  # noqa: F401 - loaded once, before processes are forked
from sqlalchemy.engine import URL

from indexer.daemon.daemon import Daemon
from indexer.imaging import decode
from indexer.imaging.exif import read_facts
from indexer.ingest.claims import SharedWork
from indexer.ingest.shard import Job
from indexer.library.library import Library, open_library
from indexer.paths import library_directory
from indexer.postgres_url import database_url
from indexer.records.photos import FACTS_VERSION, Facts
from indexer.store import facts_sql
from indexer.store.postgres import make_engine
from indexer.store.store import Store
from tests.fakes import ColourEncoder, FloatArray
from tests.intervals import short_intervals

SLOW_S = 0.002  # a photo


class SlowEncoder(ColourEncoder):
    """As slow as a fast machine's."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        time.sleep(SLOW_S * len(pixels))
        return super().embed_images(pixels)


def opened(path: Path, **options: Any) -> Library:
    """The library at `path`, with that encoder."""
    return open_library(path, open_encoder=lambda _: SlowEncoder(), **options)


def ingest_photos(path: Path) -> None:
    """One rebuild."""
    library = opened(path)
    with library.writing():
        library.rebuild()
    library.close()


def hold_the_lock(path: Path) -> None:
    """Write for ever."""
    with opened(path).writing():
        time.sleep(600)


def keep_in_line(path: Path) -> None:
    """The daemon, until SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    library = opened(path)
    with short_intervals():
        Daemon(library, stopped=stopped).run()
    library.close()


def search_on(path: Path, seconds: float) -> None:
    """Search again and again, and see that each answer is consistent."""
    warnings.simplefilter("error")
    library = opened(path)
    deadline = time.monotonic() + seconds
    seen = 0
    while time.monotonic() < deadline:
        hits = library.search("green", 50).hits
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert len({hit.photo.id for hit in hits}) == len(hits)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert len(hits) >= min(seen, 50), "photos that were there are gone"
        assert all(hit.photo.path.exists() for hit in hits)
        seen = max(seen, len(hits))
    library.close()


def keep_in_line_as(host: str, home: Path, url: str) -> None:
    """The daemon of another host of a shared library."""
    with as_host(host, home):
        keep_in_line(library_directory(url))


def take_in_as(host: str, home: Path, url: str) -> None:
    """One rebuild of another host."""
    with as_host(host, home):
        ingest_photos(library_directory(url))


@contextmanager
def newer_readers(read: Path, slow_s: float = 0.0) -> Iterator[None]:
    """Meanwhile facts are read by a newer version, which knows another camera of each photo.

    Each reading adds a line to the file `read`, and takes so long.
    """

    def newer(*arguments: Any) -> Facts:
        time.sleep(slow_s)
        with read.open("a") as file:
            file.write("read\n")
        return replace(read_facts(*arguments), camera="newer")

    with (
        patch.object(facts_sql, "FACTS_VERSION", FACTS_VERSION + 1),
        patch.object(decode, "read_facts", newer),
    ):
        yield


def ingest_with_newer_readers(path: Path, read: Path, slow_s: float) -> None:
    """One rebuild."""
    with newer_readers(read, slow_s):
        ingest_photos(path)


def keep_in_line_with_newer_readers(host: str, home: Path, url: str, read: Path) -> None:
    """The daemon of a host of a shared library."""
    with newer_readers(read, SLOW_S):
        keep_in_line_as(host, home, url)


def hold_claims(url: str, jobs: list[Job], has_them: Any) -> None:
    """Take these files in for ever."""
    engine = make_engine(database_url(url))
    SharedWork(engine).take(jobs)
    has_them.set()
    time.sleep(600)


@contextmanager
def as_host(host: str, home: Path) -> Iterator[None]:
    """Be another host meanwhile, with directories of its own."""
    mine = {"RECOLLECT_HOST": host, "XDG_DATA_HOME": str(home / host)}
    with patch.dict(os.environ, mine):
        yield


def make_library(start: Any, said: Any, path: Path, photos: Path) -> None:
    """A first rebuild that begins when others do; tells how it ended."""
    _told(start, said, lambda: _first_rebuild(path, photos))


def name_by_url(start: Any, said: Any, url: str) -> None:
    """Name a library by its URL when others do; tells how it ended."""
    _told(start, said, lambda: library_directory(url))


def open_store(start: Any, said: Any, place: Path | URL) -> None:
    """Open a database when others do; tells how it ended."""
    _told(start, said, lambda: Store.open(place).close())


def _first_rebuild(path: Path, photos: Path) -> None:
    with closing(opened(path, create=True, model="colour")) as library, library.writing():
        library.add_root(photos)
        library.rebuild()


def _told(start: Any, said: Any, work: Callable[[], object]) -> None:
    start.wait()
    try:
        work()
        said.put("done")
    except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
        said.put(f"{type(error).__name__}: {error}")
