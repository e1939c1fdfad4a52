"""Brings a library in line with its folders: surveys them, has photos embedded, writes the index.

Knows nothing of how a photo is read or which process does it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clipcore.errors import ClipcoreError
from indexer.encoders import OpenEncoder
from indexer.ingest.ingest import Ingest, Progress
from indexer.ingest.workers import JobContext, PoolFactory, local_pool
from indexer.library.backend import Backend
from indexer.library.directory import LibraryDirectory
from indexer.library.identity import Identity
from indexer.library.session import ModelSession
from indexer.location import Location
from indexer.records.changes import IngestReport, Row
from indexer.store.store import Store
from indexer.sync.survey import NOT_WATCHING, Watching, survey

if TYPE_CHECKING:
    from indexer.ingest.rereading import Rereading

log = logging.getLogger(__name__)


def never() -> bool:
    """The `stop` of a run that nothing stops."""
    return False


@dataclass(frozen=True, slots=True)
class RebuildOptions:
    """Options of one run.

    `reembed` computes every embedding again; `accept_missing` accepts that many photos are missing
    from a folder that can be read; `stop` ends the run after what is in flight; `open_pool` opens
    the workers; `preparing` is called before a rebuild prepares the model for searches.
    """

    progress: Progress | None = None
    reembed: bool = False
    accept_missing: bool = False
    stop: Callable[[], bool] = never
    watching: Watching = NOT_WATCHING
    open_pool: PoolFactory = local_pool
    preparing: Callable[[], None] = lambda: None


class Indexing:
    """The runs of one library with one model. Hold its writer lock around each."""

    def __init__(
        self,
        directory: LibraryDirectory,
        identity: Identity,
        backend: Backend,
        session: ModelSession,
        open_encoder: OpenEncoder,
    ) -> None:
        self._directory = directory
        self._identity = identity
        self._backend = backend
        self._session = session
        self._open_encoder = open_encoder

    def rebuild(self, options: RebuildOptions | None) -> IngestReport:
        """Reconcile all, read outdated facts again, and write the index snapshot.

        A run that is stopped leaves the snapshot as it is.
        """
        options = options or RebuildOptions()
        report = self.update(None, options)
        started = time.monotonic()
        reread = self.rereading().run(options.progress, self._ends(options))
        self._identity.check()
        if not options.stop():
            self._prepare_search(options)
        if not options.stop():
            self.save_index()
        took_s = time.monotonic() - started if reread else 0.0
        return replace(report, reread=reread, reread_s=took_s)

    def rereading(self) -> Rereading:
        """A run over the facts that older readers have read."""
        from indexer.ingest.rereading import Rereading  # no search needs it

        store = self._session.store
        return Rereading(store, _folders(store), self._backend.share())

    def _prepare_search(self, options: RebuildOptions) -> None:
        """Before a switch is done, so that searches go on with the old model meanwhile.

        A model whose texts cannot be embedded is none to switch to; a library that has it already
        is indexed all the same.
        """
        try:
            if not self._session.generic.are_known:
                options.preparing()
                self._session.prepare(options.stop)
        except ClipcoreError as error:
            if self._session.store.is_switching:
                raise
            log.warning("cannot prepare the model for searches: %s", error)

    def save_index(self) -> None:
        """Write the index snapshot; a library that switches its model is then searched with it."""
        self._session.write_index()
        store = self._session.store
        if store.is_switching:
            store.database.record_model(store.model)

    def update(
        self, paths: Collection[Location] | None, options: RebuildOptions | None
    ) -> IngestReport:
        """Reconcile all, or only `paths`; index what is new or changed."""
        options = options or RebuildOptions()
        self._identity.check()
        store = self._session.store
        seen = survey(
            store,
            self._directory.path,
            paths,
            accept_missing=options.accept_missing,
            watching=options.watching,
        )
        store.stacks.compare_all()
        store.roots.set_notices(seen.notices)
        store.roots.set_other_formats(seen.others)
        job = self._job(options)
        with options.open_pool(job) as pool:
            ingest = Ingest(
                store,
                pool,
                self._backend.share(),
                forget_thumbnail=self._backend.thumbnails.forget,
                stop=job.stop,
            )
            again = _unchanged(store, paths, job)
            report = ingest.run(seen.plan, options.progress, again)
        self._identity.check()
        notices = tuple(notice for notice in seen.notices.values() if notice)
        return replace(report, notices=notices)

    def _job(self, options: RebuildOptions) -> JobContext:
        store = self._session.store
        return JobContext(
            store,
            self._session.encoder,
            self._open_encoder,
            _folders(store),
            self._backend.thumbnails.save,
            options.reembed,
            self._ends(options),
        )

    def _ends(self, options: RebuildOptions) -> Callable[[], bool]:
        """Whether a run ends: it is stopped, or the library is not there any more."""
        return lambda: options.stop() or not self._identity.is_in_place


def _folders(store: Store) -> dict[int, Location]:
    return {root.id: root.path for root in store.roots.here()}


def _unchanged(store: Store, paths: Collection[Location] | None, job: JobContext) -> Iterable[Row]:
    """The rows whose files stand still and that are to be embedded all the same."""
    if job.reembed:
        return (row for root_id in job.folders for row in store.ingest.present(root_id))
    if paths is None:
        return (row for row in store.ingest.unembedded() if row.root_id in job.folders)
    return ()
