"""open_library(): the one place that wires store, encoder, index and photo directories together."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from clipcore import Encoder, open_encoder
from clipcore.messages import N_, Message
from indexer.encoders import AUTO, OpenEncoder, encoder_of
from indexer.errors import LibraryMissing, QueryError
from indexer.explore.explore import explore
from indexer.index.contract import Index
from indexer.index.policy import IndexPolicy
from indexer.ingest.ingest import Ingest, Progress
from indexer.ingest.rereading import Rereading
from indexer.ingest.workers import JobContext, PoolFactory, local_pool
from indexer.library.backend import CurrentIndex, FileBackend
from indexer.library.backend_postgres import backend_of
from indexer.library.control import StateReporter
from indexer.library.daemon_now import daemon_now
from indexer.library.models import Models
from indexer.library.opening import opened, use_model
from indexer.library.roots import add_root, remove_root
from indexer.location import Location, is_utf8
from indexer.query.query import Picture, Query, parse
from indexer.records.changes import Failure, IngestReport, Oddity, Pruned, Row
from indexer.records.models import Model
from indexer.records.photos import Photo, Root
from indexer.records.results import Facets, SearchResult
from indexer.records.status import DaemonState, DiskUse, LibraryStatus, Work
from indexer.search.query_vector import given_picture
from indexer.search.searcher import Searcher
from indexer.sources.object_storage import signed_link
from indexer.store.status_cache import StatusCache
from indexer.store.store import Store
from indexer.sync.prune import prune
from indexer.sync.survey import NOT_WATCHING, Watching, survey

log = logging.getLogger(__name__)


def open_library(
    path: Path,
    *,
    create: bool = False,
    directories: Iterable[Location] = (),
    model: str = AUTO,
    switch: bool = False,
    index_policy: IndexPolicy = IndexPolicy(),  # noqa: B008 - frozen
    open_encoder: OpenEncoder = open_encoder,
) -> Library:
    """The library in the directory `path`, made there if `create` allows it.

    `directories`: what a new library's photo directories will be; none is made for unfit ones.
    `model` names the encoder; "auto" is the one of an existing library, and for a new one the
    best that can be had. With `switch` an existing library's next rebuild goes over to `model`;
    until it is done the library is searched as before. `index_policy` chooses the kind of index.
    Raises LibraryError, RootError, or ModelMismatch where `model` is not the library's and may not
    be.
    """
    backend = backend_of(path.absolute())
    store = opened(backend, create, model, open_encoder, directories)
    if model != AUTO:
        use_model(store, backend.name, model, open_encoder, switch=switch)
    return Library(backend, store, open_encoder, index_policy)


class Library:
    """A person's photos: taken in, kept in line with their folders, and searched.

    Searching may happen from any number of threads and processes while one process writes.
    """

    def __init__(
        self,
        backend: FileBackend,
        store: Store,
        open_encoder: OpenEncoder = open_encoder,
        index_policy: IndexPolicy = IndexPolicy(),  # noqa: B008 - frozen
    ) -> None:
        self.path = backend.directory
        self._backend = backend
        self._store = store
        self._open_encoder = open_encoder
        self._index_policy = index_policy
        backend.use(store.engine)
        self._name, self._identity = backend.name, backend.identity()
        self._index_lock = threading.Lock()
        self._seen_change: int | None = None
        self._census = StatusCache(backend.name, store)

    @property
    def model(self) -> Model:
        """The model whose embeddings this library searches."""
        return self._store.model

    @property
    def model_id(self) -> str:
        """Its id."""
        return self._store.model_id

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of this library's model."""
        return encoder_of(self._store.model, self._open_encoder)

    @property
    def is_in_place(self) -> bool:
        """Whether its directory and database are still those that were opened."""
        return self._backend.identity() == self._identity

    def check_identity(self) -> None:
        """Raises LibraryMissing if it was removed, moved or replaced by another one."""
        if not self.is_in_place or self._store.recorded_id() != self._store.library_id:
            raise LibraryMissing(
                N_(
                    "the library at {name} was removed, moved or replaced while it was open: "
                    "nothing is written there any more. Start again where it is now"
                ),
                name=self._name,
            )

    def check(self) -> None:
        """Read all of the database. Raises DamagedLibrary if it is not as it was written."""
        self._store.check()

    def close(self) -> None:
        """Release the database; ends what runs in the background."""
        with self._index_lock:
            self._forget_index()
        self._store.close()

    @cached_property
    def models(self) -> Models:
        """Those that it could be searched with, and the wish for another one."""
        return Models(self._store, self._backend.control, self._open_encoder)

    @contextmanager
    def switching_to(self, source: str) -> Iterator[Library]:
        """This library with another model; its rebuild, done, lets searches go over to that."""
        self.__dict__.pop("encoder", None)  # the memory is needed; it comes again when it is used
        other = open_library(
            self.path,
            model=source,
            switch=True,
            index_policy=self._index_policy,
            open_encoder=self._open_encoder,
        )
        with closing(other):
            yield other

    # photo directories

    def roots(self) -> list[Root]:
        """The photo directories."""
        return self._store.roots()

    def roots_here(self) -> list[Root]:
        """Those that this host sees, of a library that several hosts share."""
        return self._store.roots_here()

    def add_root(self, directory: Location, excludes: Iterable[str] | None = None) -> Root:
        """Make `directory` a photo directory, unless a known one contains it: then that one.

        `excludes` are patterns as in .gitignore for what the next look leaves out; they take the
        place of those that were said before.
        Raises RootError if it is none.
        """
        return add_root(self._store, self._backend.control, directory, excludes)

    def remove_root(self, directory: Location) -> None:
        """Forget a photo directory; its photos leave the results, the embeddings stay."""
        remove_root(self._store, directory)

    # writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold this machine's writer lock. Raises LibraryBusy with who has it."""
        with self._backend.exclusive() if self.is_switching else self._backend.writing():
            yield

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only writer, of all hosts too that share the library. Raises LibraryBusy."""
        with self._backend.exclusive():
            yield

    @contextmanager
    def daemon(self) -> Iterator[StateReporter]:
        """Be this machine's daemon, and tell what it does. Raises LibraryBusy if there is one."""
        with self._backend.daemon_lock(), StateReporter(self._backend.control) as told:
            yield told

    def pause(self) -> None:
        """Let the daemon take in nothing, and write nothing, until `resume()`."""
        self._backend.control.pause()

    def resume(self) -> None:
        """Let the daemon go on."""
        self._backend.control.resume()

    @property
    def paused(self) -> bool:
        """Whether `pause()` was said."""
        return self._backend.control.is_paused()

    @contextmanager
    def making_way(self, work: Work) -> Iterator[None]:
        """Let the daemon index nothing during this work; a pause stays a pause."""
        with self._backend.control.making_way(work):
            yield

    @property
    def makes_way_for(self) -> Work | None:
        """What another process does while the daemon makes way."""
        return self._backend.control.makes_way_for()

    def rebuild(
        self,
        progress: Progress | None = None,
        *,
        reembed: bool = False,
        accept_gone: bool = False,
        stop: Callable[[], bool] = lambda: False,
        watching: Watching = NOT_WATCHING,
        open_pool: PoolFactory = local_pool,
    ) -> IngestReport:
        """Bring the library in line with its folders and rewrite the index snapshot.

        Facts that older readers have read are read again.

        `reembed` computes every embedding again; `accept_gone` believes that many photos have
        gone from a folder that can be read. Hold `writing()` around it.
        """
        report = self.update(
            progress=progress,
            reembed=reembed,
            accept_gone=accept_gone,
            stop=stop,
            watching=watching,
            open_pool=open_pool,
        )
        started = time.monotonic()
        reread = self.rereading().run(progress, lambda: stop() or not self.is_in_place)
        self.check_identity()
        if not stop():
            self.save_index()
        took_s = time.monotonic() - started if reread else 0.0
        return replace(report, reread=reread, reread_s=took_s)

    def rereading(self) -> Rereading:
        """Reads facts of known photos again that older readers have read.

        Hold `writing()` around its steps.
        """
        folders = {root.id: root.path for root in self.roots_here()}
        return Rereading(self._store, folders, self._backend.share())

    def save_index(self) -> None:
        """Write the index snapshot anew, without what is dead. Hold `writing()` around it."""
        with self._index_lock:
            self._forget_index()  # who searches loads the snapshot; a daemon has no use for it
        self._backend.write_index(self._store, self.encoder.dim, self._index_policy)
        if self.is_switching:
            self._store.record_model()

    @property
    def is_switching(self) -> bool:
        """Whether the next rebuild goes over to another model."""
        return self._store.model != self._store.recorded_model()

    def update(
        self,
        paths: Collection[Location] | None = None,
        progress: Progress | None = None,
        *,
        reembed: bool = False,
        accept_gone: bool = False,
        stop: Callable[[], bool] = lambda: False,
        watching: Watching = NOT_WATCHING,
        open_pool: PoolFactory = local_pool,
    ) -> IngestReport:
        """Reconcile all, or only `paths`; `hire`d hands take in what is new or changed.

        Hold `writing()` around it.
        """
        self.check_identity()
        seen = survey(self._store, self.path, paths, accept_gone=accept_gone, watching=watching)
        self._store.set_notices(seen.notices)
        self._store.set_other_formats(seen.others)
        here = self.roots_here()
        folders = {root.id: root.path for root in here}
        again: Iterable[Row] = ()
        if reembed:
            again = (row for root in here for row in self._store.present(root.id))
        elif paths is None:
            again = (row for row in self._store.unembedded() if row.root_id in folders)
        keep = self._backend.thumbnails.save

        def ends() -> bool:
            return stop() or not self.is_in_place

        job = JobContext(
            self._store, self.encoder, self._open_encoder, folders, keep, reembed, ends
        )
        with open_pool(job) as pool:
            ingest = Ingest(self._store, pool, self._backend.share(), stop=ends)
            report = ingest.run(seen.plan, progress, again)
        self.check_identity()
        notices = tuple(notice for notice in seen.notices.values() if notice)
        return replace(report, notices=notices)

    def retry_failures(self, progress: Progress | None = None) -> IngestReport:
        """Try all files that failed again, though they stand still. Hold `writing()` around it."""
        self.forget_failures()
        return self.update([failure.path for failure in self.failures()], progress)

    def forget_failures(self) -> None:
        """Let the next look try the files that failed again; a running daemon looks at once."""
        self._store.forget_failures()
        self._backend.control.request_scan()

    def prune(self, older_than: timedelta, *, dry_run: bool = False) -> Pruned:
        """Remove photos that have been gone for longer than that for good.

        Hold `writing()` around it, unless it is a dry run, which only tells.
        """
        return prune(
            self._store, self.path, older_than, self._backend.thumbnails.forget, dry_run=dry_run
        )

    # searching

    def search(
        self, query: str | Query, top: int = 20, *, min_strength: float = 0.0
    ) -> SearchResult:
        """The photos that a query of the query language asks for; see query.py.

        `min_strength`, 0 to 1, leaves out weaker hits. Raises QueryError, PhotoNotFound.
        """
        started = time.perf_counter()
        if isinstance(query, str) and not is_utf8(query):
            raise QueryError(
                N_("the query is not valid UTF-8: type it in this terminal's encoding")
            )
        parsed = parse(query) if isinstance(query, str) else query
        if top < 1:
            raise QueryError(N_("the number of results must be at least 1, not {top}"), top=top)
        if parsed.terms and self._seen_change is None:
            self._load()
        index = self._current_index()  # before the searcher: it may go over to another model
        verdict, hits = self._searcher.search(parsed, index, top, min_strength)
        took_ms = 1000 * (time.perf_counter() - started)
        return SearchResult(str(query), self.model_id, took_ms, hits, verdict)

    def _load(self) -> None:
        """What the first search needs, side by side: neither model nor index needs the other."""
        encoder = self.encoder
        with ThreadPoolExecutor(1) as beside:
            loaded = beside.submit(encoder.load_texts)
            self._current_index()
            loaded.result()

    def given_picture(self, data: bytes) -> tuple[Picture, bytes]:
        """A picture to search with, from its file's bytes, and its thumbnail. Raises QueryError."""
        return given_picture(self.encoder, data)

    @cached_property
    def _searcher(self) -> Searcher:
        return Searcher(self.encoder, self._store, self.path / "generic-texts.bin")

    def _current_index(self) -> Index:
        """The index with everything that has been committed so far."""
        return self._current_live_index()[1]

    def _current_live_index(self) -> tuple[CurrentIndex, Index]:
        with self._index_lock:
            token = self._store.change_token()
            if token != self._seen_change:
                if self._seen_change is not None:
                    self.follow_model()
                self._seen_change = token
            return self._live_index, self._live_index.current(token)

    def follow_model(self) -> None:
        """Go over to the library's model if another process has switched it."""
        recorded = self._store.recorded_model()
        if recorded != self._store.model:
            log.info("the library has gone over to the model %s", recorded.id)
            self._store.model = recorded
            self._forget_index()
            for stale in ("encoder", "_searcher"):
                self.__dict__.pop(stale, None)

    def _forget_index(self) -> None:
        live_index: CurrentIndex | None = self.__dict__.pop("_live_index", None)
        if live_index is not None:
            live_index.close()

    @cached_property
    def _live_index(self) -> CurrentIndex:
        return self._backend.current_index(self._store, self.encoder.dim, self._index_policy)

    def explore(self, told: Callable[[Message], None] = lambda _: None) -> None:
        """Draw the atlas anew and find the look-alikes; takes a minute or more. See explore.py."""
        explore(self._store, self.encoder, self.thumbnail, self.path, told)

    def photo(self, photo_id: int) -> Photo:
        """The photo with this number. Raises PhotoNotFound."""
        return self._store.photo(photo_id)

    def thumbnail(self, photo: Photo) -> bytes | None:
        """The photo's upright JPEG thumbnail, made again if it is gone; None if that fails."""
        return self._backend.thumbnails.of(photo)

    def link(self, photo: Photo) -> str | None:
        """A URL under which a browser finds the original, for an hour; None for one on disk.

        Whoever has the link can read this one photo: it belongs on the page, and in no file.
        """
        return None if isinstance(photo.path, Path) else signed_link(photo.path)

    # telling

    def status(self) -> LibraryStatus:
        """The library in numbers."""
        live_index, _ = self._current_live_index()
        return replace(self.progress(), index=live_index.status())

    def progress(self) -> LibraryStatus:
        """The same without the index, which takes a moment to load."""
        paused = self.paused
        return replace(
            self._census.now(),
            paused=paused,
            request=self._backend.control.model_request(),
            daemon=self._daemon_now(paused),
        )

    def _daemon_now(self, paused: bool) -> DaemonState | None:
        control = self._backend.control
        makes_way_for, scan = self.makes_way_for, control.requested_scan()
        last = control.daemon()  # after the requests: a daemon tells first, and takes them then
        if last is None:
            return None
        return daemon_now(last, is_paused=paused, makes_way_for=makes_way_for, scan=scan)

    def facets(self) -> Facets:
        """What the photos have in common, counted; it takes a second or so for 300,000."""
        return self._store.facets()

    def failures(self) -> list[Failure]:
        """The files that could not be taken in."""
        return self._store.failures()

    def oddities(self) -> list[Oddity]:
        """The files that are indexed though something is odd about them."""
        return self._store.oddities()

    def disk_use(self) -> DiskUse:
        """What the library takes on disk; reads the size of every thumbnail."""
        return self._backend.disk_use()

    def change_token(self) -> int:
        """A number that changes whenever another process has committed something."""
        return self._store.change_token()
