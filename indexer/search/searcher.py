"""Answers queries of one library with one encoder: composes, searches, judges, sorts.

Knows nothing of how the index is kept current; session.py does that.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import ThreadpoolController

from clipcore import Encoder
from indexer.arrays import FloatArray
from indexer.formats import SUFFIXES
from indexer.index.contract import Index
from indexer.query.conflicts import check
from indexer.query.query import LibraryPhoto, Query, Term, Text, lists_each_file
from indexer.records.photos import Photo
from indexer.records.results import CONFIDENT, Hit, Verdict
from indexer.search.generic import GenericTexts
from indexer.search.moments import MS_PER_S, Range, ranges
from indexer.search.query_vector import Composer
from indexer.search.ranking import Candidate, nearest
from indexer.search.relevance import SAMPLE, Calibration, Scale
from indexer.store.store import Store

# Verdict and strengths must not depend on how many hits are asked for: so many photos are judged
# in any case, DEEPER times as many where the farther half of them has a relevant one, and so on
# up to JUDGED_MOST.
JUDGED: Final = 100
JUDGED_MOST: Final = 6_400
DEEPER: Final = 4
# A sample of a library that has grown by less still speaks for it.
GROWTH: Final = 1.1


class Searcher:
    """Safe to use from several threads."""

    def __init__(self, encoder: Encoder, store: Store, generic: GenericTexts) -> None:
        self._encoder = encoder
        self._store = store
        self._generic = generic
        self._composer = Composer(encoder, store)
        self._lock = threading.Lock()
        self._measured: tuple[int, Calibration] | None = None
        # The products of a search are small; BLAS threads wait for the next one spinning, and take
        # the cores from FAISS: a query over 100,000 took 27 ms instead of 18.
        self._one_blas_thread = ThreadpoolController().select(user_api="blas")

    def search(
        self, query: Query, index: Index, top: int, min_strength: float = 0.0
    ) -> tuple[Verdict, tuple[Hit, ...]]:
        """The verdict and the `top` hits, best first, none weaker than `min_strength`.

        A photo of the library that the query looks for is no hit itself.
        Raises QueryError, PhotoNotFound.
        """
        check(query)
        verdict, hits = self._found(query, index, top, min_strength)
        return verdict, hits if lists_each_file(query.filters) else self._with_others(hits)

    def _found(
        self, query: Query, index: Index, top: int, min_strength: float
    ) -> tuple[Verdict, tuple[Hit, ...]]:
        if not query.terms:
            return "listed", _listed(self._store.search.newest(query.filters, top))
        if (name := _file_name(query)) and (
            named := self._store.search.newest(query.filters, top, called=name)
        ):
            return "listed", _listed(named)
        with self._one_blas_thread.limit(limits=1):
            return self._answer(query, index, top, min_strength)

    def _with_others(self, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The hits with the other files of their photos."""
        others = self._store.stacks.others([hit.photo.id for hit in hits])
        if not others:
            return hits
        return tuple(replace(hit, others=others.get(hit.photo.id, ())) for hit in hits)

    def _answer(
        self, query: Query, index: Index, top: int, min_strength: float
    ) -> tuple[Verdict, tuple[Hit, ...]]:
        vector = self._composer.vector(query.terms)
        calibration = self._calibration(index)
        if calibration is None:
            return "none", ()
        scale = calibration.scale(query.terms)
        found, strengths = self._judged(vector, query, index, scale, top)
        confident = max(strengths, default=0.0) >= CONFIDENT
        if query.sort == "date" and confident:
            min_strength = max(min_strength, CONFIDENT)
        judged = zip(found, strengths, strict=True)
        ranked = [(one, strength) for one, strength in judged if strength >= min_strength][:top]
        if query.sort == "date":
            ranked.sort(key=lambda pair: pair[0].photo.id)
            ranked.sort(key=lambda pair: pair[0].photo.date, reverse=True)  # stable
        of_texts = all(isinstance(term.content, Text) for term in query.terms)
        ranges_s = ranges(vector, (one for one, _ in ranked), self._store, scale)
        hits = self._hits(ranked, ranges_s, of_texts)
        return "confident" if confident else "none", hits

    def _judged(
        self, vector: FloatArray, query: Query, index: Index, scale: Scale, top: int
    ) -> tuple[list[Candidate], list[float]]:
        """At least the `top` photos, best first, as far as there are so many; their strengths,
        which never grow along that order."""
        looked_for = {
            term.content.id
            for term in query.terms
            if isinstance(term.content, LibraryPhoto) and term.weight > 0
        }

        def found(depth: int) -> list[Candidate]:
            wanted = depth + len(looked_for)
            near = nearest(vector, index, self._store, scale, wanted, query.filters)
            return [one for one in near if one.photo.id not in looked_for][:depth]

        depth = JUDGED
        judged = found(max(top, depth))
        strengths = _strengths(vector, judged, depth, scale)
        while depth < JUDGED_MOST and depth <= len(judged) and _is_deep(strengths[:depth]):
            depth *= DEEPER
            judged = judged if len(judged) >= depth else found(depth)
            strengths = _strengths(vector, judged, depth, scale)
        return judged, strengths

    def _hits(
        self,
        ranked: list[tuple[Candidate, float]],
        ranges_s: Mapping[int, Range],
        of_texts: bool,
    ) -> tuple[Hit, ...]:
        factor, bias = math.exp(self._encoder.logit_scale), self._encoder.logit_bias
        logits = (factor * one.score + (bias or 0.0) for one, _ in ranked)
        return tuple(
            Hit(
                rank,
                one.photo,
                one.score,
                logit,
                strength,
                _sigmoid(logit) if of_texts and bias is not None else None,
                one.moment_ms / MS_PER_S if one.photo.facts.is_film else None,
                ranges_s.get(one.photo.id),
            )
            for rank, ((one, strength), logit) in enumerate(zip(ranked, logits, strict=True), 1)
        )

    def _calibration(self, index: Index) -> Calibration | None:
        """What scores mean now; None in an empty library."""
        with self._lock:
            if self._measured is None or not _alike(self._measured[0], len(index)):
                ids = np.unique(np.linspace(1, index.last_id, SAMPLE, dtype=np.int64))
                _, sample = self._store.search.vectors(ids.tolist(), self._encoder.dim)
                if not len(sample):
                    return None
                self._measured = (
                    len(index),
                    Calibration(self._generic.embeddings(self._encoder), sample),
                )
            return self._measured[1]


