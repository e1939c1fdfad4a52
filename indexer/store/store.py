"""The library's records: photos, contents and embeddings. The truth; FAISS is a view of it.

One part for each interest, over the connections of one database. Knows nothing of the disk, of
images or of FAISS.
"""

from __future__ import annotations

from indexer.records.models import Model
from indexer.store.database import Database, DatabaseLocation
from indexer.store.facts_store import FactsStore
from indexer.store.ingest_store import IngestStore
from indexer.store.prune_store import PruneStore
from indexer.store.root_store import RootStore
from indexer.store.search_store import SearchStore
from indexer.store.stack_store import StackStore
from indexer.store.status_store import StatusStore


class Store:
    """One library's rows, with the embeddings of one model. Safe to use from several threads."""

    def __init__(self, database: Database, model: Model) -> None:
        self.database = database
        self.model = model
        self.roots = RootStore(database)
        self.ingest = IngestStore(database, model.id)
        self.facts = FactsStore(database)
        self.search = SearchStore(database, model.id)
        self.status = StatusStore(database, model.id)
        self.prune = PruneStore(database)
        self.stacks = StackStore(database)

    @classmethod
    def create(cls, location: DatabaseLocation, model: Model) -> Store:
        """A new library's store, whose database is made at that location."""
        return cls(Database.create(location, model), model)

    @classmethod
    def open(cls, location: DatabaseLocation) -> Store:
        """The store of the library whose database is there. Raises LibraryError."""
        database = Database.open(location)
        return cls(database, database.recorded_model())

    def with_model(self, model: Model) -> Store:
        """The same rows with the embeddings of another model, over the same connections."""
        return Store(self.database, model)

    @property
    def model_id(self) -> str:
        """The model whose embeddings are read and written."""
        return self.model.id

    @property
    def is_switching(self) -> bool:
        """Whether the library is searched with another model."""
        return self.model.id != self.database.recorded_model().id

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
