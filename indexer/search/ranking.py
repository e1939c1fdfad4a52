"""A query -> ranked photos. Where store and index meet.

Candidates come from the index, scores from the stored vectors: what a user sees is the same
whatever the index. Knows nothing of files or of how text is encoded.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from indexer.arrays import FloatArray, IntArray
from indexer.index.contract import Index, Passing
from indexer.query.query import Filter
from indexer.records.photos import Photo
from indexer.search.relevance import Scale
from indexer.store.store import Store

CHUNK: Final = 1_000  # photos looked up at once


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo with its exact score, and that in the standard deviations of relevance.py."""

    photo: Photo
    score: float
    deviation: float


def nearest(
    query: FloatArray,
    index: Index,
    store: Store,
    scale: Scale,
    top: int,
    filters: Collection[Filter] = (),
) -> list[Candidate]:
    """The `top` present photos that pass and match the (D,) unit query best.

    Equal scores are in the order of the photos' numbers, at the cut too.
    """
    passing = Passing(store, filters) if filters else None
    wanted = top + 1  # one more tells whether there is a tie at the cut
    while True:
        ids = index.candidates(query, wanted, passing)
        ranked = _ranked(query, store, scale, ids, top, filters)
        if len(ids) < wanted or not _tie_at_the_end(ranked, top):
            return ranked[:top]
        if passing is None and 2 * len(ranked) < min(top, len(ids)):  # the best are mostly dead
            passing = Passing(store, ())
        wanted *= 2


def _tie_at_the_end(ranked: list[Candidate], top: int) -> bool:
    """Whether a photo that is no candidate yet may score as high as the last one wanted."""
    return len(ranked) < top or ranked[-1].score >= ranked[top - 1].score


def _ranked(
    query: FloatArray,
    store: Store,
    scale: Scale,
    ids: IntArray,
    top: int,
    filters: Collection[Filter],
) -> list[Candidate]:
    """The photos behind these embeddings, best first; at least `top` with all that tie, if any."""
    known, vectors = store.search.vectors(ids.tolist(), len(query))
    scores = vectors @ query
    order = np.argsort(-scores)
    ranked: list[Candidate] = []
    size = min(top + 1, CHUNK)
    for part in (order[start : start + size] for start in range(0, len(order), size)):
        deviations = scale.deviations(scores[part], vectors[part])
        judged = zip(scores[part].tolist(), deviations.tolist(), strict=True)
        ranked += _photos(store, dict(zip(known[part].tolist(), judged, strict=True)), filters)
        if sum(one.score > scores[part[-1]] for one in ranked) >= top:
            break
    return sorted(ranked, key=lambda one: (-one.score, one.photo.id))


def _photos(
    store: Store, judged: dict[int, tuple[float, float]], filters: Collection[Filter]
) -> list[Candidate]:
    """The photos behind embeddings, of which score and deviation are given."""
    found = store.search.photos_of(list(judged), filters)
    return [Candidate(photo, *judged[embedding_id]) for embedding_id, photo in found]
