"""open_library(): the one place that wires store, encoder, index and photo directories together."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from PIL import Image

from clipcore import Encoder, open_encoder
from clipcore.checkpoints import choose
from indexer.decode import (
    THUMBNAIL_PX,
    content_hash,
    decode,
    decode_upright,
    write_atomically,
)
from indexer.errors import LibraryBusy, ModelMismatch, QueryError, RootError, Undecodable
from indexer.index_policy import IndexPolicy
from indexer.ingest import Ingest, Progress
from indexer.live_index import LiveIndex
from indexer.query import Query, parse
from indexer.records import (
    Failure,
    IndexStatus,
    IngestReport,
    LibraryStatus,
    Model,
    Photo,
    Root,
    Row,
    SearchResult,
)
from indexer.searcher import Searcher
from indexer.store import Store
from indexer.survey import survey
from indexer.vector_index import VectorIndex

log = logging.getLogger(__name__)

DATABASE: Final = "library.db"
AUTO: Final = "auto"

OpenEncoder = Callable[[str], Encoder]


def open_library(
    path: Path,
    *,
    create: bool = False,
    model: str = AUTO,
    switch: bool = False,
    index_policy: IndexPolicy = IndexPolicy(),  # noqa: B008 - frozen
    open_encoder: OpenEncoder = open_encoder,
) -> Library:
    """The library in the directory `path`, made there if `create` allows it.

    `model` names the encoder; "auto" is the one of an existing library, and for a new one the
    best that can be had. With `switch` an existing library's next rebuild goes over to `model`;
    until it is done the library is searched as before. `index_policy` chooses the kind of index.
    Raises LibraryError, or ModelMismatch where `model` is not the library's and may not be.
    """
    path = path.absolute()
    database = path / DATABASE
    if create and not database.exists():
        _make_directory(path)
        asked = _asked(_best_model() if model == AUTO else model, open_encoder)
        with _writer_lock(path):
            if not database.exists():
                Store.create(database, asked).close()
    store = Store.open(database)
    if model != AUTO and (asked := _asked(model, open_encoder)).id != store.model_id:
        if not switch:
            store.close()
            raise ModelMismatch(
                f"the library at {path} was made with the model {store.model_id}, not {asked.id}: "
                f"leave out --model, or switch with 'indexer rebuild --model {model}'"
            )
        store.model = asked
    return Library(path, store, open_encoder, index_policy)


def _best_model() -> str:
    choice = choose()
    if choice.warning:
        log.warning("%s", choice.warning)
    return choice.source


def _asked(source: str, open_encoder: OpenEncoder) -> Model:
    """The model that a name or a path means; a path is kept absolute."""
    if Path(source).exists():
        source = str(Path(source).absolute())
    return Model(source, open_encoder(source).model_id)


class Library:
    """A person's photos: taken in, kept in line with their folders, and searched.

    Searching may happen from any number of threads and processes while one process writes.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        open_encoder: OpenEncoder = open_encoder,
        index_policy: IndexPolicy = IndexPolicy(),  # noqa: B008 - frozen
    ) -> None:
        self.path = path
        self._store = store
        self._open_encoder = open_encoder
        self._index_policy = index_policy
        self._index_lock = threading.Lock()
        self._seen_change: int | None = None

    @property
    def model(self) -> Model:
        """The model whose embeddings this library searches."""
        return self._store.model

    @property
    def model_id(self) -> str:
        """The id of that model."""
        return self._store.model_id

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of this library's model."""
        source = self._store.model.source
        encoder = self._open_encoder(source)
        if encoder.model_id != self.model_id:
            raise ModelMismatch(
                f"the library at {self.path} was made with the model {self.model_id}, but {source} "
                f"is {encoder.model_id} now: 'indexer rebuild --model {source}' goes over to it"
            )
        return encoder

    def close(self) -> None:
        """Release the database; ends what runs in the background."""
        with self._index_lock:
            self._forget_index()
        self._store.close()

    # photo directories

    def roots(self) -> list[Root]:
        """The photo directories."""
        return self._store.roots()

    def add_root(self, directory: Path) -> Root:
        """Make `directory` a photo directory, unless a known one contains it: then that one.

        Raises RootError if it is none.
        """
        path = directory.expanduser().resolve()
        if not path.is_dir():
            raise RootError(f"{directory} is no directory that can be seen")
        if path.is_relative_to(self.path):
            raise RootError(f"{directory} is the library itself: it holds no photos of yours")
        for root in self.roots():
            if root.path == path or root.path in path.parents:
                return root
        return self._store.add_root(path)

    def remove_root(self, directory: Path) -> None:
        """Forget a photo directory; its photos leave the results, the embeddings stay."""
        path = directory.expanduser().resolve()
        for root in self.roots():
            if root.path == path:
                return self._store.remove_root(root.id)
        raise RootError(f"{directory} is no photo directory of this library")

    # writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library's writer lock. Raises LibraryBusy with who has it."""
        with _writer_lock(self.path):
            yield

    def rebuild(
        self,
        progress: Progress | None = None,
        *,
        reembed: bool = False,
        accept_gone: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Bring the library in line with its folders and rewrite the index snapshot.

        `reembed` computes every embedding again; `accept_gone` believes that many photos have
        gone from a folder that can be read.
        Hold `writing()` around it.
        """
        report = self.update(progress=progress, reembed=reembed, accept_gone=accept_gone, stop=stop)
        if stop():
            return report
        with self._index_lock:
            self._forget_index()  # the next search reads the snapshot
        self._new_live_index().write_snapshot()
        if self._store.model != self._store.recorded_model():
            self._store.record_model()
        self._searcher.prepare()
        return report

    def update(
        self,
        paths: Collection[Path] | None = None,
        progress: Progress | None = None,
        *,
        reembed: bool = False,
        accept_gone: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Reconcile the whole library, or only `paths`, and take in what is new or changed.

        Hold `writing()` around it.
        """
        seen = survey(self._store, self.path, paths, accept_gone=accept_gone)
        self._store.set_notices(seen.notices)
        again: Iterable[Row] = ()
        if reembed:
            again = [row for root in self.roots() for row in self._present(root)]
        elif paths is None:
            again = self._store.unembedded()
        ingest = Ingest(self._store, self.encoder, self._save_thumbnail, reembed=reembed, stop=stop)
        folders = {root.id: root.path for root in self.roots()}
        report = ingest.run(seen.plan, folders, progress, again)
        notices = tuple(notice for notice in seen.notices.values() if notice)
        return replace(report, notices=notices)

    def _present(self, root: Root) -> list[Row]:
        rows = self._store.rows(root.id)
        return [row for row in rows if row.missing_since is None and row.content_id is not None]

    # searching

    def search(
        self, query: str | Query, top: int = 20, *, min_strength: float = 0.0
    ) -> SearchResult:
        """The photos that a query of the query language asks for; see query.py.

        `min_strength`, 0 to 1, leaves out weaker hits. Raises QueryError, PhotoNotFound.
        """
        started = time.perf_counter()
        parsed = parse(query) if isinstance(query, str) else query
        if top < 1:
            raise QueryError(f"the number of results must be at least 1, not {top}")
        index = self._current_index()  # before the searcher: it may go over to another model
        verdict, hits = self._searcher.search(parsed, index, top, min_strength)
        took_ms = 1000 * (time.perf_counter() - started)
        return SearchResult(str(query), self.model_id, took_ms, hits, verdict)

    @cached_property
    def _searcher(self) -> Searcher:
        return Searcher(self.encoder, self._store, self.path / "generic-texts.bin")

    def _current_index(self) -> VectorIndex:
        """The index with everything that has been committed so far."""
        return self._current_live_index()[1]

    def _current_live_index(self) -> tuple[LiveIndex, VectorIndex]:
        with self._index_lock:
            token = self._store.change_token()
            if token != self._seen_change:
                self._follow_model()
                self._seen_change = token
            return self._live_index, self._live_index.current(token)

    def _follow_model(self) -> None:
        """Go over to the library's model if another process has switched it."""
        recorded = self._store.recorded_model()
        if self._seen_change is not None and recorded != self._store.model:
            log.info("the library has gone over to the model %s", recorded.id)
            self._store.model = recorded
            self._forget_index()
            for stale in ("encoder", "_searcher"):
                self.__dict__.pop(stale, None)

    def _forget_index(self) -> None:
        live_index: LiveIndex | None = self.__dict__.pop("_live_index", None)
        if live_index is not None:
            live_index.close()

    @cached_property
    def _live_index(self) -> LiveIndex:
        return self._new_live_index()

    def _new_live_index(self) -> LiveIndex:
        return LiveIndex(self._store, self._snapshot, self.encoder.dim, self._index_policy)

    def photo(self, photo_id: int) -> Photo:
        """The photo with this number. Raises PhotoNotFound."""
        return self._store.photo(photo_id)

    def thumbnail(self, photo: Photo) -> bytes | None:
        """The photo's upright JPEG thumbnail, made again if it is gone; None if that fails."""
        try:
            return self._thumbnail_path(photo.sha256).read_bytes()
        except FileNotFoundError:
            pass
        try:
            data = photo.path.read_bytes()
            thumbnail = decode(data, THUMBNAIL_PX).thumbnail
        except (OSError, Undecodable) as error:
            log.warning("no thumbnail of %s: %s", photo.path, error)
            return None
        self._save_thumbnail(content_hash(data), thumbnail)
        return thumbnail

    def upright_image(self, photo: Photo, max_side_px: int = 1600) -> Image.Image:
        """The photo itself, upright, for showing. Raises Undecodable or OSError."""
        return decode_upright(photo.path.read_bytes(), max_side_px)

    # telling

    def status(self) -> LibraryStatus:
        """The library in numbers."""
        return LibraryStatus(
            library=self.path,
            model_id=self.model_id,
            roots=tuple(self._store.root_status()),
            photos=self._store.searchable(),
            embeddings=self._store.embedding_count(),
            failed=len(self._store.failures()),
            missing=self._store.missing_count(),
            index=self._index_status(),
        )

    def failures(self) -> list[Failure]:
        """The files that could not be taken in."""
        return self._store.failures()

    def change_token(self) -> int:
        """A number that changes whenever another process has committed something."""
        return self._store.change_token()

    def _index_status(self) -> IndexStatus:
        live_index, _ = self._current_live_index()
        return live_index.status()

    # where things lie

    @property
    def _snapshot(self) -> Path:
        return self.path / "index.faiss"

    def _thumbnail_path(self, sha256: bytes) -> Path:
        name = sha256.hex()
        return self.path / "thumbnails" / name[:2] / f"{name}.jpg"

    def _save_thumbnail(self, sha256: bytes, jpeg: bytes) -> None:
        write_atomically(self._thumbnail_path(sha256), jpeg)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RootError(f"{path} cannot be made: {error.strerror}") from error


@contextmanager
def _writer_lock(path: Path) -> Iterator[None]:
    holder = path / "writer.json"
    try:
        lock = FileLock(path / "writer.lock").acquire(timeout=0)
    except Timeout as error:
        raise LibraryBusy(f"the library at {path} is being written by {_told(holder)}") from error
    with lock:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        told = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        write_atomically(holder, json.dumps(told).encode())
        yield


def _told(holder: Path) -> str:
    try:
        told = json.loads(holder.read_bytes())
        return f"process {told['pid']} on {told['host']} since {told['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"
