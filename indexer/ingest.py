"""Carries a plan out: read -> hash -> known? -> decode ahead -> embed a batch -> one transaction.

Each batch is committed by itself, so a run that is killed loses at most one. A file that fails
is recorded with its reason; a batch that fails is tried again photo by photo.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from clipcore.encoder import Encoder
from clipcore.errors import ClipcoreError
from indexer.decode import content_hash, decode, decoded_bytes, read_stable
from indexer.errors import Undecodable, Unreadable, Unstable
from indexer.memory import Room, free_for_decoding
from indexer.outcomes import NewContent, Outcome
from indexer.records import NEVER_READ, Facts, Found, IngestReport, Plan, Row
from indexer.store import Store

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]

BATCH: Final = 32  # at most so many photos are lost when the process is killed,
BATCH_S: Final = 3.0  # and about so much work: a daemon told to stop has 5 s
FIRST_BATCH: Final = 8  # before it is known how fast this machine is
DECODERS: Final = 2
LOOK_AHEAD: Final = 2 * BATCH  # files read and decoded before they are embedded


class Progress(Protocol):
    """Told at the start and after each batch how many files of all are done."""

    def __call__(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A file to take in. `moved_from`: the row whose file this may be under a new name."""

    found: Found
    row: Row | None = None
    moved_from: Row | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file after reading: known content, pixels to embed, or an error; none: left for later.

    Both where the content is known, but not embedded by the model.
    """

    job: Job
    content_id: int | None = None
    sha256: bytes = b""
    facts: Facts | None = None
    pixels: FloatArray | None = None
    error: str | None = None


@dataclass(slots=True)
class _Tally:
    """Counts that become the report, and the hashes of what has been embedded."""

    started: float = field(default_factory=time.monotonic)
    embedded: set[bytes] = field(default_factory=set)
    report: IngestReport = field(default_factory=IngestReport)

    def add(self, **counts: int) -> None:
        now = {name: getattr(self.report, name) + more for name, more in counts.items()}
        self.report = replace(self.report, **now)

    def finish(self) -> IngestReport:
        return replace(self.report, seconds=time.monotonic() - self.started)


class Ingest:
    """Takes photos into one library with one encoder.

    `save_thumbnail(sha256, jpeg)` is called from several threads. `stop()` is asked between
    batches.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        save_thumbnail: Callable[[bytes, bytes], None],
        *,
        reembed: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._save_thumbnail = save_thumbnail
        self._reembed = reembed
        self._stop = stop
        self._room = Room(free_for_decoding())

    def run(
        self,
        plan: Plan,
        roots: Mapping[int, Path],
        progress: Progress | None = None,
        again: Iterable[Row] = (),
    ) -> IngestReport:
        """Carry out `plan`; `again`: unchanged rows that must be embedded all the same."""
        tally = _Tally()
        jobs = _jobs(plan, again)
        self._store.record((), gone=plan.gone, back=plan.back)
        tally.add(gone=len(plan.gone), back=len(plan.back))
        done = 0
        if progress:
            progress(done, len(jobs))
        for batch in self._prepared(jobs, roots):
            self._take(batch, tally)
            done += len(batch)
            if progress:
                progress(done, len(jobs))
        return tally.finish()

    def _prepared(self, jobs: list[Job], roots: Mapping[int, Path]) -> Iterator[list[Prepared]]:
        """Batches in the order of the jobs, read and decoded ahead by a few threads."""
        waiting = iter(jobs)
        with ThreadPoolExecutor(DECODERS, thread_name_prefix="decode") as pool:

            def submit(count: int) -> list[Future[Prepared]]:
                return [
                    pool.submit(self._prepare, job, roots[job.found.root_id])
                    for job in islice(waiting, count)
                ]

            ahead = deque(submit(LOOK_AHEAD))
            size = min(FIRST_BATCH, BATCH)
            try:
                while ahead and not self._stop():
                    started = time.monotonic()
                    batch = [ahead.popleft().result() for _ in range(min(size, len(ahead)))]
                    ahead.extend(submit(len(batch)))
                    yield batch  # and on when it has been committed
                    size = _next_size(len(batch), time.monotonic() - started)
            finally:
                for future in ahead:
                    future.cancel()

    def _prepare(self, job: Job, root: Path) -> Prepared:
        """Read a file once; decode it only if its bytes are new to the model."""
        if job.found.problem:
            return Prepared(job, error=job.found.problem)
        try:
            data = read_stable(root / job.found.path, job.found.stat)
            sha256 = content_hash(data)
            known = self._store.known(sha256)
            if known and known.embedded and not self._reembed:
                return Prepared(job, content_id=known.id)
            with self._room.of(decoded_bytes(data)):
                decoded = decode(data, self._encoder.image_size_px)
        except Unstable:
            return Prepared(job)
        except Unreadable as error:
            if _is_unchanged(job):  # it was read before, and may be again
                log.warning("%s: %s; what is known of it is kept", job.found.path, error)
                return Prepared(job)
            # what was not read must not count as unchanged next time
            return Prepared(_never_read(job), error=str(error))
        except Undecodable as error:
            return Prepared(job, error=str(error))
        self._save_thumbnail(sha256, decoded.thumbnail)
        content_id = known.id if known else None
        try:
            pixels = self._encoder.preprocess(decoded.image)
        except Exception as error:  # noqa: BLE001 - a strip of a million pixels, out of memory
            return Prepared(job, error=f"cannot be scaled for the encoder: {error!r}")
        return Prepared(job, content_id, sha256, decoded.facts, pixels)

    def _take(self, batch: list[Prepared], tally: _Tally) -> None:
        """Embed what needs it and commit the batch."""
        started, before = time.monotonic(), tally.report.embedded
        batch = [self._unless_embedded(item, tally) for item in batch]
        vectors = self._embed(batch)
        outcomes: list[Outcome] = []
        gone: list[Row] = []
        for item, vector in zip(batch, vectors, strict=True):
            if isinstance(vector, str):
                item = replace(item, pixels=None, error=vector)
            if item.content_id is None and item.pixels is None and item.error is None:
                tally.add(postponed=1)
                continue
            outcome = _outcome(item, vector if not isinstance(vector, str) else None)
            outcomes.append(outcome)
            if item.job.moved_from and outcome.row is not item.job.moved_from:
                gone.append(item.job.moved_from)
            _count(outcome, item.job, tally)
        self._store.record(outcomes, gone=gone)
        embedded = tally.report.embedded - before
        log.info("%d files, %d embedded, %.1f s", len(batch), embedded, time.monotonic() - started)

    def _unless_embedded(self, item: Prepared, tally: _Tally) -> Prepared:
        """Without its pixels, if an equal file was embedded after this one had been prepared."""
        if item.sha256 not in tally.embedded:
            return item
        known = self._store.known(item.sha256)
        return Prepared(item.job, content_id=known.id) if known else item

    def _embed(self, batch: list[Prepared]) -> list[FloatArray | str | None]:
        """For each item its vector, the reason why there is none, or None if it needs none.

        Equal contents in a batch are embedded once.
        """
        unique = {item.sha256: item.pixels for item in batch if item.pixels is not None}
        if not unique:
            return [None] * len(batch)
        try:
            rows: list[FloatArray | str] = list(
                self._encoder.embed_images(np.stack(list(unique.values())))
            )
        except ClipcoreError:
            raise  # nothing to do with these photos
        except Exception as error:  # noqa: BLE001 - one photo must not cost the others
            log.warning("a batch of %d failed, trying one by one: %s", len(unique), error)
            rows = self._embed_singly(list(unique.values()), error)
        by_hash = dict(zip(unique, rows, strict=True))
        return [by_hash.get(item.sha256) for item in batch]

    def _embed_singly(self, pixels: list[FloatArray], failure: Exception) -> list[FloatArray | str]:
        """One by one. Where not a single photo of several goes through, it is not the photos."""
        rows: list[FloatArray | str] = []
        for photo in pixels:
            try:
                rows.append(self._encoder.embed_images(photo[None])[0])
            except Exception as error:  # noqa: BLE001 - recorded as the photo's reason
                rows.append(f"the encoder failed: {error}")
        if len(rows) > 1 and all(isinstance(row, str) for row in rows):
            raise failure
        return rows


