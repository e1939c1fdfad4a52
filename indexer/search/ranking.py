"""A query -> ranked photos. Where store and index meet.

Candidates come from the index, scores from the stored vectors: what a user sees is the same
whatever the index. A film counts by its best frame. Knows nothing of files or of how text is
encoded.
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
from indexer.search.inner_products import inner_products
from indexer.search.relevance import Scale
from indexer.store.store import Store

CHUNK: Final = 1_000  # photos looked up at once


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo with its exact score, and that in the standard deviations of relevance.py.

    `moment_ms`: when the frame is shown that has them, of a film.
    """

    photo: Photo
    score: float
    deviation: float
    moment_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Photos, best first, from candidates of which none scores less than `least`.

    `living`: the candidates behind which there are photos; several frames may be of one film.
    """

    photos: list[Candidate]
    living: int
    least: float

    def may_miss_one(self, top: int) -> bool:
        """Whether a photo that is no candidate yet may score as high as the last one wanted."""
        return len(self.photos) < top or self.least >= self.photos[top - 1].score


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
        if len(ids) < wanted or not ranked.may_miss_one(top):
            return ranked.photos[:top]
        if passing is None and 2 * ranked.living < min(top, len(ids)):  # the best are mostly dead
            passing = Passing(store, ())
        wanted *= 2


def _ranked(
    query: FloatArray,
    store: Store,
    scale: Scale,
    ids: IntArray,
    top: int,
    filters: Collection[Filter],
) -> _Ranked:
    """The photos behind these embeddings, best first; at least `top` with all that tie, if any."""
    known, vectors = store.search.vectors(ids.tolist(), len(query))
    scores = inner_products(vectors, query)
    order = np.argsort(-scores)
    best: dict[int, Candidate] = {}  # by the photo's number
    living = 0
    size = min(top + 1, CHUNK)
    for part in (order[start : start + size] for start in range(0, len(order), size)):
        deviations = scale.deviations(scores[part], vectors[part])
        judged = zip(scores[part].tolist(), deviations.tolist(), strict=True)
        found = _photos(store, dict(zip(known[part].tolist(), judged, strict=True)), filters)
        living += len(found)
        for one in sorted(found, key=lambda one: (-one.score, one.moment_ms)):
            best.setdefault(one.photo.id, one)
        if sum(one.score > scores[part[-1]] for one in best.values()) >= top:
            break
    photos = sorted(best.values(), key=lambda one: (-one.score, one.photo.id))
    return _Ranked(photos, living, float(scores.min(initial=np.inf)))


def _photos(
    store: Store, judged: dict[int, tuple[float, float]], filters: Collection[Filter]
) -> list[Candidate]:
    """The photos behind embeddings, of which score and deviation are given."""
    found = store.search.photos_of(list(judged), filters)
    return [Candidate(photo, *judged[id_], moment_ms) for id_, moment_ms, photo in found]
