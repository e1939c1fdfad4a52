"""From when to when a film matches: the frames around its best one that match as well.

Knows nothing of how films are found or decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.arrays import FloatArray
from indexer.search.inner_products import inner_products
from indexer.search.ranking import Candidate
from indexer.search.relevance import Scale
from indexer.store.search_store import Frames
from indexer.store.store import Store

MS_PER_S: Final = 1000
# A frame matches that has this share of the best one's standard deviations. Measured with
# benchmarks/film_ranges.py, the starter model and films of known scenes. Mean intersection over
# union of the range and the scene, by the seconds: 0.88 in films of unlike scenes (0.88 with 0.6,
# 0.83 with 0.9), 0.81 where neighbouring scenes look alike (0.74 with 0.6, 0.79 with 0.9). There
# 0.6 names 13 s too many, and 0.75 names 5. From 0.7 to 0.8 all fit alike, to 0.02.
SHARE: Final = 0.75
AT_ONCE: Final = 100  # films whose frames are in memory together: 64 of each at most

Range = tuple[float, float]


def ranges(
    query: FloatArray, found: Iterable[Candidate], store: Store, scale: Scale
) -> dict[int, Range]:
    """By the photo's number: from when to when each film matches that does so for a while."""
    films = (one for one in found if one.photo.facts.is_film)
    known: dict[int, Range] = {}
    for part in _parts(films):
        frames = store.search.frames({one.photo.sha256 for one in part}, len(query))
        for one in part:
            of_film = frames.get(one.photo.sha256)  # none where it is embedded again just now
            range_s = of_film and _range(one, of_film, query, scale)
            if range_s:
                known[one.photo.id] = range_s
    return known


def _parts(films: Iterator[Candidate]) -> Iterator[list[Candidate]]:
    while part := list(islice(films, AT_ONCE)):
        yield part


def _range(film: Candidate, frames: Frames, query: FloatArray, scale: Scale) -> Range | None:
    """The moments of the first and the last frame that match, without a gap around the best."""
    if film.moment_ms not in frames.moments_ms:
        return None
    deviations = scale.deviations(inner_products(frames.vectors, query), frames.vectors)
    first, last = around(frames.moments_ms.index(film.moment_ms), deviations)
    if first == last:
        return None
    return frames.moments_ms[first] / MS_PER_S, frames.moments_ms[last] / MS_PER_S


def around(best: int, deviations: FloatArray, share: float = SHARE) -> tuple[int, int]:
    """The first and the last of the frames around the best that match, by (F,) deviations."""
    matching = deviations >= share * deviations[best]
    matching[best] = True  # whatever its deviation
    return best - _run(matching[:best][::-1]), best + _run(matching[best + 1 :])


def _run(matching: npt.NDArray[np.bool_]) -> int:
    """How many of them match before the first that does not."""
    return int(np.argmin([*matching, False]))
