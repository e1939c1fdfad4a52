"""Names groups of photos by the everyday concept that is near to them and not to others.

The concepts are those of concepts.txt, one a line.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from clipcore import Encoder
from indexer.arrays import FloatArray

PROMPT: Final = "a photo of {}"
# How far a concept must also be more at home here than in the other groups: without that, all
# groups of a library are called by the few words that are near to any photo.
OWN: Final = 2.0


@cache
def concepts() -> tuple[str, ...]:
    """The concepts, in their order."""
    text = resources.files("indexer.explore").joinpath("concepts.txt").read_text("utf-8")
    return tuple(text.split("\n")[:-1])


def names(centres: FloatArray, encoder: Encoder) -> tuple[str, ...]:
    """A concept for each (G, D) unit row, no concept twice."""
    known = concepts()
    scores = centres @ encoder.embed_texts([PROMPT.format(one) for one in known]).T  # (G, C)
    fit = scores + OWN * (scores - scores.mean(axis=0))
    return tuple(known[place] for place in _best_each(fit))


def _best_each(fit: FloatArray) -> list[int]:
    """For each row a column of its own: the best pair of all first, then the best of the rest."""
    chosen = [0] * len(fit)
    left = fit.astype(np.float64)
    for _ in range(len(fit)):
        row, column = np.unravel_index(np.argmax(left), left.shape)
        chosen[row] = int(column)
        left[row, :] = left[:, column] = -np.inf
    return chosen
