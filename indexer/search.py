"""A query -> ranked photos. Where store and index meet.

Candidates come from the index, scores from the stored vectors: what a user sees is the same
whatever the index. Knows nothing of files or of how text is encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.query import Filter
from indexer.records import Photo
from indexer.relevance import Scale
from indexer.store import Store
from indexer.vector_index import VectorIndex

FloatArray = npt.NDArray[np.float32]

CHUNK: Final = 1_000  # candidates looked up at once


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo with its exact score, and that in the standard deviations of relevance.py."""

    photo: Photo
    score: float
    deviation: float


def catch_up(index: VectorIndex, store: Store, stop: Callable[[], bool] = lambda: False) -> int:
    """Add to the index what the store has beyond it; the number of vectors added."""
    added = 0
    while not stop():
        ids, vectors = store.vectors_after(index.last_id, index.dim)
        if not len(ids):
            break
        index.add(ids, vectors)
        added += len(ids)
    return added


def nearest(
    query: FloatArray,
    index: VectorIndex,
    store: Store,
    scale: Scale,
    top: int,
    filters: Collection[Filter] = (),
) -> list[Candidate]:
    """The `top` present photos that pass and match the (D,) unit query best.

    Equal scores are in the order of the photos' numbers, at the cut too.
    """
    allowed, spare = None, 1  # one more tells whether there is a tie at the cut
    if filters:
        allowed = store.allowed_embeddings(filters)
    else:
        spare += max(0, len(index) - store.live_embeddings())
    wanted = index.depth(top + spare)
    while True:
        ids = index.search(query, wanted, allowed)
        ranked = _ranked(query, store, scale, ids.tolist(), top, filters)
        if len(ids) < wanted or not _tie_at_the_end(ranked, top):
            return ranked[:top]
        wanted *= 2


def _tie_at_the_end(ranked: list[Candidate], top: int) -> bool:
    """Whether a photo that is no candidate yet may score as high as the last one wanted."""
    return len(ranked) < top or ranked[-1].score >= ranked[top - 1].score


def _ranked(
    query: FloatArray,
    store: Store,
    scale: Scale,
    ids: list[int],
    top: int,
    filters: Collection[Filter],
) -> list[Candidate]:
    ranked: list[Candidate] = []
    for chunk in _chunks(ids):
        ranked += _scored(query, store, scale, chunk, filters)
        if len(ranked) > top:
            break
    return sorted(ranked, key=lambda one: (-one.score, one.photo.id))


def _scored(
    query: FloatArray, store: Store, scale: Scale, ids: list[int], filters: Collection[Filter]
) -> list[Candidate]:
    known, vectors = store.vectors(ids, len(query))
    scores = vectors @ query
    deviations = scale.deviations(scores, vectors)
    judged = dict(
        zip(known.tolist(), zip(scores.tolist(), deviations.tolist(), strict=True), strict=True)
    )
    return [
        Candidate(photo, *judged[embedding_id])
        for embedding_id, photo in store.photos_of(ids, filters)
        if embedding_id in judged
    ]


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
