"""A query -> ranked photos. Where store and index meet.

Candidates come from the index, scores from the stored vectors: what a user sees is the same
whatever the index. Knows nothing of files or of how text is encoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.records import Hit, Photo
from indexer.store import Store
from indexer.vector_index import VectorIndex

FloatArray = npt.NDArray[np.float32]

CHUNK: Final = 1_000  # candidates looked up at once


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
    query: FloatArray, index: VectorIndex, store: Store, top: int, logit_scale: float
) -> tuple[Hit, ...]:
    """The `top` present photos that match the (D,) unit query best; equal scores by photo id."""
    dead = max(0, len(index) - store.live_embeddings())
    ranked: list[tuple[float, Photo]] = []
    candidates = index.search(query, top + dead)
    for chunk in _chunks(candidates.tolist()):
        ranked += _scored(query, store, chunk)
        if len(ranked) >= top:
            break
    ranked.sort(key=lambda pair: (-pair[0], pair[1].id))
    scale = math.exp(logit_scale)
    return tuple(
        Hit(rank, photo, score, scale * score)
        for rank, (score, photo) in enumerate(ranked[:top], start=1)
    )


def _scored(query: FloatArray, store: Store, ids: list[int]) -> list[tuple[float, Photo]]:
    known, vectors = store.vectors(ids, len(query))
    scores = dict(zip(known.tolist(), (vectors @ query).tolist(), strict=True))
    return [
        (scores[embedding_id], photo)
        for embedding_id, photo in store.photos_of(ids)
        if embedding_id in scores
    ]


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
