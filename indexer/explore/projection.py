"""Many dimensions -> two: where a photo stands in the picture of the library.

t-SNE, which keeps together what is alike, where scikit-learn is installed (extra `explore`); else
the two main directions (PCA), which keep only the coarsest differences. Knows vectors only.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

import numpy as np

from indexer.arrays import FloatArray

TSNE: Final = "tsne"
PCA: Final = "pca"
FEWEST: Final = 20  # points; t-SNE makes nothing sensible of fewer
PERPLEXITY: Final = 30.0  # about how many neighbours each point has; scikit-learn's default
KEPT: Final = 50  # dimensions that t-SNE gets: the rest is noise, and costs time
# 20,000 x 512 on two cores, benchmarks/projection.py: 88 s so, 140 s with scikit-learn's 1,000 and
# 0.5; the same share of the nearest ten stays near.
STEPS: Final = 750
ANGLE: Final = 0.8  # seen under a smaller one, far points count together
SEED: Final = 42
EDGE: Final = 0.5  # per cent of the points at each side that may be moved to the edge


def by_pca(vectors: FloatArray) -> FloatArray:
    """(N, D) -> (N, 2) within 0 to 1, at once."""
    return _within_unit(main_directions(vectors, 2))


def can_tsne(points: int) -> bool:
    """Whether so many points can be placed by t-SNE."""
    return points >= FEWEST and find_spec("sklearn") is not None


def by_tsne(vectors: FloatArray) -> FloatArray:
    """(N, D) -> (N, 2) within 0 to 1, in a minute or so; the same for the same vectors."""
    from sklearn import manifold

    placing = manifold.TSNE(
        perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3),
        init="pca",
        max_iter=STEPS,
        angle=ANGLE,
        n_jobs=-1,
        random_state=SEED,
    )
    return _within_unit(placing.fit_transform(main_directions(vectors, KEPT)))


def main_directions(vectors: FloatArray, count: int) -> FloatArray:
    """(N, D) -> (N, count): the coordinates along the directions in which they differ most."""
    if not len(vectors):
        return np.empty((0, count), np.float32)
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # smallest first
    components = centred @ directions[:, ::-1][:, :count]
    missing = count - components.shape[1]
    return np.ascontiguousarray(np.pad(components, ((0, 0), (0, max(0, missing)))), np.float32)


def _within_unit(places: FloatArray) -> FloatArray:
    """Each axis on 0 to 1; a few far outliers do not squeeze all the others together."""
    if not len(places):
        return places
    low, high = np.percentile(places, [EDGE, 100 - EDGE], axis=0)
    spread = np.maximum(high - low, 1e-9)
    return np.asarray(np.clip((places - low) / spread, 0, 1), np.float32)
