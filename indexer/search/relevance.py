"""The meaning of a score: how strongly a photo matches a query, whatever the encoder.

A cosine says little by itself: some photos are near to every text, some texts are near to every
photo, and each model has a range of its own. So a score is expressed in standard deviations twice:
from the scores of generic queries with that same photo, and from the scores of that same query with
a sample of the library. The first alone says whether the library has a match at all; the mean of
both, the standing of a photo, says which photos are matches. The library itself shows how large a
real match is in either measure: nearly every photo shows something that one of the generic queries
names, so for each photo of a sample the best of them stands for a match. Strength compares a hit
with those.

A photo of a dog is nearer to "a dog" than to "animals", and in a library of animals that word's
scores are usual. So a photo matches a broad word as well as it matches the best of the word's
kinds, which are generic texts that broad_words.txt lists, and the first measure says all.

Knows vectors and broad words; nothing of SQL, or of how photos are found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Final

import numpy as np

from indexer.arrays import FloatArray
from indexer.location import folded
from indexer.query.query import Term, Text
from indexer.search.inner_products import inner_products

# Quantiles of the sample's matches, chosen with benchmarks/starter_relevance.py on data/sample and
# Tux Paint's stamps. The library has a match where the best hit is above the first; a hit has
# strength 1/2 at the second, and 0.9 at the third.
PRESENT_MATCH, WEAK_MATCH, TYPICAL_MATCH = 0.3, 0.4, 0.7
# For a query with photos: photos are more alike than photos and texts, and deviations say it all.
WEAK_LIKENESS, TYPICAL_LIKENESS = 0.25, 0.5
TYPICAL_STRENGTH: Final = 0.9
# A query that has very good matches asks for no middling ones: what has less than this share of
# its best hit's standing is weak.
SHARE_OF_BEST: Final = 0.6
# The sample counts as so many photos more, in which the query scores as generic ones do: a few
# photos alone do not say what is usual for it.
USUAL_PHOTOS: Final = 10
SAMPLE: Final = 2_000  # photos: a quantile is then known to about one in a hundred
GENERIC: Final = 256  # queries
ARTICLE: Final = re.compile(r"^(?:an?|the|some) ")
MIN_WIDTH: Final = 0.1  # standard deviations between a weak and a typical match
LEAST_SPREAD: Final = 1e-6  # of cosines; float16 cannot tell smaller ones


def generic_texts() -> list[str]:
    """Everyday things that photos show, from generic_texts.txt."""
    return _lines("generic_texts.txt")


@cache
def broad_words() -> Mapping[str, Sequence[int]]:
    """A word, folded -> the numbers of the generic texts that are its kinds, from broad_words.txt.

    A line there: the word in several forms and languages, a colon, and its kinds.
    """
    number_of = {text: number for number, text in enumerate(generic_texts())}
    rows = (line.split(": ") for line in _lines("broad_words.txt"))
    return {
        folded(word): tuple(number_of[kind] for kind in kinds.split("; "))
        for words, kinds in rows
        for word in words.split(", ")
    }


def kinds_of(text: str) -> Sequence[int]:
    """The numbers of the generic texts that are kinds of a broad word; none of another text."""
    return broad_words().get(ARTICLE.sub("", folded(text.strip())), ())


def _lines(name: str) -> list[str]:
    return resources.files("indexer.search").joinpath(name).read_text("utf-8").splitlines()


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
        kinds: Sequence[int] = ()
        if len(terms) == 1:  # of its weight only the sign matters
            weights = (math.copysign(1.0, weights[0]),)
            content = terms[0].content
            kinds = kinds_of(content.text) if isinstance(content, Text) and weights[0] > 0 else ()
        return self._scale(tuple(isinstance(term.content, Text) for term in terms), weights, kinds)

    def _measure(
        self, are_texts: tuple[bool, ...], weights: tuple[float, ...], kinds: Sequence[int]
    ) -> Scale:
        """Generic queries are put together as the query is, each term replaced by a generic one."""
        total = np.zeros((GENERIC, self._texts.shape[1]), np.float32)
        for number, (is_text, weight) in enumerate(zip(are_texts, weights, strict=True)):
            generic = self._texts if is_text else self._photos
            # rolled by a prime, so that the terms of one query differ
            total += np.float32(weight) * np.roll(np.resize(generic, total.shape), 31 * number, 0)
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        generic = total / np.maximum(lengths, LEAST_SPREAD)
        return Scale(generic, self._sample, of_texts=all(are_texts), kinds=kinds)


class Scale:
    """Scores of one kind of query -> strengths."""

    def __init__(
        self,
        generic: FloatArray,
        sample: FloatArray,
        *,
        of_texts: bool,
        kinds: Sequence[int] = (),
    ) -> None:
        """`generic`: (G, D). `sample`: (S, D). `kinds`: rows of `generic`, of a broad word."""
        self._generic, self._sample, self._kinds = generic, sample, list(kinds)
        self._is_narrow = of_texts and not kinds  # both measures hold
        scores = inner_products(sample, generic)  # (S, G)
        self._usual_mean, self._usual_variance = float(scores.mean()), float(scores.var(0).mean())
        deviations = _deviations(scores, scores)
        standings = self._standings(scores, deviations, scores)
        quantiles = (WEAK_MATCH, TYPICAL_MATCH) if of_texts else (WEAK_LIKENESS, TYPICAL_LIKENESS)
        self._weak, typical = np.quantile(standings.max(axis=1), quantiles)
        self._present = (
            np.quantile(deviations.max(axis=1), PRESENT_MATCH) if self._is_narrow else self._weak
        )
        odds = TYPICAL_STRENGTH / (1 - TYPICAL_STRENGTH)
        self._steepness = math.log(odds) / max(typical - self._weak, MIN_WIDTH)

    def deviations(self, scores: FloatArray, vectors: FloatArray) -> FloatArray:
        """(N,) scores of the photos with these (N, D) vectors, in standard deviations.

        For a broad word those of its best kind, where they are larger.
        """
        generic = inner_products(vectors, self._generic)  # (N, G)
        of_query = np.hstack([scores[:, None], generic[:, self._kinds]])
        return np.asarray(_deviations(of_query, generic).max(axis=1))

    def strengths(
        self, query: FloatArray, scores: FloatArray, deviations: FloatArray, depth: int
    ) -> FloatArray:
        """(N,) scores, falling, and deviations of photos with the (D,) query -> (N,) strengths in
        [0, 1], which never grow.

        The first `depth` of them decide on each other; what is farther is no stronger than they.
        """
        if not len(scores):
            return scores
        among = inner_products(self._sample, query)[:, None]
        standings = self._standings(scores[:, None], deviations[:, None], among)[:, 0]
        level = np.concatenate([levelled(standings[:depth]), standings[depth:]])
        level = np.minimum.accumulate(level)
        weak, best = self._weak, float(level[0])
        if self._is_narrow:  # a photo, or one kind, may be the best hit by far
            weak = min(best, max(weak, SHARE_OF_BEST * best))
        presence = float(deviations[:depth].max()) - self._present
        return _logistic(self._steepness * np.minimum(level - weak, presence))

    def _standings(
        self, scores: FloatArray, deviations: FloatArray, among: FloatArray
    ) -> FloatArray:
        """(N, Q) scores and deviations of photos with queries, (S, Q) scores of those with the
        sample -> (N, Q) standings."""
        if not self._is_narrow:
            return deviations
        count = len(among)
        mean = (count * among.mean(axis=0) + USUAL_PHOTOS * self._usual_mean) / (
            count + USUAL_PHOTOS
        )
        variance = (count * among.var(axis=0) + USUAL_PHOTOS * self._usual_variance) / (
            count + USUAL_PHOTOS
        )
        spread = np.maximum(np.sqrt(variance), LEAST_SPREAD)
        return np.asarray((deviations + (scores - mean) / spread) / 2, np.float32)


def levelled(standings: FloatArray) -> FloatArray:
    """(N,) standings of photos in the order of their scores -> those nearest to them that never
    grow along it: what is shown as stronger stands before what is weaker.

    Isotonic regression, by pooling adjacent violators.
    """
    pools: list[tuple[float, int]] = []  # mean and number of neighbours that share it
    for standing in standings.tolist():
        mean, count = standing, 1
        while pools and pools[-1][0] < mean:
            before, many = pools.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    means, counts = zip(*pools, strict=True) if pools else ((), ())
    return np.repeat(np.array(means, np.float32), counts)


def _deviations(scores: FloatArray, generic: FloatArray) -> FloatArray:
    """(N, Q) scores in standard deviations of the (N, G) generic scores of the same photos."""
    spread = np.maximum(generic.std(axis=1, keepdims=True), LEAST_SPREAD)
    return np.asarray((scores - generic.mean(axis=1, keepdims=True)) / spread, np.float32)


def _logistic(values: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), np.float32)  # exp would overflow
