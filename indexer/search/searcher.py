"""Answers queries of one library with one encoder: composes, searches, judges, sorts.

Knows nothing of how the index is kept current; session.py does that.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import ThreadpoolController

from clipcore import Encoder
from indexer.arrays import FloatArray
from indexer.atomic import write_atomically
from indexer.errors import DiskFull
from indexer.formats import SUFFIXES
from indexer.index.contract import Index
from indexer.query.conflicts import check
from indexer.query.query import LibraryPhoto, Query, Term, Text
from indexer.records.photos import Photo
from indexer.records.results import CONFIDENT, Hit, Verdict
from indexer.search.query_vector import Composer
from indexer.search.ranking import Candidate, nearest
from indexer.search.relevance import SAMPLE, Calibration, Scale, generic_texts, levelled
from indexer.store.store import Store

log = logging.getLogger(__name__)


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

    def __init__(self, encoder: Encoder, store: Store, generic_file: Path) -> None:
        """`generic_file`: where the embeddings of the generic texts are stored between runs."""
        self._encoder = encoder
        self._store = store
        self._generic_file = generic_file
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
        if not query.terms:
            return "listed", _listed(self._store.search.newest(query.filters, top))
        if (name := _file_name(query)) and (
            named := self._store.search.newest(query.filters, top, called=name)
        ):
            return "listed", _listed(named)
        with self._one_blas_thread.limit(limits=1):
            return self._answer(query, index, top, min_strength)

    def _answer(
        self, query: Query, index: Index, top: int, min_strength: float
    ) -> tuple[Verdict, tuple[Hit, ...]]:
        vector = self._composer.vector(query.terms)
        calibration = self._calibration(index)
        if calibration is None:
            return "none", ()
        found, strengths = self._judged(vector, query, index, calibration.scale(query.terms), top)
        confident = max(strengths, default=0.0) >= CONFIDENT
        if query.sort == "date" and confident:
            min_strength = max(min_strength, CONFIDENT)
        judged = zip(found, strengths, strict=True)
        ranked = [(one, strength) for one, strength in judged if strength >= min_strength][:top]
        if query.sort == "date":
            ranked.sort(key=lambda pair: pair[0].photo.id)
            ranked.sort(key=lambda pair: pair[0].photo.date, reverse=True)  # stable
        return "confident" if confident else "none", self._hits(ranked)

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
        strengths = _strengths(judged, depth, scale)
        while depth < JUDGED_MOST and depth <= len(judged) and _is_deep(strengths[:depth]):
            depth *= DEEPER
            judged = judged if len(judged) >= depth else found(depth)
            strengths = _strengths(judged, depth, scale)
        return judged, strengths

    def _hits(self, ranked: list[tuple[Candidate, float]]) -> tuple[Hit, ...]:
        factor = math.exp(self._encoder.logit_scale)
        return tuple(
            Hit(rank, one.photo, one.score, factor * one.score, strength)
            for rank, (one, strength) in enumerate(ranked, start=1)
        )

    def _calibration(self, index: Index) -> Calibration | None:
        """What scores mean now; None in an empty library."""
        with self._lock:
            if self._measured is None or not _alike(self._measured[0], len(index)):
                ids = np.unique(np.linspace(1, index.last_id, SAMPLE, dtype=np.int64))
                _, sample = self._store.search.vectors(ids.tolist(), self._encoder.dim)
                if not len(sample):
                    return None
                self._measured = len(index), Calibration(self._generic, sample)
            return self._measured[1]

    @cached_property
    def _generic(self) -> FloatArray:
        """(G, D) embeddings of the generic texts, from the file if it has those."""
        texts = generic_texts()
        key = hashlib.sha256("\n".join([self._encoder.model_id, *texts]).encode()).digest()
        try:
            stored = self._generic_file.read_bytes()
        except FileNotFoundError:
            stored = b""
        if stored.startswith(key) and len(stored) == len(key) + 4 * len(texts) * self._encoder.dim:
            return np.frombuffer(stored, "<f4", offset=len(key)).reshape(len(texts), -1)
        embeddings = self._encoder.embed_texts(texts)
        try:
            write_atomically(self._generic_file, key + embeddings.astype("<f4").tobytes())
        except (
            OSError,
            DiskFull,
        ) as error:  # a library on a read-only drive can be searched all the same
            log.debug("%s cannot be stored: %s", self._generic_file, error)
        return embeddings


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


def _strengths(found: list[Candidate], depth: int, scale: Scale) -> list[float]:
    """The strengths of photos that come best first; the first `depth` of them decide on each other,
    what is farther is no stronger than what is before it."""
    deviations = np.array([one.deviation for one in found], dtype=np.float32)
    best = float(deviations[:depth].max(initial=0.0))
    strengths = scale.strengths(deviations, best)
    never_growing = np.concatenate([levelled(strengths[:depth]), strengths[depth:]])
    strengths_in_order: list[float] = np.minimum.accumulate(never_growing).tolist()
    return strengths_in_order


def _is_deep(strengths: list[float]) -> bool:
    """Whether relevant photos go on into the farther half."""
    return strengths[len(strengths) // 2] >= CONFIDENT


def _alike(before: int, now: int) -> bool:
    return before / GROWTH <= now <= before * GROWTH
