"""Many dimensions -> two: where a photo stands in the picture of the library.

UMAP, which keeps together what is alike, where umap-learn is installed (extra `explore`); else the
two main directions (PCA), which keep only the coarsest differences. Knows vectors only.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from platformdirs import user_cache_path

from clipcore.engines.json_cache import is_writable
from indexer.arrays import FloatArray

UMAP: Final = "umap"
PCA: Final = "pca"
FEWEST: Final = 20  # points; UMAP makes nothing sensible of fewer
NEIGHBOURS: Final = 15  # UMAP's default
KEPT: Final = 50  # dimensions that UMAP gets: 20,000 x 512 took 70 s so, as the rest is noise
SEED: Final = 42
EDGE: Final = 0.5  # per cent of the points at each side that may be moved to the edge


def by_pca(vectors: FloatArray) -> FloatArray:
    """(N, D) -> (N, 2) within 0 to 1, at once."""
    return _within_unit(main_directions(vectors, 2))


def can_umap(points: int) -> bool:
    """Whether so many points can be placed by UMAP."""
    return points >= FEWEST and find_spec("umap") is not None


def by_umap(vectors: FloatArray) -> FloatArray:
    """(N, D) -> (N, 2) within 0 to 1, in a minute or so; the same for the same vectors."""
    return _within_unit(_umap(main_directions(vectors, KEPT)))


def main_directions(vectors: FloatArray, count: int) -> FloatArray:
    """(N, D) -> (N, count): the coordinates along the directions in which they differ most."""
    if not len(vectors):
        return np.empty((0, count), np.float32)
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # smallest first
    components = centred @ directions[:, ::-1][:, :count]
    missing = count - components.shape[1]
    return np.ascontiguousarray(np.pad(components, ((0, 0), (0, max(0, missing)))), np.float32)


def _umap(points: FloatArray) -> FloatArray:
    neighbours = min(NEIGHBOURS, len(points) - 1)
    found = find_spec("umap")
    if found and found.origin:
        _let_numba_write(Path(found.origin).parent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no tensorflow, and that a seed costs time
        import umap

        reducer = umap.UMAP(n_neighbors=neighbours, init="pca", random_state=SEED)
        return np.asarray(reducer.fit_transform(points), np.float32)


def _let_numba_write(package: Path) -> None:
    """Give numba a directory for what it compiles: without one umap cannot even be imported.

    It takes the one that NUMBA_CACHE_DIR names, the `package`'s own, or the user's cache directory.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(named)] if named else [package, user_cache_path("numba")]
    if not any(map(is_writable, places)):
        os.environ["NUMBA_CACHE_DIR"] = _scratch().name


@cache
def _scratch() -> TemporaryDirectory[str]:
    """A directory that goes when the process ends."""
    return TemporaryDirectory(prefix="recollect-numba-")


def _within_unit(places: FloatArray) -> FloatArray:
    """Each axis on 0 to 1; a few far outliers do not squeeze all the others together."""
    if not len(places):
        return places
    low, high = np.percentile(places, [EDGE, 100 - EDGE], axis=0)
    spread = np.maximum(high - low, 1e-9)
    return np.asarray(np.clip((places - low) / spread, 0, 1), np.float32)
