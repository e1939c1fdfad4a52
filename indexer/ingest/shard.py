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
from indexer.errors import EncoderFailed, InFlight, Unstable
from indexer.faults import reason, storable
from indexer.imaging.decode import content_hash, decode, decoded_bytes
from indexer.imaging.memory_budget import Room, free_for_decoding
from indexer.records.changes import Row, ScannedFile
from indexer.records.photos import NEVER_READ, Facts
from indexer.store.outcomes import KnownContent, NewContent, Outcome

log = logging.getLogger(__name__)


# Pixels that wait to be embedded: a whole shard of an encoder that sees 256 x 256, and a few photos
# of one that sees more.
WAITING_BYTES: Final = 24 * 2**20
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
    vector: FloatArray | None = None
    error: Message | None = None
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class ShardWorker:
    """Works shards off with one encoder, from any number of threads at once.

    A thread holds one file at a time, and WAITING_BYTES of pixels, however large a shard is.
    `known(sha256)`: what the library has of these bytes; it raises InFlight where another shard is
    embedding them. `read(found)`: the file's bytes; it raises Unstable and Unreadable.
    `save_thumbnail(sha256, jpeg)`. `room`: how much is decoded at once.
    """

    encoder: Encoder
    known: Callable[[bytes], KnownContent | None]
    read: Callable[[ScannedFile], bytes]
    save_thumbnail: Callable[[bytes, bytes], None]
    room: Room = field(default_factory=lambda: Room(free_for_decoding()))

    def __call__(self, jobs: Sequence[Job]) -> Done:
        """Raises what is no fault of a photo: the encoder is out of order, the disk is full."""
        started = time.monotonic()
        contents: dict[bytes, _Content] = {}  # equal files are decoded and embedded once
        taken: list[tuple[Job, _Content]] = []
        deferred, in_flight = [], []
        for job in jobs:
            try:
                taken.append(self._take(job, contents))
            except Unstable:
                deferred.append(job)
            except InFlight:
                in_flight.append(job)
            self._embed(contents.values(), WAITING_BYTES)
        self._embed(contents.values())
        return Done(
            tuple(_outcome(job, content) for job, content in taken),
            tuple(deferred),
            tuple(in_flight),
            tuple(content.sha256 for content in contents.values() if not content.embedded),
            time.monotonic() - started,
        )

    def _take(self, job: Job, contents: dict[bytes, _Content]) -> tuple[Job, _Content]:
        """Read a file once; decode it only if its bytes are new. Raises Unstable, InFlight."""
        if problem := job.found.problem:
            if job.found.stat == NEVER_READ and job.row and job.row.content_id is not None:
                raise Unstable(problem)  # it was read before, and may be again
            return job, _Content(error=problem)
        try:
            data = self.read(job.found)
        except Unstable:
            raise
        except Exception as error:
            why = reason(error, N_("cannot be read: {why}"))
            if job.is_unchanged:
                log.warning("%s: %s; what is known of it is kept", job.found.path, why)
                raise Unstable(why) from error
            return job, _Content(error=why, may_pass=True)
        try:
            sha256 = content_hash(data)
            if sha256 not in contents:
                contents[sha256] = self._prepared(data, sha256)
        except InFlight:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            return job, _Content(
                error=reason(error, N_("cannot be looked up: {why}")), may_pass=True
            )
        return job, contents[sha256]

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

    def _embed(self, contents: Iterable[_Content], least_bytes: int = 1) -> None:
        """Give each that has pixels its vector, or the reason why it has none.

        Does nothing where they have fewer pixels than `least_bytes`.
        """
        waiting = [content for content in contents if content.pixels is not None]
        pixels = [content.pixels for content in waiting if content.pixels is not None]
        if sum(photo.nbytes for photo in pixels) < least_bytes:
            return
        try:
            rows: list[FloatArray | Message] = list(self._vectors(pixels))
        except ClipcoreError:
            raise  # nothing to do with these photos
        except Exception as error:  # noqa: BLE001 - one photo must not cost the others
            log.warning("a batch of %d failed, trying one by one: %s", len(pixels), error)
            rows = [self._embed_alone(photo) for photo in pixels]
            if all(isinstance(row, Message) for row in rows):
                self._try_plain_picture()
        for content, row in zip(waiting, rows, strict=True):
            content.pixels = None
            if isinstance(row, Message):
                content.error = row
            else:
                content.vector = row

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
    if content.vector is not None and content.facts is not None:
        new = NewContent(content.sha256, content.facts, content.vector)
        return Outcome(found, row, new, left=left)
    return Outcome(found, row, content.id, left=left)