def _file_name(query: Query) -> str | None:
    """What the query says, if all it says may be the name of a file; "panda" names an animal."""
    match query.terms:
        case (Term(Text(text), weight),) if weight > 0:
            has_suffix = Path(text).suffix.lower() in SUFFIXES
            is_word = len(text.split()) == 1 and any(one.isdecimal() for one in text)
            return text if has_suffix or is_word else None
    return None


def _listed(photos: list[Photo]) -> tuple[Hit, ...]:
    return tuple(Hit(rank, photo, None, None) for rank, photo in enumerate(photos, start=1))


def _strengths(query: FloatArray, found: list[Candidate], depth: int, scale: Scale) -> list[float]:
    """The strengths of photos that come best first."""
    scores = np.array([one.score for one in found], np.float32)
    deviations = np.array([one.deviation for one in found], np.float32)
    strengths: list[float] = scale.strengths(query, scores, deviations, depth).tolist()
    return strengths


def _sigmoid(logit: float) -> float:
    return (1 + math.tanh(logit / 2)) / 2  # no exponential that could overflow


def _is_deep(strengths: list[float]) -> bool:
    """Whether relevant photos go on into the farther half."""
    return strengths[len(strengths) // 2] >= CONFIDENT


def _alike(before: int, now: int) -> bool:
    return before / GROWTH <= now <= before * GROWTH