def _jobs(plan: Plan, again: Iterable[Row]) -> list[Job]:
    jobs = [Job(found) for found in plan.new]
    jobs += [Job(found, row) for row, found in plan.changed]
    jobs += [Job(found, moved_from=row) for row, found in plan.moved]
    planned = {(job.found.root_id, job.found.path) for job in jobs}
    moved_ids = {row.id for row, _ in plan.moved} | {row.id for row in plan.gone}
    return jobs + [
        Job(Found(row.root_id, row.path, row.stat), row)
        for row in again
        if (row.root_id, row.path) not in planned and row.id not in moved_ids
    ]


def _next_size(count: int, took_s: float) -> int:
    """How many photos are BATCH_S of work, if these took so long."""
    return max(1, min(BATCH, int(count * BATCH_S / max(took_s, 1e-3))))


def _is_unchanged(job: Job) -> bool:
    """Whether the library has this file's content already, and only its embedding is wanted."""
    row = job.row
    return row is not None and row.content_id is not None and row.stat == job.found.stat


def _never_read(job: Job) -> Job:
    return replace(job, found=replace(job.found, stat=NEVER_READ))


def _outcome(item: Prepared, vector: FloatArray | None) -> Outcome:
    job, content = item.job, item.content_id
    row = job.row
    if job.moved_from and content is not None and content == job.moved_from.content_id:
        row = job.moved_from  # the same bytes under a new name: the photo keeps its number
    if vector is not None and item.facts is not None:
        return Outcome(job.found, row, NewContent(item.sha256, item.facts, vector))
    if item.error:
        content = row.content_id if row and _is_unchanged(job) else None
    return Outcome(job.found, row, content, item.error)


def _count(outcome: Outcome, job: Job, tally: _Tally) -> None:
    if outcome.error:
        if not outcome.failed_again:
            log.warning("%s: %s", outcome.found.path, outcome.error)
        tally.add(failed=1)
    elif isinstance(outcome.content, NewContent) and outcome.content.sha256 not in tally.embedded:
        tally.embedded.add(outcome.content.sha256)
        tally.add(embedded=1)
    elif job.moved_from and outcome.row is job.moved_from:
        tally.add(moved=1)
    else:
        tally.add(known=1)
