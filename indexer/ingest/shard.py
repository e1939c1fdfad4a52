"""The work on a shard, which is some files: read -> hash -> known? -> decode -> embed -> outcomes.

Nothing is written here but thumbnails, and of the library nothing is known but what `known` tells:
a shard may be worked off by a thread or on another machine. Jobs and what becomes of them can be
pickled. A file that fails costs only itself; a batch that fails is tried again photo by photo.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from PIL import Image

from clipcore.encoder import Encoder
from clipcore.errors import ClipcoreError
from clipcore.messages import N_, Message
from indexer.arrays import FloatArray
from indexer.errors import EncoderFailed, InFlight, Undecodable, Unreadable, Unstable
from indexer.faults import reason, storable
from indexer.formats import Format
from indexer.imaging.decode import content_hash, decode, decoded_bytes
from indexer.imaging.memory_budget import Room, free_for_decoding
from indexer.ingest.films import FilmReader
from indexer.packages import is_installed, package_needed
from indexer.records.changes import Row, ScannedFile
from indexer.records.photos import NEVER_READ, Facts
from indexer.sources.films import FilmFile, HashedFilm
from indexer.store.outcomes import KnownContent, NewContent, Outcome

log = logging.getLogger(__name__)


# Pixels that wait to be embedded: a whole shard of an encoder that sees 256 x 256, and a few photos
# of one that sees more.
WAITING_BYTES: Final = 24 * 2**20
FILM_BYTES: Final = 400 * 2**20  # decoding a film of 4K takes so many in its process
NO_THUMBNAIL: Final = N_("its thumbnail cannot be written: {why}")


@dataclass(frozen=True, slots=True)
class Job:
    """A file to index. `moved_from`: the row whose file this may be under a new name."""

    found: ScannedFile
    row: Row | None = None
    moved_from: Row | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether the library has this file's content already, and only its embedding is wanted."""
        row = self.row
        return (
            row is not None and row.content_id is not None and row.stat.mark == self.found.stat.mark
        )


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of a shard, to be committed.

    `deferred` files are left for the next scan. Those `in_flight` elsewhere are to be asked for
    again when that has been committed. `claimed`: the hashes this shard was to embed.
    """

    outcomes: tuple[Outcome, ...]
    deferred: tuple[Job, ...] = ()
    in_flight: tuple[Job, ...] = ()
    claimed: tuple[bytes, ...] = ()
    seconds: float = 0.0

    def __len__(self) -> int:
        """How many files this is the end of, in this run."""
        return len(self.outcomes) + len(self.deferred)

    @property
    def embedded(self) -> tuple[bytes, ...]:
        """The hashes that have an embedding now, which they had not before."""
        contents = (outcome.content for outcome in self.outcomes)
        return tuple(content.sha256 for content in contents if isinstance(content, NewContent))


@dataclass(slots=True)
class _Content:
    """Some file's bytes on their way: known already, with pixels to embed, a vector or an error.

    `may_pass`: the error lies outside these bytes, so the next full scan tries them again.
    """

    sha256: bytes = b""
    id: int | None = None
    embedded: bool = False
    facts: Facts | None = None
    pixels: FloatArray | None = None
    vectors: FloatArray | None = None  # (D,) of a photo, (F, D) of a film
    moments_ms: tuple[int, ...] = (0,)
    error: Message | None = None
    may_pass: bool = False


@dataclass(slots=True)
class _Contents:
    """Those of a shard by their hashes: equal files are decoded and embedded once.

    `given_up`: the hashes of films that were begun and not finished.
    """

    by_hash: dict[bytes, _Content] = field(default_factory=dict)
    given_up: set[bytes] = field(default_factory=set)

    @property
    def claimed(self) -> tuple[bytes, ...]:
        """The hashes that this shard was to embed."""
        new = (content.sha256 for content in self.by_hash.values() if not content.embedded)
        return (*new, *self.given_up)


@dataclass(frozen=True, slots=True)
class ShardWorker:
    """Works shards off with one encoder, from any number of threads at once.

    A thread holds one file at a time, and WAITING_BYTES of pixels, however large a shard is.
    `known(sha256)`: what the library has of these bytes; it raises InFlight where another shard is
    embedding them. `read(found)`: the file's bytes, or a film; it raises Unstable and Unreadable.
    `save_thumbnail(sha256, jpeg)`. `room`: how much is decoded at once. `stop()` is asked while a
    film is decoded, which may take long.
    """

    encoder: Encoder
    known: Callable[[bytes], KnownContent | None]
    read: Callable[[ScannedFile], bytes | FilmFile]
    save_thumbnail: Callable[[bytes, bytes], None]
    room: Room = field(default_factory=lambda: Room(free_for_decoding()))
    stop: Callable[[], bool] = lambda: False

    def __call__(self, jobs: Sequence[Job]) -> Done:
        """Raises what is no fault of a photo: the encoder is out of order, the disk is full."""
        started = time.monotonic()
        contents = _Contents()
        taken: list[tuple[Job, _Content]] = []
        deferred, in_flight = [], []
        for job in jobs:
            try:
                taken.append(self._take(job, contents))
            except Unstable:
                deferred.append(job)
            except InFlight:
                in_flight.append(job)
            self._embed(contents.by_hash.values(), WAITING_BYTES)
        self._embed(contents.by_hash.values())
        return Done(
            tuple(_outcome(job, content) for job, content in taken),
            tuple(deferred),
            tuple(in_flight),
            contents.claimed,
            time.monotonic() - started,
        )

    def _take(self, job: Job, contents: _Contents) -> tuple[Job, _Content]:
        """Read a file once; decode it only if its bytes are new. Raises Unstable, InFlight."""
        if problem := job.found.problem:
            if job.found.stat == NEVER_READ and job.row and job.row.content_id is not None:
                raise Unstable(problem)  # it was read before, and may be again
            return job, _Content(error=problem)
        try:
            data = self.read(job.found)
            if isinstance(data, FilmFile):
                return job, self._film(data, contents)
        except (Unstable, InFlight):
            raise
        except Exception as error:
            why = reason(error, N_("cannot be read: {why}"))
            if job.is_unchanged:
                log.warning("%s: %s; what is known of it is kept", job.found.path, why)
                raise Unstable(why) from error
            return job, _Content(error=why, may_pass=True)
        try:
            sha256 = content_hash(data)
            if sha256 not in contents.by_hash:
                contents.by_hash[sha256] = self._prepared(data, sha256)
        except InFlight:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            return job, _Content(
                error=reason(error, N_("cannot be looked up: {why}")), may_pass=True
            )
        return job, contents.by_hash[sha256]

    def _prepared(self, data: bytes, sha256: bytes) -> _Content:
        """Known, or decoded and ready to be embedded. Raises InFlight."""
        known = self.known(sha256)
        if known and known.embedded:
            return _Content(sha256, known.id, embedded=True)
        content = _Content(sha256, known.id if known else None)
        sentence, may_pass = N_("damaged: {why}"), False
        try:
            with self.room.of(len(data) + decoded_bytes(data)):
                decoded = decode(data, self.encoder.image_size_px)
            sentence, may_pass = NO_THUMBNAIL, True
            self.save_thumbnail(sha256, decoded.thumbnail)
            sentence, may_pass = N_("cannot be scaled for the encoder: {why}"), False
            content.pixels = self.encoder.preprocess(decoded.image)
            content.facts = decoded.facts
        except Exception as error:  # noqa: BLE001 - reason() raises what is no fault of the file
            content.error = reason(error, sentence)
            content.may_pass = may_pass
        return content

    def _film(self, film: FilmFile, contents: _Contents) -> _Content:
        """Hash a film, and decode and embed it if its bytes are new. Raises Unstable, InFlight."""
        if not is_installed(film.format.package):
            return _Content(error=package_needed(film.format))
        with film.hashed() as hashed:
            sha256 = hashed.sha256
            if sha256 not in contents.by_hash:
                known = self.known(sha256)
                if known and known.embedded:
                    return _Content(sha256, known.id, embedded=True)
                contents.given_up.add(sha256)  # until it is done: it may change meanwhile
                content = self._embedded_film(hashed, film.format, known.id if known else None)
            else:
                content = contents.by_hash[sha256]
        contents.given_up.discard(sha256)
        contents.by_hash[sha256] = content
        return content

    def _embedded_film(self, film: HashedFilm, format: Format, id: int | None) -> _Content:
        """Raises InFlight where it was stopped."""
        content = _Content(film.sha256, id)
        sentence = N_("damaged: {why}")
        try:
            with self.room.of(FILM_BYTES):
                reader = FilmReader(
                    film.path, self.encoder.image_size_px, self._frame_vectors, self.stop
                )
                kept = reader.read(format.name)
            sentence, content.may_pass = NO_THUMBNAIL, True
            self.save_thumbnail(film.sha256, kept.cover)
            content.facts, content.vectors = kept.facts, kept.vectors
            content.moments_ms = kept.moments_ms
        except InFlight:
            raise
        except Exception as error:  # noqa: BLE001 - reason() raises what is no fault of the file
            content.error = reason(error, sentence)
            content.may_pass |= isinstance(error, Unreadable)
        return content

    def _frame_vectors(self, pictures: Sequence[Image.Image]) -> FloatArray:
        """(B, D) of B frames of a film. Raises Undecodable where one has none."""
        vectors = []
        for row in self._rows([self.encoder.preprocess(picture) for picture in pictures]):
            if isinstance(row, Message):
                raise Undecodable(row)
            vectors.append(row)
        return np.stack(vectors)

    def _embed(self, contents: Iterable[_Content], least_bytes: int = 1) -> None:
        """Give each that has pixels its vector, or the reason why it has none.

        Does nothing where they have fewer pixels than `least_bytes`.
        """
        waiting = [content for content in contents if content.pixels is not None]
        pixels = [content.pixels for content in waiting if content.pixels is not None]
        if sum(photo.nbytes for photo in pixels) < least_bytes:
            return
        for content, row in zip(waiting, self._rows(pixels), strict=True):
            content.pixels = None
            if isinstance(row, Message):
                content.error = row
            else:
                content.vectors = row

    def _rows(self, pixels: list[FloatArray]) -> list[FloatArray | Message]:
        """The vector of each, or the reason why it has none."""
        try:
            return list(self._vectors(pixels))
        except ClipcoreError:
            raise  # nothing to do with these photos
        except Exception as error:  # noqa: BLE001 - one photo must not cost the others
            log.warning("a batch of %d failed, trying one by one: %s", len(pixels), error)
        rows = [self._embed_alone(photo) for photo in pixels]
        if all(isinstance(row, Message) for row in rows):
            self._try_plain_picture()
        return rows

    def _vectors(self, pixels: list[FloatArray]) -> FloatArray:
        """(B, D) of the photos' pixels. Raises what the encoder raises, ValueError for no numbers.

        One vector that is not finite would spoil the index, and PostgreSQL refuses it.
        """
        vectors = self.encoder.embed_images(np.stack(pixels))
        if len(vectors) != len(pixels) or not np.isfinite(vectors).all():
            raise ValueError("it gave no finite vector")
        return vectors

    def _embed_alone(self, photo: FloatArray) -> FloatArray | Message:
        """The photo's vector, or the reason why it has none."""
        try:
            return np.asarray(self._vectors([photo])[0])
        except Exception as error:  # noqa: BLE001 - reason() raises what is no fault of the photo
            return reason(error, N_("the encoder failed: {why}"))

    def _try_plain_picture(self) -> None:
        """Raises EncoderFailed where the encoder fails on a plain picture: no photo is at fault."""
        side_px = self.encoder.image_size_px
        try:
            self._vectors([self.encoder.preprocess(Image.new("RGB", (side_px, side_px), "grey"))])
        except Exception as error:
            why = reason(error, N_("the encoder fails on every picture: {why}"))
            raise EncoderFailed(why) from error


def without_thumbnail(done: Done, sha256: bytes, error: Message) -> Done:
    """The shard when that content's thumbnail could not be written: its files have failed."""

    def failed(outcome: Outcome) -> Outcome:
        content = outcome.content
        if not (isinstance(content, NewContent) and content.sha256 == sha256):
            return outcome
        never = outcome.found._replace(stat=NEVER_READ)
        return replace(outcome, found=never, content=None, error=error)

    return replace(done, outcomes=tuple(map(failed, done.outcomes)))


def _outcome(job: Job, content: _Content) -> Outcome:
    row, guess, found = job.row, job.moved_from, job.found
    if guess and content.id is not None and content.id == guess.content_id:
        row = guess  # the same bytes under a new name: the photo keeps its number
    left = guess if guess is not row else None
    if content.error:
        if content.may_pass:  # what was not read must not count as unchanged next time
            found = found._replace(stat=NEVER_READ)
        kept = row.content_id if row and job.is_unchanged else None
        return Outcome(found, row, kept, storable(content.error), left)
    if content.vectors is not None and content.facts is not None:
        new = NewContent(content.sha256, content.facts, content.vectors, content.moments_ms)
        return Outcome(found, row, new, left=left)
    return Outcome(found, row, content.id, left=left)
