"""open_library(): the one place that wires store, encoder, index and photo directories together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from clipcore import Encoder, open_encoder
from clipcore.messages import Message
from indexer.encoders import AUTO, OpenEncoder
from indexer.errors import PhotoNotFound
from indexer.imaging.thumbnails import moment_thumbnail, thumbnail_of
from indexer.index.policy import IndexPolicy
from indexer.library.backend import backend_of
from indexer.library.control import Control, StateReporter
from indexer.library.directory import LibraryDirectory
from indexer.library.identity import Identity
from indexer.library.model_request import ModelRequestFile
from indexer.library.opening import open_store, with_model
from indexer.library.roots import add_root, remove_root
from indexer.library.searching import search
from indexer.library.session import ModelInUse, ModelSession
from indexer.library.state import library_state
from indexer.location import Location
from indexer.query.query import Picture, Query, parse
from indexer.records.changes import Failure, IngestReport, Oddity, Pruned
from indexer.records.models import Model
from indexer.records.photos import Item, Photo, Root
from indexer.records.results import Facets, SearchResult
from indexer.records.status import DiskUse, LibraryStatus
from indexer.search.query_vector import given_picture
from indexer.sources.object_storage import signed_link
from indexer.store.status_cache import StatusCache
from indexer.store.store import Store

if TYPE_CHECKING:  # no search waits for these
    from clipcore.families.registry import Languages
    from indexer.ingest.ingest import Progress
    from indexer.ingest.rereading import Rereading
    from indexer.library.indexing import Indexing, RebuildOptions
    from indexer.library.models import Models


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
    best that can be had. With `switch` an existing library's next rebuild switches to `model`;
    until it is done the library is searched as before. `index_policy` chooses the kind of index.
    Raises LibraryError, RootError, or ModelMismatch where `model` is not the library's and may not
    be.
    """
    directory = LibraryDirectory(path.absolute())
    store = open_store(directory, create, model, open_encoder, directories)
    if model != AUTO:
        store = with_model(store, directory.name, model, open_encoder, switch=switch)
    return Library(directory, store, open_encoder, index_policy)


