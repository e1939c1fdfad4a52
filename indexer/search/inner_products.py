"""Inner products that are the same to the last bit, however many are computed at once.

BLAS adds in another order where there are more rows. In single precision this shows: photos of
nearly equal scores change places when more hits are asked for. So the sum is taken in double
precision, and rounded.
"""

from __future__ import annotations

import numpy as np

from indexer.arrays import FloatArray


def inner_products(vectors: FloatArray, others: FloatArray) -> FloatArray:
    """(N, D) and (G, D) -> (N, G); (N, D) and (D,) -> (N,)."""
    return np.asarray(vectors.astype(np.float64) @ others.astype(np.float64).T, np.float32)
