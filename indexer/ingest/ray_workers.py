"""A worker pool on a Ray cluster: workers that hold the model, each on a core or a graphics card.

Shards go out to workers that are ready, one to each of their cores; what comes back is committed
where the library lies, like that of the local pool. Ray restarts a worker that is lost, and
its shard begun again elsewhere.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import chain, count
from queue import Empty, SimpleQueue
from typing import Any, Final

from clipcore.errors import ClipcoreError
from clipcore.messages import N_, Message
from indexer.errors import ClusterError, IndexerError
from indexer.faults import reason
from indexer.ingest.ray_cluster import Slot, joined, slots
from indexer.ingest.ray_worker import SharedClaims, Worker, WorkerSettings
from indexer.ingest.shard import NO_THUMBNAIL, Done, Job, without_thumbnail
from indexer.ingest.workers import JobContext, WorkerPool
from indexer.records.photos import NEVER_READ
from indexer.store.outcomes import Outcome

log = logging.getLogger(__name__)

TRIES: Final = 2  # so many workers may be lost with a shard before its photos go one by one
LOADS: Final = 10  # a worker that is lost so often while it loads is one that cannot work
LOOKS_UP_EVERY_S: Final = 0.2  # who waits for a worker: may it still go on?
TELLS_AFTER_S: Final = 120  # loading a model takes a while


@contextmanager
def ray_pool(address: str, job: JobContext) -> Iterator[WorkerPool]:
    """The workers of the cluster at `address`, HOST:PORT, or of one on this machine, `local`.

    Raises MissingRay, ClusterError.
    """
    with joined(address), closing(RayPool(job, slots())) as pool:
        yield pool


class RayPool:
    """Workers in the given places of the cluster that this process has joined. Close it."""

    def __init__(self, job: JobContext, places: Sequence[Slot]) -> None:
        import ray

        self.size = sum(place.cores for place in places)
        self._ray: Any = ray
        self._losses = _losses(ray.exceptions)
        self._job = job
        self._numbers = count()
        self._ready: SimpleQueue[Any] = SimpleQueue()  # a worker is in it once for each free core
        self._left = self.size  # hands that can work, or will
        self._hindrance: Exception | None = None  # of the last that cannot
        self._lock = threading.Lock()
        self._closed = False
        self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="ray")
        self._claims = self._new_claims()
        self._workers = self._new_workers(places)

    def submit(self, jobs: Sequence[Job]) -> Future[Done]:
        return self._pool.submit(self._work_off, jobs)

    def commit(self, done: Done) -> None:
        self._ray.get(self._claims.commit.remote(done.claimed, done.embedded))

    def close(self) -> None:
        """End the workers, whatever they have in hand."""
        self._closed = True
        for worker in [*self._workers, self._claims]:
            self._ray.kill(worker)
        self._pool.shutdown(cancel_futures=True)

    # workers

    def _new_claims(self) -> Any:
        here = self._ray.get_runtime_context().get_node_id()
        store, reembed = self._job.store, self._job.reembed
        options = self._options(here, soft=False) | {"max_task_retries": -1, "num_cpus": 0}
        return (
            self._ray.remote(SharedClaims)
            .options(**options)
            .remote(store.database.location, store.model, reembed)
        )

    def _new_workers(self, places: Sequence[Slot]) -> list[Any]:
        """A worker in each place. The first of a machine finds out what computes best there."""
        by_node: defaultdict[str, list[Slot]] = defaultdict(list)
        for place in places:
            by_node[place.node].append(place)
        job = self._job
        most = max(map(len, by_node.values()))
        settings = WorkerSettings(job.store.model, job.open_encoder, job.folders, most)
        workers = []
        for beside in by_node.values():
            hands = [(self._new_worker(place, settings), place.cores) for place in beside]
            workers += [worker for worker, _ in hands]
            self._prepare(hands)
        return workers

    def _new_worker(self, place: Slot, settings: WorkerSettings) -> Any:
        options = self._options(place.node, soft=True) | {
            "num_cpus": place.cores,
            "num_gpus": place.gpus,
            "max_concurrency": place.cores,
        }
        return self._ray.remote(Worker).options(**options).remote(settings, place.cores)

    def _options(self, node: str, *, soft: bool) -> dict[str, Any]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        where = NodeAffinitySchedulingStrategy(node, soft=soft)
        return {"max_restarts": -1, "scheduling_strategy": where}

    def _prepare(self, hands: list[tuple[Any, int]]) -> None:
        """Let the first get ready, and then the others."""
        (worker, cores), *others = hands

        def prepared(future: Future[None]) -> None:
            self._take_in(worker, cores, future.exception())
            for other in others:
                if not self._closed:
                    self._prepare([other])

        self._when_prepared(worker, prepared)

    def _when_prepared(self, worker: Any, then: Callable[[Future[None]], None]) -> None:
        """A worker that is lost meanwhile gets ready when Ray has restarted it."""
        ready = worker.prepare.options(max_task_retries=LOADS).remote()
        ready.future().add_done_callback(then)

    def _take_in(self, worker: Any, hands: int, error: BaseException | None) -> None:
        if error is not None:
            self._do_without(hands, error)
            return
        for _ in range(hands):
            self._ready.put(worker)

    def _do_without(self, hands: int, error: BaseException) -> None:
        if self._closed:
            return
        why = _explained(error)
        log.warning("the cluster has a worker less: %s", why)
        with self._lock:
            self._hindrance = why
            self._left -= hands

    def _next_worker(self) -> Any:
        """One that is ready; None if nothing more is to be begun. Raises what hinders the last."""
        since = time.monotonic()
        while not (self._job.stop() or self._closed):
            try:
                return self._ready.get(timeout=LOOKS_UP_EVERY_S)
            except Empty:
                if self._hindrance and not self._left:
                    raise self._hindrance from None
            if time.monotonic() - since > TELLS_AFTER_S:
                since = time.monotonic()
                log.warning("photos wait for a worker: 'ray status' tells what the cluster lacks")
        return None

    # shards

    def _work_off(self, jobs: Sequence[Job]) -> Done:
        number = next(self._numbers)
        done = self._tried(number, jobs)
        if done is None and len(jobs) > 1:
            log.warning("%d workers were lost with the same photos: one by one now", TRIES)
        if done is None:
            done = _together([self._alone(number, job) for job in jobs])
        return done

    def _alone(self, number: int, job: Job) -> Done:
        """What became of one photo, be it the end of those who take it in hand."""
        done = self._tried(number, [job])
        if done is None:
            self._ray.get(self._claims.release.remote(number))
            done = _given_up(job)
        return done

    def _tried(self, number: int, jobs: Sequence[Job]) -> Done | None:
        """The outcome of the jobs; None if worker after worker was lost with them."""
        raised = lost = 0
        while lost < TRIES:
            worker = self._next_worker()
            if worker is None:
                return Done((), in_flight=tuple(jobs))
            try:
                done, thumbnails = self._ray.get(worker.work.remote(number, jobs, self._claims))
            except self._ray.exceptions.RayTaskError as error:
                raised += 1
                self._do_without(1, error)
                if raised == TRIES:
                    raise _explained(error) from error
            except self._losses as error:
                lost += 1
                log.warning("a worker was lost: %s", _explained(error))
                self._prepare([(worker, 1)])
            else:
                self._ready.put(worker)
                return self._with_thumbnails(done, thumbnails)
        return None

    def _with_thumbnails(self, done: Done, thumbnails: Mapping[bytes, bytes]) -> Done:
        """The shard once its thumbnails are written; a failure costs the files of that one."""
        for sha256, jpeg in thumbnails.items():
            try:
                self._job.save_thumbnail(sha256, jpeg)
            except Exception as error:  # noqa: BLE001 - reason() raises what is no fault of a file
                done = without_thumbnail(done, sha256, reason(error, NO_THUMBNAIL))
        return done


def _losses(exceptions: Any) -> tuple[type[Exception], ...]:
    """What Ray raises when a worker, its machine or its answer is gone."""
    names = ("RayActorError", "WorkerCrashedError", "OutOfMemoryError", "NodeDiedError")
    return tuple(getattr(exceptions, name) for name in (*names, "ObjectLostError"))


def _explained(error: BaseException) -> Exception:
    """An exception from another machine, as one of ours."""
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, IndexerError | ClipcoreError):
        return cause
    return ClusterError(
        N_("{kind}: {why}"), kind=type(cause).__name__, why=" ".join(str(cause).split())
    )


def _given_up(job: Job) -> Done:
    if job.is_unchanged:  # what is known of it is kept
        return Done((), deferred=(job,))
    never = job.found._replace(stat=NEVER_READ)  # tried again at the next scan
    error = Message(N_("{count} workers of the cluster were lost while they had it"), count=TRIES)
    return Done((Outcome(never, job.row, error=error, left=job.moved_from),))


def _together(parts: Sequence[Done]) -> Done:
    def all_of(name: str) -> tuple[Any, ...]:
        return tuple(chain.from_iterable(getattr(part, name) for part in parts))

    lists = ("outcomes", "deferred", "in_flight", "claimed")
    return Done(**{name: all_of(name) for name in lists}, seconds=sum(p.seconds for p in parts))
