"""How long Explore takes to place photos, and how much of their nearness is left in the picture.

    python -m benchmarks.projection [POINTS] [--quick]

Places 20,000 made vectors of 512 dimensions, in groups of groups, and prints the share of the
nearest ten that are among the nearest ten in the picture, too: of PCA, of t-SNE with scikit-learn's
settings, and with those of projection.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Final

import faiss
import numpy as np

from indexer.arrays import FloatArray, IntArray
from indexer.explore.projection import KEPT, SEED, by_pca, by_tsne, main_directions

DIM: Final = 512
NEAREST: Final = 10
FAMILIES: Final = 12  # of groups
PHOTOS_A_GROUP: Final = 200
QUICK: Final = 500  # points


def made(points: int) -> FloatArray:
    """(points, DIM) unit vectors in groups, which are in families."""
    rng = np.random.default_rng(0)
    groups = max(10, points // PHOTOS_A_GROUP)
    families = 3 * rng.normal(size=(FAMILIES, DIM))
    centres = rng.normal(size=(groups, DIM)) + families[rng.integers(0, FAMILIES, groups)]
    rows = centres[rng.integers(0, groups, points)] + 1.2 * rng.normal(size=(points, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def nearest(rows: FloatArray) -> IntArray:
    """(N, D) -> (N, NEAREST) the nearest other rows."""
    index = faiss.IndexFlatL2(rows.shape[1])
    index.add(rows)
    return np.asarray(index.search(rows, NEAREST + 1)[1][:, 1:])


def share_kept(before: IntArray, places: FloatArray) -> float:
    """The share of the nearest rows that are among the nearest places."""
    after = nearest(np.ascontiguousarray(places, np.float32))
    pairs = zip(before.tolist(), after.tolist(), strict=True)
    return float(np.mean([len({*old} & {*new}) / NEAREST for old, new in pairs]))


def by_plain_tsne(vectors: FloatArray) -> FloatArray:
    """scikit-learn's own settings."""
    from sklearn import manifold

    placing = manifold.TSNE(init="pca", n_jobs=-1, random_state=SEED)
    return np.asarray(placing.fit_transform(main_directions(vectors, KEPT)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("points", nargs="?", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    vectors = made(QUICK if options.quick else options.points)
    before = nearest(vectors)
    methods: dict[str, Callable[[FloatArray], FloatArray]] = {
        "PCA": by_pca,
        "t-SNE": by_tsne,
        "t-SNE, plain": by_plain_tsne,
    }
    for name, place in methods.items():
        began = time.perf_counter()
        places = place(vectors)
        took_s = time.perf_counter() - began
        print(f"{name:13} {took_s:6.1f} s   {share_kept(before, places):.3f} of the nearest kept")


if __name__ == "__main__":
    main()
