"""A film -> the frames that stand for it: decoded in a process apart, embedded, thinned out.

Its candidates are looked at in rounds, each of which spans the whole film: a round that its decoder
does not survive is halved. Knows nothing of rows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from clipcore.messages import N_, Message
from indexer.arrays import FloatArray
from indexer.errors import InFlight, Undecodable
from indexer.imaging.decode import thumbnail_jpeg
from indexer.imaging.film import (
    ALL_EMPTY,
    NOTHING_DECODED,
    Film,
    Frames,
    NoSeeking,
    frames_at,
    frames_in_order,
    read_film,
)
from indexer.imaging.isolation import Limits, run_isolated
from indexer.records.photos import Facts

log = logging.getLogger(__name__)

LIMITS: Final = Limits(seconds=60, memory_bytes=3 * 2**30)  # of one round
AT_ONCE: Final = 16  # candidates of a round: 11 MB of pictures
FILM_S: Final = 120.0  # then no further round is begun
HALVINGS: Final = 8  # of rounds that fail
MOST_KEPT: Final = 64
SIMILAR: Final = 0.95  # a cosine above it: the frame shows what the one before it shows
SMALL_PX: Final = 32  # where nobody looks at the frames
DAMAGED_SHARE: Final = 0.1  # of the candidates that are lost
IN_PARTS: Final = N_("the video is damaged: only the parts that can be read are indexed")
STOPPED: Final = N_("indexing was stopped")

Embed = Callable[[Sequence[Image.Image]], FloatArray]  # B pictures -> (B, D)


@dataclass(frozen=True, slots=True)
class KeptFilm:
    """(F, D) vectors of the frames that are kept, when each is shown, and the cover's JPEG.

    The cover is the first of them; the others are in their order.
    """

    facts: Facts
    vectors: FloatArray
    moments_ms: tuple[int, ...]
    cover: bytes


@dataclass(frozen=True, slots=True)
class EmbeddedFrame:
    """A frame; `detail`: the size of its JPEG, which is the larger the more there is to see."""

    moment_ms: int
    vector: FloatArray
    detail: int


@dataclass(slots=True)
class FilmReader:
    """Reads one film for an encoder that sees squares of `image_size_px`.

    `embed` turns pictures into vectors; what it raises is raised. `stop()` is asked between rounds.
    """

    path: Path
    image_size_px: int
    embed: Embed
    stop: Callable[[], bool]
    _frames: list[EmbeddedFrame] = field(default_factory=list)
    _cover: tuple[int, bytes] = (0, b"")  # its moment and its JPEG
    _lost: int = 0
    _empty: int = 0
    _halvings: int = HALVINGS

    def read(self, kind: str) -> KeptFilm:
        """The frames that stand for a film of that kind of file.

        Raises Undecodable; InFlight where it was stopped.
        """
        film = run_isolated(LIMITS, read_film, str(self.path), kind)
        facts = film.facts
        try:
            self._rounds(film)
        except NoSeeking:
            facts = self._in_order(facts)
        candidates = max(1, len(film.moments_s))
        if not self._frames:
            raise Undecodable(ALL_EMPTY if self._empty else NOTHING_DECODED)
        facts = _with_notice(facts, self._lost, candidates)
        kept = kept_frames(self._frames, cover_ms=self._cover[0])
        vectors = np.stack([frame.vector for frame in kept])
        return KeptFilm(facts, vectors, tuple(one.moment_ms for one in kept), self._cover[1])

    def _rounds(self, film: Film) -> None:
        """Raises NoSeeking where nothing can be reached."""
        if not film.moments_s:
            raise NoSeeking
        rounds = -(-len(film.moments_s) // AT_ONCE)
        started = time.monotonic()
        for first in range(rounds):
            if first and time.monotonic() - started > FILM_S:
                log.info("%s: %d of %d rounds in %.0f s", self.path, first, rounds, FILM_S)
                return
            self._take(self._decoded(film.moments_s[first::rounds]))

    def _decoded(self, moments_s: Sequence[float]) -> Frames:
        """The frames at these moments, as far as their decoder survives them."""
        if self.stop():
            raise InFlight(STOPPED)
        try:
            return run_isolated(LIMITS, frames_at, str(self.path), moments_s, self.image_size_px)
        except NoSeeking:
            if self._frames:
                return Frames((), len(moments_s))
            raise
        except Undecodable as error:
            log.warning("%s: %s", self.path, error)
            if len(moments_s) == 1 or not self._halvings:
                return Frames((), len(moments_s))
            self._halvings -= 1
            middle = len(moments_s) // 2
            parts = [self._decoded(part) for part in (moments_s[:middle], moments_s[middle:])]
            frames = tuple(frame for part in parts for frame in part.frames)
            return Frames(frames, sum(part.lost for part in parts))

    def _in_order(self, facts: Facts) -> Facts:
        """Read it from one end to the other; the facts with the length that was found."""
        if self.stop():
            raise InFlight(STOPPED)
        frames, length_s = run_isolated(LIMITS, frames_in_order, str(self.path), self.image_size_px)
        self._lost = 0
        self._take(frames)
        return _with_length(facts, length_s)

    def _take(self, decoded: Frames) -> None:
        """Embed the pictures that show something; the one with the most detail is the cover."""
        self._lost += decoded.lost
        frames = [frame for frame in decoded.frames if not frame.is_empty]
        self._empty += len(decoded.frames) - len(frames)
        if not frames:
            return
        vectors = self.embed([frame.image for frame in frames])
        for frame, vector in zip(frames, vectors, strict=True):
            jpeg = thumbnail_jpeg(frame.image)
            self._frames.append(EmbeddedFrame(frame.moment_ms, vector, len(jpeg)))
            if len(jpeg) > len(self._cover[1]):
                self._cover = frame.moment_ms, jpeg


def film_facts(path: Path, kind: str) -> Facts:
    """The facts of a film, and by some of its frames whether it is damaged. Raises Undecodable."""
    film = run_isolated(LIMITS, read_film, str(path), kind)
    some = film.moments_s[:: max(1, len(film.moments_s) // AT_ONCE)]
    try:
        lost = run_isolated(LIMITS, frames_at, str(path), some, SMALL_PX).lost
    except NoSeeking:
        frames, length_s = run_isolated(LIMITS, frames_in_order, str(path), SMALL_PX)
        return _with_notice(_with_length(film.facts, length_s), frames.lost, 1)
    return _with_notice(film.facts, lost, len(some))


def _with_length(facts: Facts, length_s: float) -> Facts:
    """The facts of a film that may not say how long it is."""
    return facts if facts.duration_s else replace(facts, duration_s=round(length_s, 3))


def _with_notice(facts: Facts, lost: int, candidates: int) -> Facts:
    is_damaged = lost >= DAMAGED_SHARE * candidates
    return replace(facts, notice=Message(IN_PARTS)) if is_damaged else facts


def kept_frames(frames: Sequence[EmbeddedFrame], cover_ms: int) -> list[EmbeddedFrame]:
    """At most MOST_KEPT by their moments, none similar to the one kept before it.

    First of all the one that shows what the cover shows.
    """
    kept: list[EmbeddedFrame] = []
    for frame in sorted({one.moment_ms: one for one in frames}.values(), key=_moment):
        if not kept or float(frame.vector @ kept[-1].vector) <= SIMILAR:
            kept.append(frame)
        elif frame.moment_ms == cover_ms:
            cover_ms = kept[-1].moment_ms
    while len(kept) > MOST_KEPT:
        _drop_most_similar(kept, cover_ms)
    return sorted(kept, key=lambda one: (one.moment_ms != cover_ms, one.moment_ms))


def _moment(frame: EmbeddedFrame) -> int:
    return frame.moment_ms


def _drop_most_similar(kept: list[EmbeddedFrame], cover_ms: int) -> None:
    """The frame that differs least from the one before it; the cover stays."""
    cosines = [
        (float(frame.vector @ before.vector), at)
        for at, (before, frame) in enumerate(pairwise(kept), start=1)
        if frame.moment_ms != cover_ms
    ]
    del kept[max(cosines)[1]]
