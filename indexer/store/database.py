"""The connections of one library's database: reads, transactions, the count of changes.

What runs on them is of the stores next to this file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, Executable, select, text, update
from sqlalchemy.engine import URL

from indexer.records.models import Model
from indexer.store.schema import library
from indexer.store.shared_schema import shared
from indexer.store.sqlite import check_database, create_database, open_database

DatabaseLocation: TypeAlias = Path | URL

ROWS_AT_ONCE: Final = 10_000  # of all that a library has: what is read must not fill the memory


class Database:
    """One library's database. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_shared = engine.dialect.name == "postgresql"  # by several hosts
        self._sentinel: Connection | None = None
        self._sentinel_lock = threading.Lock()
        with engine.connect() as connection:
            self.library_id: str = connection.execute(select(library.c.uuid)).scalar_one()

    @classmethod
    def create(cls, location: DatabaseLocation, model: Model) -> Database:
        """A new library's database at that location."""
        return cls(create_database(location, model))

    @classmethod
    def open(cls, location: DatabaseLocation) -> Database:
        """The database at that location. Raises LibraryError."""
        return cls(open_database(location))

    @property
    def location(self) -> DatabaseLocation:
        """Where the database is, as `open` takes it."""
        url = self.engine.url
        return url if self.is_shared else Path(str(url.database))

    def close(self) -> None:
        """Close all connections."""
        if self._sentinel is not None:
            self._sentinel.close()
        self.engine.dispose()

    def check(self) -> None:
        """Read all of the database. Raises DamagedLibrary if it is not as it was written."""
        check_database(self.engine)

    def recorded_id(self) -> str | None:
        """The id of the library that the database holds now; None where it holds none."""
        with self.reading() as connection:
            return connection.execute(select(library.c.uuid)).scalar()

    def recorded_model(self) -> Model:
        """The model that the library is searched with."""
        named = (library.c.model_source, library.c.model_id, library.c.text_source)
        return Model(*self.all(select(*named))[0])

    def record_model(self, model: Model) -> None:
        """From now on the library is searched with this model."""
        values = {
            "model_source": model.source,
            "model_id": model.id,
            "text_source": model.text,
        }
        with self.writing() as connection:
            connection.execute(update(library), values)

    def record_text_tower(self, source: str | None) -> None:
        """From now on that text tower embeds the queries; None: the model's own."""
        with self.writing() as connection:
            connection.execute(update(library), {"text_source": source})

    def change_token(self) -> int:
        """A number that changes whenever another connection has committed something."""
        if self.is_shared:
            return self.count(select(shared.c.changes))
        with self._sentinel_lock:  # a connection is one thread's at a time
            if self._sentinel is None:
                self._sentinel = self.engine.connect()
            token: int = self._sentinel.execute(text("PRAGMA data_version")).scalar_one()
            self._sentinel.rollback()
            return token

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection whose reads see one state of the library."""
        return self.engine.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes something; SQLite counts those itself: see change_token()."""
        with self.engine.begin() as connection:
            yield connection
            if self.is_shared:  # last of all: the count makes others wait until the commit
                connection.execute(update(shared).values(changes=shared.c.changes + 1))

    def all(self, query: Executable) -> Sequence[Any]:
        """All rows that the query finds."""
        with self.reading() as connection:
            return connection.execute(query).all()

    def stream(self, query: Executable) -> Iterator[Any]:
        """The same, read as they go."""
        with self.reading() as connection:
            result = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
            for part in result.partitions():
                yield from part

    def count(self, query: Executable) -> int:
        """The number that the query yields."""
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())