class Library:
    """A person's photos: indexed, kept in line with their folders, and searched.

    Searching may happen from any number of threads and processes while one process writes.
    """

    def __init__(
        self,
        directory: LibraryDirectory,
        store: Store,
        open_encoder: OpenEncoder = open_encoder,
        index_policy: IndexPolicy = IndexPolicy(),  # noqa: B008 - frozen
    ) -> None:
        self.path = directory.path
        self._directory = directory
        self._backend = backend_of(directory, store.database.engine)
        self._identity = Identity(directory, store.database)
        self._open_encoder = open_encoder
        self._index_policy = index_policy
        self._in_use = ModelInUse(store, self._session)
        self._numbers = StatusCache(directory.name)

    def _session(self, store: Store) -> ModelSession:
        return ModelSession(store, self._backend, self._open_encoder, self._index_policy, self.path)

    @property
    def _store(self) -> Store:
        return self._in_use.session.store

    @property
    def is_in_place(self) -> bool:
        """Whether its directory and database are still those that were opened."""
        return self._identity.is_in_place

    def check_identity(self) -> None:
        """Raises LibraryMissing if it was removed, moved or replaced by another one."""
        self._identity.check()

    def check(self) -> None:
        """Read all of the database. Raises DamagedLibrary if it is not as it was written."""
        self._store.database.check()

    def close(self) -> None:
        """Release the database; ends what runs in the background."""
        self._in_use.close()
        self._store.close()

    # the model

    @property
    def model(self) -> Model:
        """The model whose embeddings this library searches."""
        return self._store.model

    @property
    def model_id(self) -> str:
        """Its id."""
        return self._store.model_id

    @property
    def encoder(self) -> Encoder:
        """The encoder of this library's model."""
        return self._in_use.session.encoder

    @cached_property
    def models(self) -> Models:
        """Those that it could be searched with, and the request for another one."""
        from indexer.library.models import Models

        return Models(self._store, ModelRequestFile(self.path), self._open_encoder)

    def use_text_tower(self, name: str) -> None:
        """Let that text tower embed the queries from now on; see Models.use_text_tower."""
        self.models.use_text_tower(name)
        self.follow_model()
        self.prepare_search()

    @property
    def is_prepared(self) -> bool:
        """Whether the model is prepared for searches; else the first one does that.

        It is once for each model, and takes seconds, or up to a minute.
        """
        return self._in_use.session.generic.are_known

    def prepare_search(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Prepare the model for searches now, if need be; `stop` ends it unfinished."""
        self._in_use.session.prepare(stop)

    @property
    def is_switching(self) -> bool:
        """Whether the next rebuild switches to another model."""
        return self._store.is_switching

    @contextmanager
    def switching_to(self, source: str) -> Iterator[Library]:
        """This library with another model; its rebuild, done, lets searches switch to that."""
        self._in_use.restart()  # the memory is needed
        other = open_library(
            self.path,
            model=source,
            switch=True,
            index_policy=self._index_policy,
            open_encoder=self._open_encoder,
        )
        with closing(other):
            yield other

    def follow_model(self) -> None:
        """Switch to the library's model if another process has switched it."""
        self._in_use.follow()

    # photo directories

    def roots(self) -> list[Root]:
        """The photo directories."""
        return self._store.roots.all()

    def roots_here(self) -> list[Root]:
        """Those that this host sees, of a library that several hosts share."""
        return self._store.roots.here()

    def add_root(self, directory: Location, excludes: Iterable[str] | None = None) -> Root:
        """Make `directory` a photo directory, unless a known one contains it: then that one.

        `excludes`, patterns as in .gitignore for what scans leave out, replace earlier ones.
        Raises RootError if it is none.
        """
        return add_root(self._store, self._backend.control, self.path, directory, excludes)

    def remove_root(self, directory: Location) -> None:
        """Forget a photo directory; its photos leave the results, the embeddings stay."""
        remove_root(self._store, directory)

    # the daemon

    @property
    def control(self) -> Control:
        """The channel to its daemons: pause, resume, make way."""
        return self._backend.control

    @contextmanager
    def daemon(self) -> Iterator[StateReporter]:
        """Be this machine's daemon, and report its state. Raises LibraryBusy if there is one."""
        with self._directory.daemon_lock(), StateReporter(self.control) as reporter:
            yield reporter

    # writing

    def writing(self) -> AbstractContextManager[None]:
        """Hold this machine's writer lock. Raises LibraryBusy with who has it."""
        return self._backend.exclusive() if self.is_switching else self._backend.writing()

    def exclusive(self) -> AbstractContextManager[None]:
        """Be the only writer, of all hosts too that share the library. Raises LibraryBusy."""
        return self._backend.exclusive()

    @property
    def _indexing(self) -> Indexing:
        from indexer.library.indexing import Indexing

        session = self._in_use.session
        return Indexing(self._directory, self._identity, self._backend, session, self._open_encoder)

    def rebuild(self, options: RebuildOptions | None = None) -> IngestReport:
        """Bring the library in line with its folders and rewrite the index snapshot.

        Facts that older readers have read are read again. Hold `writing()` around it.
        """
        return self._indexing.rebuild(options)

    def update(
        self,
        paths: Collection[Location] | None = None,
        options: RebuildOptions | None = None,
    ) -> IngestReport:
        """Reconcile all, or only `paths`; leaves the snapshot. Hold `writing()` around it."""
        return self._indexing.update(paths, options)

    def rereading(self) -> Rereading:
        """Reads facts of known photos again that older readers have read.

        Hold `writing()` around its steps.
        """
        return self._indexing.rereading()

    def save_index(self) -> None:
        """Write the index snapshot again, without what is dead. Hold `writing()` around it."""
        self._indexing.save_index()

    def retry_failures(self, progress: Progress | None = None) -> IngestReport:
        """Try all files that failed again, though they stand still. Hold `writing()` around it."""
        from indexer.library.indexing import RebuildOptions

        self.forget_failures()
        return self.update([failure.path for failure in self.failures()], RebuildOptions(progress))

    def forget_failures(self) -> None:
        """Let the next scan try the files that failed again; a running daemon scans at once."""
        self._store.ingest.forget_failures()
        self.control.request_scan()

    def prune(self, older_than: timedelta, *, dry_run: bool = False) -> Pruned:
        """Remove photos that have been missing for longer than that for good.

        Hold `writing()` around it, unless it is a dry run, which only reports.
        """
        from indexer.sync.prune import prune

        forget = self._backend.thumbnails.forget
        return prune(self._store, self.path, older_than, forget, dry_run=dry_run)

    # searching

    def search(
        self,
        query: str | Query,
        top: int = 20,
        *,
        min_strength: float = 0.0,
        preparing: Callable[[], None] = lambda: None,
    ) -> SearchResult:
        """The photos that match a query of the query language; see query.py.

        `min_strength`, 0 to 1, leaves out weaker hits. `preparing` is called before the model is
        prepared for searches, which takes up to a minute. Raises QueryError, PhotoNotFound.
        """
        return search(self._in_use, query, top, min_strength, preparing)

    @property
    def languages(self) -> Languages | None:
        """The languages of the queries that its model understands; None where they are unknown."""
        return getattr(self.encoder, "languages", None)

    def language_notice(self, query: str | Query) -> Message | None:
        """What would understand the query, where its language shows that the model does not."""
        from indexer.search.languages import notice  # no search waits for the list of models

        parsed = parse(query) if isinstance(query, str) else query
        return notice(parsed, self.model, lambda: self.languages)

    def given_picture(self, data: bytes) -> tuple[Picture, bytes]:
        """A picture to search with, from its file's bytes, and its thumbnail. Raises QueryError."""
        return given_picture(self.encoder, data)

    def explore(self, on_step: Callable[[Message], None] = lambda _: None) -> None:
        """Draw the embedding map again and find near-duplicates; takes a minute or more."""
        from indexer.explore.explore import explore  # a search must not wait for it

        explore(self._store, self.encoder, self.thumbnail, self.path, on_step)

    def photo(self, photo_id: int) -> Photo:
        """The photo with this number. Raises PhotoNotFound."""
        return self._store.search.photo(photo_id)

    def items(self, photo_ids: Sequence[int]) -> Iterator[Item]:
        """The photos with these numbers that the library has, each with its other files."""
        others = self._store.stacks.others(photo_ids)
        for photo_id in photo_ids:
            with suppress(PhotoNotFound):
                yield Item(self.photo(photo_id), others.get(photo_id, ()))

    def thumbnail(self, photo: Photo) -> bytes | None:
        """The photo's upright JPEG thumbnail, made again if it is missing; None if that fails."""
        return thumbnail_of(photo, self._backend.thumbnails)

    def moments_s(self, photo: Photo) -> tuple[float, ...]:
        """When the frames of a video are shown that stand for it, in order; () of a photo."""
        return self._store.search.moments_s(photo.sha256) if photo.facts.is_film else ()

    def moment_thumbnail(self, photo: Photo, moment_s: float) -> bytes | None:
        """The upright JPEG thumbnail of a video at that moment, decoded when it is first needed."""
        return moment_thumbnail(photo, round(1000 * moment_s), self._backend.thumbnails)

    def link(self, photo: Photo) -> str | None:
        """A URL under which a browser finds the original, for an hour; None for one on disk.

        It lets anybody read this one photo: it belongs on the page, and in no file.
        """
        return None if isinstance(photo.path, Path) else signed_link(photo.path)

    def stack(self, *, on: bool) -> None:
        """Show RAW+JPEG and Live Photos as one photo each from now on, or each file by itself."""
        self._store.stacks.switch(on=on)

    # state

    def status(self) -> LibraryStatus:
        """The library in numbers."""
        session, change_token = self._in_use.current()
        index = session.index_status(change_token)
        return replace(self.progress(), index=index)

    def progress(self) -> LibraryStatus:
        """The same without the index, which takes a moment to load."""
        return library_state(self._numbers, self._store, self.control, self.models)

    def facets(self) -> Facets:
        """Counts of the photos' common facts; it takes a second or so for 300,000."""
        return self._store.search.facets()

    def failures(self) -> list[Failure]:
        """The files that could not be indexed."""
        return self._store.status.failures()

    def oddities(self) -> list[Oddity]:
        """The files that are indexed though something is odd about them."""
        return self._store.status.oddities()

    def disk_use(self) -> DiskUse:
        """The library's size on disk; reads the size of every thumbnail."""
        return self._backend.disk_use()

    def change_token(self) -> int:
        """A number that changes whenever another process has committed something."""
        return self._store.database.change_token()
