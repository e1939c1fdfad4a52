"""Queries of a search: embeddings of one model, and the photos behind them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Select, select

from clipcore.messages import N_
from indexer.arrays import FloatArray, IntArray
from indexer.errors import PhotoNotFound
from indexer.location import Location
from indexer.query.query import Filter
from indexer.records.photos import Photo
from indexer.records.results import Facets
from indexer.store import facets, search_sql
from indexer.store.database import Database
from indexer.store.dialects import among
from indexer.store.ingest_sql import embedding_of
from indexer.store.root_store import RootStore
from indexer.store.rows import photo_query, to_photo
from indexer.store.schema import embeddings, photos, unpack


@dataclass(frozen=True, slots=True)
class Frames:
    """The kept frames of a film: when they are shown, and their (F, D) vectors."""

    moments_ms: tuple[int, ...]
    vectors: FloatArray


class SearchStore:
    """The present photos, with the embeddings of one model."""

    def __init__(self, database: Database, model_id: str) -> None:
        self._database = database
        self._model_id = model_id
        self._roots = RootStore(database)

    def vectors_after(
        self, last_id: int, dim: int, limit: int = 10_000
    ) -> tuple[IntArray, FloatArray]:
        """The next embeddings in the order of their ids: (N,) ids and (N, D) unit rows."""
        query = search_sql.vectors(self._model_id, embeddings.c.id > last_id)
        return self._vectors(query.limit(limit), dim)

    def vectors(self, ids: Sequence[int], dim: int) -> tuple[IntArray, FloatArray]:
        """The embeddings with these ids, as far as they are there, in the order of their ids."""
        query = search_sql.vectors(self._model_id, among(embeddings.c.id, ids))
        return self._vectors(query, dim)

    def sample_vectors(self, count: int, dim: int) -> FloatArray:
        """(at most `count`, D) unit rows, drawn evenly; always the same of the same library."""
        query = select(embeddings.c.id).where(embeddings.c.model_id == self._model_id)
        ids = np.sort(self._ids(query))
        chosen = np.random.default_rng(0).choice(ids, min(count, len(ids)), replace=False)
        return self.vectors(chosen.tolist(), dim)[1]

    def photos_of(
        self, embedding_ids: Sequence[int], filters: Collection[Filter] = ()
    ) -> list[tuple[int, int, Photo]]:
        """(embedding id, its moment, photo) for each present photo behind these that passes."""
        query = search_sql.photos_of(embedding_ids, (filters, self._roots.all() if filters else ()))
        return [
            (row.embedding_id, row.moment_ms, to_photo(row)) for row in self._database.all(query)
        ]

    def allowed_embeddings(self, filters: Collection[Filter]) -> IntArray:
        """The growing ids of the embeddings behind present photos that pass the filters."""
        return self._ids(
            search_sql.allowed_embeddings(self._model_id, (filters, self._roots.all()))
        )

    def covers(self, photos_each: int = 1) -> IntArray:
        """The growing ids of one embedding of each content that so many present photos have."""
        return self._ids(search_sql.covers(self._model_id, photos_each))

    def frames(self, content_hashes: Collection[bytes], dim: int) -> dict[bytes, Frames]:
        """The frames of each of these contents, in the order of their moments."""
        found: dict[bytes, list[Any]] = {}
        for row in self._database.all(search_sql.frames(self._model_id, content_hashes)):
            found.setdefault(row.sha256, []).append(row)
        return {
            sha256: Frames(
                tuple(row.moment_ms for row in rows), unpack([row.vector for row in rows], dim)
            )
            for sha256, rows in found.items()
        }

    def moments_s(self, sha256: bytes) -> tuple[float, ...]:
        """The moments of a content's frames, in their order."""
        rows = self._database.all(search_sql.moments(self._model_id, sha256))
        return tuple(row.moment_ms / 1000 for row in rows)

    def newest(
        self, filters: Collection[Filter], limit: int, called: str | None = None
    ) -> list[Photo]:
        """The present photos that pass the filters, newest first, equal times by number.

        `called`: only those whose file has this name, with its extension or without.
        """
        return self._photos(search_sql.newest((filters, self._roots.all()), limit, called))

    def photo_at(self, location: Location) -> Photo | None:
        """The photo that lies there, missing or not; None where the library knows of none."""
        return next(iter(self._photos(search_sql.lying_at(location, self._roots.all()))), None)

    def photo(self, photo_id: int) -> Photo:
        """The photo with this number. Raises PhotoNotFound."""
        found = self._photos(photo_query().where(photos.c.id == photo_id))
        if not found:
            raise _no_photo(photo_id)
        return found[0]

    def photo_vector(self, photo_id: int, dim: int) -> FloatArray:
        """The (D,) embedding of the photo with this number; the mean of a film's frames.

        Raises PhotoNotFound.
        """
        mine = embedding_of(photos.c.content_id, self._model_id)
        query = search_sql.vectors(self._model_id, photos.c.id == photo_id).join(photos, mine)
        _, vectors = self._vectors(query, dim)
        if not len(vectors):
            raise _no_photo(photo_id)
        return np.asarray(vectors.mean(axis=0))

    def facets(self) -> Facets:
        """Counts of the present photos' facts; reads each row."""
        roots = self._roots.all()
        kinds, others = facets.kinds_of_photos(roots), facets.kinds_of_others(roots)
        with self._database.reading() as connection:
            counted = connection.execute(kinds).all()
            of_others = connection.execute(others).all()
            cells = connection.execute(facets.cells_with_photos()).all()
        return facets.summed(counted, of_others, cells)

    def _photos(self, query: Select[Any]) -> list[Photo]:
        return list(map(to_photo, self._database.all(query)))

    def _ids(self, query: Select[Any]) -> IntArray:
        with self._database.reading() as connection:
            return np.array(connection.execute(query).scalars().all(), dtype=np.int64)

    def _vectors(self, query: Select[Any], dim: int) -> tuple[IntArray, FloatArray]:
        rows = self._database.all(query)
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        return ids, unpack([row[1] for row in rows], dim)


def _no_photo(photo_id: int) -> PhotoNotFound:
    return PhotoNotFound(N_("the library has no photo with the number {number}"), number=photo_id)
