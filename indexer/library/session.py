"""The model of a library at work: its encoder, its searcher and its index, as one object.

A library that switches its model replaces the whole session at once; searches that are in flight
finish on the old one. Knows nothing of queries or of how photos are indexed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clipcore import Encoder
from indexer.encoders import OpenEncoder, encoder_of, texts_id
from indexer.index.contract import Index
from indexer.index.policy import IndexPolicy
from indexer.library.backend import Backend, CurrentIndex
from indexer.records.status import IndexStatus
from indexer.search.generic import GenericTexts
from indexer.search.searcher import Searcher
from indexer.store.store import Store

log = logging.getLogger(__name__)


class ModelSession:
    """One model of a library. Each part is made at its first use. Thread-safe."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        open_encoder: OpenEncoder,
        policy: IndexPolicy,
        directory: Path,
    ) -> None:
        """`directory`: the library's, where the embeddings of the generic texts are stored."""
        self.store = store
        self._backend = backend
        self._open_encoder = open_encoder
        self._policy = policy
        self._directory = directory
        self._making = threading.RLock()
        self._encoder: Encoder | None = None
        self._generic: GenericTexts | None = None
        self._searcher: Searcher | None = None
        self._index: CurrentIndex | None = None
        self._index_lock = threading.Lock()
        self._closed = False

    @property
    def encoder(self) -> Encoder:
        """The encoder of the model. Raises ModelMismatch if another one has its name now."""
        with self._making:
            if self._encoder is None:
                self._encoder = encoder_of(self.store.model, self._open_encoder)
            return self._encoder

    @property
    def searcher(self) -> Searcher:
        """The searcher with this encoder."""
        with self._making:
            if self._searcher is None:
                self._searcher = Searcher(self.encoder, self.store, self.generic)
            return self._searcher

    @property
    def generic(self) -> GenericTexts:
        """The generic texts as they are embedded for this model."""
        with self._making:
            if self._generic is None:
                texts = texts_id(self.encoder)
                self._generic = GenericTexts(self._directory, texts, self.encoder.dim)
            return self._generic

    def prepare(self, stop: Callable[[], bool]) -> None:
        """Embed the generic texts if need be, so that the first search need not.

        By an encoder of its own: a process that embeds photos keeps no text tower in memory.
        """
        if not self.generic.are_known:
            log.info("preparing %s for searches", self.store.model.id)
            encoder = encoder_of(self.store.model, self._open_encoder)
            self.generic.prepare(encoder, stop)

    def load(self, change_token: int) -> None:
        """Load what the first search needs: encoder and index in parallel."""
        if self._index is not None:
            return
        encoder = self.encoder
        with ThreadPoolExecutor(1) as parallel:
            loaded = parallel.submit(encoder.load_texts)
            self.index(change_token)
            loaded.result()

    def index(self, change_token: int) -> Index:
        """The index with everything that had been committed at `change_token`."""
        with self._index_lock:
            return self._current_index().current(change_token)

    def index_status(self, change_token: int) -> IndexStatus:
        """The kind of the index then, and the reason for it."""
        with self._index_lock:
            index = self._current_index()
            index.current(change_token)
            return index.status()

    def write_index(self) -> None:
        """Write the index snapshot again, without what is dead."""
        self._release_index()  # a search loads the snapshot; a daemon has no use for the index
        self._backend.write_index(self.store, self.encoder.dim, self._policy)

    def close(self) -> None:
        """End what runs in the background; searches in flight finish all the same."""
        self._closed = True
        self._release_index()

    def _current_index(self) -> CurrentIndex:
        if self._index is None:
            self._index = self._backend.current_index(self.store, self.encoder.dim, self._policy)
            if self._closed:
                self._index.close()
        return self._index

    def _release_index(self) -> None:
        with self._index_lock:
            index, self._index = self._index, None
        if index is not None:
            index.close()


class ModelInUse:
    """The session of the model that the library is searched with. Thread-safe."""

    def __init__(self, store: Store, open_session: Callable[[Store], ModelSession]) -> None:
        self._open_session = open_session
        self._session = open_session(store)
        self._recorded = store.database.recorded_model()
        self._lock = threading.Lock()
        self._seen_change: int | None = None

    @property
    def session(self) -> ModelSession:
        """The session, as it was known last."""
        return self._session

    def current(self) -> tuple[ModelSession, int]:
        """The session, and a number that changes with every commit; asks the library for both."""
        with self._lock:
            change_token = self._session.store.database.change_token()
            old = None
            if change_token != self._seen_change:
                old = self._switched()
                self._seen_change = change_token
            session = self._session
        _close(old)
        return session, change_token

    def follow(self) -> None:
        """Switch to the library's model if another process has switched it."""
        with self._lock:
            old = self._switched()
        _close(old)

    def restart(self) -> None:
        """Release the memory of encoder and index; they are made again when they are needed."""
        with self._lock:
            old = self._replaced(self._session.store)
        _close(old)

    def close(self) -> None:
        """End what runs in the background."""
        self._session.close()

    def _switched(self) -> ModelSession | None:
        """The session that a switch has replaced, if there was one."""
        recorded = self._session.store.database.recorded_model()
        if recorded == self._recorded:  # one that is switching has another model, and keeps it
            return None
        self._recorded = recorded
        if recorded == self._session.store.model:
            return None
        log.info("the library has switched to the model %s", recorded.text or recorded.id)
        return self._replaced(self._session.store.with_model(recorded))

    def _replaced(self, store: Store) -> ModelSession:
        old, self._session = self._session, self._open_session(store)
        return old


def _close(session: ModelSession | None) -> None:
    if session is not None:
        session.close()
