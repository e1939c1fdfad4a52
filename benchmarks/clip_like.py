"""Synthetic embeddings that look like CLIP's, and queries that look like its texts.

What makes CLIP's embeddings hard for an index is kept: photos share a mean direction (two random
photos have a cosine near 0.5), their spectrum decays, they come in clusters of very different
sizes, and texts lie in another cone than photos (the modality gap: cosines of 0.1 to 0.35).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from indexer.arrays import FloatArray

CLUSTERS: Final = 5_000
SHARED: Final = 0.5  # of a photo's squared length: the mean direction
TOPIC: Final = 0.25  # what its cluster has in common; the rest is its own
GAP: Final = 0.85  # of a text's squared length: the direction that only texts have


class ClipLike:
    """One seeded distribution. Photos and queries can be drawn in parts of any size."""

    def __init__(self, dim: int = 512, clusters: int = CLUSTERS, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._spectrum = (np.arange(1, dim + 1) ** -0.5).astype(np.float32)
        self._mean, self._gap = _unit(rng.standard_normal((2, dim), np.float32))
        self._centres = _unit(rng.standard_normal((clusters, dim), np.float32) * self._spectrum)
        sizes = np.arange(1, clusters + 1) ** -0.7
        self._sizes = sizes / sizes.sum()

    def photos(self, count: int, seed: int) -> FloatArray:
        """(N, D) unit rows."""
        rng = np.random.default_rng((1, seed))
        own = (1 - SHARED - TOPIC) ** 0.5 * self._directions(rng, count)
        topic = TOPIC**0.5 * self._topics(rng, count)
        return _unit(SHARED**0.5 * self._mean + topic + own)

    def queries(self, count: int, seed: int = 0) -> FloatArray:
        """(N, D) unit rows: texts about a topic, with something of their own."""
        rng = np.random.default_rng((2, seed))
        about = _unit(self._topics(rng, count) + 0.7 * self._directions(rng, count))
        return _unit(GAP**0.5 * self._gap + 0.15 * self._mean + (1 - GAP) ** 0.5 * about)

    def _topics(self, rng: np.random.Generator, count: int) -> FloatArray:
        return self._centres[rng.choice(len(self._centres), count, p=self._sizes)]

    def _directions(self, rng: np.random.Generator, count: int) -> FloatArray:
        return _unit(rng.standard_normal((count, len(self._spectrum)), np.float32) * self._spectrum)


def _unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
