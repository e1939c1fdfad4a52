"""The meaning of a score: how strongly a photo matches a query, whatever the encoder.

A cosine says little by itself: some photos are near to every text, and each model has a range of
its own. So each photo's score is expressed in standard deviations from the scores of generic
queries with that same photo. The library itself shows how large a real match is in that measure:
nearly every photo shows something that one of the generic queries names, so for each photo of a
sample the best of them stands for a match. Strength compares a hit with those.

Knows vectors only; nothing of SQL, or of how photos are found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Final

import numpy as np

from indexer.arrays import FloatArray
from indexer.query.query import Term, Text

# Chosen with benchmarks/relevance.py. A hit has strength 1/2 where a quarter of the sample's
# matches are weaker, and 0.9 where half of them are.
WEAK_MATCH, TYPICAL_MATCH = 0.25, 0.5  # quantiles
TYPICAL_STRENGTH: Final = 0.9
# A query that has very good matches asks for no middling ones: what has less than this share of
# its best hit's standard deviations is weak.
SHARE_OF_BEST: Final = 0.8
SAMPLE: Final = 2_000  # photos: a quantile is then known to about one in a hundred
GENERIC: Final = 256  # queries
MIN_WIDTH: Final = 0.1  # standard deviations between a weak and a typical match
LEAST_SPREAD: Final = 1e-6  # of cosines; float16 cannot tell smaller ones


def generic_texts() -> list[str]:
    """Everyday things that photos show, from generic_texts.txt."""
    packed = resources.files("indexer.search").joinpath("generic_texts.txt")
    return packed.read_text("utf-8").splitlines()


class Calibration:
    """What scores mean in one library with one encoder."""

    def __init__(self, texts: FloatArray, photos: FloatArray) -> None:
        """`texts`: (G, D) embeddings of the generic texts. `photos`: (S, D), a sample, S > 0."""
        self._texts = texts
        self._photos = photos[::2]  # stand for generic photos in a query
        self._sample = photos[1::2] if len(photos) > 1 else photos
        self._scale = lru_cache(64)(self._measure)

    def scale(self, terms: Iterable[Term]) -> Scale:
        """What the scores of a query made of such terms mean."""
        terms = tuple(terms)
        weights = tuple(term.weight for term in terms)
        if len(terms) == 1:  # of its weight only the sign matters
            weights = (math.copysign(1.0, weights[0]),)
        return self._scale(tuple(isinstance(term.content, Text) for term in terms), weights)

    def _measure(self, are_texts: tuple[bool, ...], weights: tuple[float, ...]) -> Scale:
        """Generic queries are put together as the query is, each term replaced by a generic one."""
        total = np.zeros((GENERIC, self._texts.shape[1]), np.float32)
        for number, (is_text, weight) in enumerate(zip(are_texts, weights, strict=True)):
            generic = self._texts if is_text else self._photos
            # rolled by a prime, so that the terms of one query differ
            total += np.float32(weight) * np.roll(np.resize(generic, total.shape), 31 * number, 0)
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        # a photo is its own best hit by far, and says nothing of the others
        share = SHARE_OF_BEST if all(are_texts) else 0.0
        return Scale(total / np.maximum(lengths, LEAST_SPREAD), self._sample, share)


class Scale:
    """Scores of one kind of query -> strengths."""

    def __init__(self, generic: FloatArray, sample: FloatArray, share_of_best: float) -> None:
        self._generic = generic  # (G, D)
        self._share_of_best = share_of_best
        scores = sample @ generic.T  # (S, G)
        matches = _deviations(scores.max(axis=1), scores)  # (S,)
        self._weak, typical = np.quantile(matches, (WEAK_MATCH, TYPICAL_MATCH))
        odds = TYPICAL_STRENGTH / (1 - TYPICAL_STRENGTH)
        self._steepness = math.log(odds) / max(typical - self._weak, MIN_WIDTH)

    def deviations(self, scores: FloatArray, vectors: FloatArray) -> FloatArray:
        """(N,) scores of the photos with these (N, D) vectors, in standard deviations."""
        return _deviations(scores, vectors @ self._generic.T)

    def strengths(self, deviations: FloatArray, best: float) -> FloatArray:
        """(N,) deviations -> (N,) strengths in [0, 1]; `best`: the largest of the query's."""
        weak = max(self._weak, self._share_of_best * best)
        return _logistic(self._steepness * (deviations - weak))


def levelled(strengths: FloatArray) -> FloatArray:
    """(N,) strengths of photos in the order of their scores -> those nearest to them that never
    grow along it: what is shown as stronger stands before what is weaker.

    Isotonic regression, by pooling adjacent violators.
    """
    pools: list[tuple[float, int]] = []  # mean and number of neighbours that share it
    for strength in strengths.tolist():
        mean, count = strength, 1
        while pools and pools[-1][0] < mean:
            before, many = pools.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    means, counts = zip(*pools, strict=True) if pools else ((), ())
    return np.repeat(np.array(means, np.float32), counts)


def _deviations(scores: FloatArray, generic: FloatArray) -> FloatArray:
    """(N,) scores in standard deviations of the (N, G) generic scores of the same photos."""
    spread = np.maximum(generic.std(axis=1), LEAST_SPREAD)
    return np.asarray((scores - generic.mean(axis=1)) / spread, np.float32)


def _logistic(values: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), np.float32)  # exp would overflow
