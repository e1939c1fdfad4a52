"""The rows of a library, read and written beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from indexer.imaging.thumbnails import ThumbnailStore
from indexer.library.backend import backend_of
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library
from indexer.store.store import Store


@contextmanager
def store_of(library: Library) -> Iterator[Store]:
    """The library's rows with its model's embeddings, over connections of its own."""
    store = Store.open(LibraryDirectory(library.path).database)
    try:
        yield store.with_model(library.model)
    finally:
        store.close()


@contextmanager
def thumbnails_of(library: Library) -> Iterator[ThumbnailStore]:
    """Its thumbnails."""
    with store_of(library) as store:
        yield backend_of(LibraryDirectory(library.path), store.database.engine).thumbnails
