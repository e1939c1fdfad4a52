"""What an index of embeddings can do, and the filter that limits its answers."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Protocol

from indexer.arrays import FloatArray, IntArray
from indexer.query.query import Filter
from indexer.store.store import Store


class Passing:
    """The embeddings behind present photos that pass the filters.

    An index takes what it understands: the ids, or the filters themselves.
    """

    def __init__(self, store: Store, filters: Collection[Filter]) -> None:
        self._store = store
        self.filters = filters

    @cached_property
    def ids(self) -> IntArray:
        """Their growing ids."""
        return self._store.search.allowed_embeddings(self.filters)


class Index(Protocol):
    """What a search needs of an index: FAISS's, or pgvector's in the database itself."""

    @property
    def last_id(self) -> int:
        """The newest embedding in it."""

    def __len__(self) -> int:
        """The number of vectors in it."""

    def candidates(self, query: FloatArray, wanted: int, passing: Passing | None) -> IntArray:
        """Ids among which the `wanted` nearest to the (D,) query are, of those that pass."""
