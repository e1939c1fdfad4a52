"""Carries out a plan: a worker pool works through its shards, one transaction each.

A run that is killed loses at most the shards in hand. What happens to the files of a shard is
shard.py's; the workers, and how many run at once, are workers.py's.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from math import ceil
from typing import Final, Protocol

from clipcore.messages import Message
from indexer.imaging.thumbnails import moment_key
from indexer.ingest.claims import AllMine, Hold, Share
from indexer.ingest.committing import recorded
from indexer.ingest.shard import Done, Job
from indexer.ingest.workers import WorkerPool
from indexer.packages import needs_package
from indexer.plurals import counted
from indexer.records.changes import IngestReport, Plan, Row, ScannedFile
from indexer.sources.films import is_film_name
from indexer.spool import Spool
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.store import Store

log = logging.getLogger(__name__)

SHARD: Final = 32  # at most so many photos of each worker are lost when the process is killed,
SHARD_S: Final = 3.0  # and about so much work: a daemon asked to stop has 5 s
FIRST_SHARD: Final = 8  # before it is known how fast this machine is
ELSEWHERE_S: Final = 0.2  # before files are asked for again that other hosts have in hand
SHARED: Final = 4  # from so many photos for each worker on they are divided among the pool


class Progress(Protocol):
    """Told at the start and after each shard how many files of all are done."""

    def __call__(self, done: int, total: int) -> None: ...


class Ingest:
    """Takes photos into one library.

    `forget_thumbnail(key)`: of a film's moment that does not stand for it any more. `stop()` is
    asked between shards.
    """

    def __init__(
        self,
        store: Store,
        pool: WorkerPool,
        share: Share = AllMine(),  # noqa: B008 - it has no state
        *,
        forget_thumbnail: Callable[[bytes], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._pool = pool
        self._share = share
        self._forget_thumbnail = forget_thumbnail
        self._stop = stop
        self._size = min(FIRST_SHARD, SHARD)  # of the next shard

    def run(
        self, plan: Plan, progress: Progress | None = None, again: Iterable[Row] = ()
    ) -> IngestReport:
        """Carry out `plan`; `again`: unchanged rows that must be embedded all the same."""
        tally = _Tally()
        jobs: Collection[Job] = _Jobs(plan, again)
        total = len(jobs)
        self._store.ingest.record((), missing=plan.missing, restored=plan.restored)
        tally.add(missing=len(plan.missing), restored=len(plan.restored))
        if progress:
            progress(0, total)
        while jobs:
            left: Spool[Job] = Spool()
            for done in self._worked_off(jobs, left, tally):
                self._commit(done, tally)
                left.extend(done.in_flight)
                if progress:
                    progress(tally.files, total)
            if left and len(left) == len(jobs):
                time.sleep(ELSEWHERE_S)  # all in the hands of other hosts
            jobs = left if not self._stop() else ()  # what they waited for has been committed
        return tally.finish(total)

    def _worked_off(self, jobs: Collection[Job], left: Spool[Job], tally: _Tally) -> Iterator[Done]:
        """Shards as they are done, until there are no more or `stop` says so.

        `left` gets the jobs that another host has in hand.
        """
        waiting = _Waiting(jobs)
        running: dict[Future[Done], Hold] = {}
        try:
            while True:
                while waiting and len(running) <= self._pool.size and not self._stop():
                    hold = self._share.take(self._next_shard(waiting))
                    left.extend(hold.elsewhere)
                    tally.skip(hold.done_elsewhere)
                    if hold.mine:
                        running[self._pool.submit(hold.mine)] = hold
                    else:
                        hold.release()
                if self._stop():
                    _give_up(running)
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield future.result()  # and on when it has been committed
                    running.pop(future).release()
        finally:
            _give_up(running)
            for hold in running.values():
                hold.release()

    def _next_shard(self, waiting: _Waiting) -> list[Job]:
        """So many that there is work for the whole pool until the end: towards it ever fewer."""
        hands = max(1, min(self._pool.size, len(waiting) // SHARED))
        fair = max(SHARED, ceil(len(waiting) / (2 * hands)))
        return waiting.take(min(self._size, fair))

    def _commit(self, done: Done, tally: _Tally) -> None:
        films = {content.sha256 for content in _new(done.outcomes) if content.facts.is_film}
        before = self._store.ingest.moments(films)
        done = replace(done, outcomes=recorded(self._store, done.outcomes))
        for moment in before - self._store.ingest.moments(films):
            self._forget_thumbnail(moment_key(*moment))
        self._pool.commit(done)
        if not any(is_film_name(outcome.found.path) for outcome in done.outcomes):
            self._size = next_shard_size(len(done) + len(done.in_flight), done.seconds)
        embedded = tally.count(done)
        log.info("%s, %d embedded, %.1f s", counted(len(done), "file"), embedded, done.seconds)


@dataclass(slots=True)
class _Tally:
    """Counts that become the report."""

    started: float = field(default_factory=time.monotonic)
    files: int = 0
    needed: Counter[Message] = field(default_factory=Counter)  # files, by the package they need
    report: IngestReport = field(default_factory=IngestReport)

    def add(self, **counts: int) -> None:
        now = {name: getattr(self.report, name) + more for name, more in counts.items()}
        self.report = replace(self.report, **now)

    def skip(self, count: int) -> None:
        """So many files have been indexed by other hosts meanwhile."""
        self.add(known=count)
        self.files += count

    def count(self, done: Done) -> int:
        """Add what became of a shard; how many photos were embedded."""
        kinds = Counter(_kinds(done.outcomes))
        self.add(**kinds, deferred=len(done.deferred))
        self.files += len(done)
        errors = (outcome.error for outcome in done.outcomes)
        self.needed.update(error for error in errors if error and needs_package(error))
        return kinds["embedded"]

    def finish(self, total: int) -> IngestReport:
        """The report of a run over so many files."""
        for message, files in self.needed.items():
            log.warning("%s failed, each %s", counted(files, "file"), message)
        left = total - self.files
        return replace(self.report, left=left, seconds=time.monotonic() - self.started)


def _give_up(running: dict[Future[Done], Hold]) -> None:
    """Cancel the shards that nobody has begun."""
    for future in [future for future in running if future.cancel()]:
        running.pop(future).release()


class _Jobs(Collection[Job]):
    """What a plan has to be done to files, made as it is read: they may be a hundred million."""

    def __init__(self, plan: Plan, again: Iterable[Row]) -> None:
        self._plan = plan
        self._again = Spool(_untouched(again, plan))

    def __len__(self) -> int:
        plan = self._plan
        return sum(map(len, (plan.new, plan.changed, plan.moved, self._again)))

    def __iter__(self) -> Iterator[Job]:
        yield from (Job(found) for found in self._plan.new)
        yield from (Job(found, row) for row, found in self._plan.changed)
        yield from (Job(found, moved_from=row) for row, found in self._plan.moved)
        yield from (Job(ScannedFile(row.root_id, row.path, row.stat), row) for row in self._again)

    def __contains__(self, job: object) -> bool:
        return any(job == other for other in self)


def _untouched(again: Iterable[Row], plan: Plan) -> Iterator[Row]:
    """Those of the rows that the plan does not touch."""
    rows = iter(again)
    first = next(rows, None)
    if first is None:  # mostly, and then nothing need be gathered
        return
    touched = {row.id for row, _ in chain(plan.moved, plan.changed)}
    touched.update(row.id for row in plan.missing)
    new = {(file.root_id, file.path) for file in plan.new}
    for row in chain((first,), rows):
        if row.id not in touched and (row.root_id, row.path) not in new:
            yield row


class _Waiting:
    """Jobs that nobody has begun yet."""

    def __init__(self, jobs: Collection[Job]) -> None:
        self._jobs = iter(jobs)
        self._left = len(jobs)

    def __len__(self) -> int:
        return self._left

    def take(self, count: int) -> list[Job]:
        """The next ones, up to a film: that takes as long as many photos."""
        taken = []
        for job in islice(self._jobs, count):
            taken.append(job)
            if is_film_name(job.found.path):
                break
        self._left -= len(taken)
        return taken


def next_shard_size(count: int, took_s: float) -> int:
    """How many photos, 1 to SHARD, are SHARD_S of work where `count` of them took so long."""
    return max(1, min(SHARD, int(count * SHARD_S / max(took_s, 1e-3))))


def _new(outcomes: Iterable[Outcome]) -> Iterator[NewContent]:
    contents = (outcome.content for outcome in outcomes)
    return (content for content in contents if isinstance(content, NewContent))


def _kinds(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """What the report counts each as; tells of each new failure that says something of its file."""
    embedded = set()
    for outcome in outcomes:
        content = outcome.content
        if outcome.error:
            if not (outcome.failed_again or needs_package(outcome.error)):
                log.warning("%s: %s", outcome.found.path, outcome.error)
            yield "failed"
        elif isinstance(content, NewContent) and content.sha256 not in embedded:
            embedded.add(content.sha256)
            yield "embedded"
        else:
            yield "moved" if outcome.moved else "known"
