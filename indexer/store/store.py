"""What the library remembers: photos, contents and embeddings. The truth; FAISS is a view of it.

The only file that runs queries; statements.py and conditions.py write those of a search,
recording.py, root_rows.py and prune.py what changes rows. Knows nothing of the disk, of images or
of FAISS.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from sqlalchemy import Connection, Engine, Select, exists, func, or_, select, text, update
from sqlalchemy.engine import URL

from clipcore.messages import N_, Message
from indexer.arrays import FloatArray, IntArray
from indexer.clock import now
from indexer.errors import PhotoNotFound
from indexer.location import Location, location
from indexer.paths import this_host
from indexer.query.query import Filter
from indexer.records.changes import Failure, Oddity, Row
from indexer.records.models import Model
from indexer.records.photos import Facts, Photo, Root
from indexer.records.results import Facets
from indexer.records.status import RootStatus
from indexer.sources.other_formats import unpacked
from indexer.store import facets, facts_sql, root_sql, search_sql
from indexer.store.dialects import among
from indexer.store.ingest_sql import embedding_of, forget_failures, record, set_missing
from indexer.store.outcomes import KnownContent, Outcome
from indexer.store.prune_sql import Prunable, prunable, prune
from indexer.store.rows import (
    FAILED,
    PRESENT,
    failure_query,
    is_under,
    oddity_query,
    photo_query,
    root_query,
    row_query,
    to_photo,
    to_row,
)
from indexer.store.schema import embeddings, library, photos, unpack
from indexer.store.shared_schema import shared
from indexer.store.sqlite import check_database, create_database, open_database

Place: TypeAlias = Path | URL  # of a database

ROWS_AT_ONCE: Final = 10_000  # of all that a library has: what is read must not fill the memory
OR_LIMIT: Final = 300  # conditions in one OR; SQLite parses at most 1,000 levels


class Store:
    """One library's database. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_shared = engine.dialect.name == "postgresql"  # by several hosts
        self._sentinel: Connection | None = None
        self._sentinel_lock = threading.Lock()
        with engine.connect() as connection:
            self.library_id: str = connection.execute(select(library.c.uuid)).scalar_one()
        self.model = self.recorded_model()

    @classmethod
    def create(cls, place: Place, model: Model) -> Store:
        """A new library's database at `place`."""
        return cls(create_database(place, model))

    @classmethod
    def open(cls, place: Place) -> Store:
        """The database at `place`. Raises LibraryError."""
        return cls(open_database(place))

    @property
    def place(self) -> Place:
        """Where the database is, as `open` takes it."""
        url = self.engine.url
        return url if self.is_shared else Path(str(url.database))

    def close(self) -> None:
        """Close all connections."""
        if self._sentinel is not None:
            self._sentinel.close()
        self.engine.dispose()

    def recorded_id(self) -> str | None:
        """The id of the library that the database holds now; None where it holds none."""
        with self.engine.connect() as connection:
            return connection.execute(select(library.c.uuid)).scalar()

    def check(self) -> None:
        """Read all of the database. Raises DamagedLibrary if it is not as it was written."""
        check_database(self.engine)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that changes something; SQLite counts those itself: see change_token()."""
        with self.engine.begin() as connection:
            yield connection
            if self.is_shared:  # last of all: who counts makes others wait until the commit
                connection.execute(update(shared).values(changes=shared.c.changes + 1))

    # the model

    @property
    def model_id(self) -> str:
        """The model whose embeddings are read and written."""
        return self.model.id

    def recorded_model(self) -> Model:
        """The model that the library is searched with."""
        with self.engine.connect() as connection:
            row = connection.execute(select(library.c.model_source, library.c.model_id)).one()
        return Model(row.model_source, row.model_id)

    def record_model(self) -> None:
        """From now on the library is searched with the present model."""
        values = {"model_source": self.model.source, "model_id": self.model.id}
        with self._writing() as connection:
            connection.execute(update(library), values)

    # roots

    def roots(self) -> list[Root]:
        """The photo directories, in the order in which they were added."""
        return self._roots(root_sql.all_roots())

    def roots_here(self) -> list[Root]:
        """Those that this host sees; of a library that is not shared, all."""
        return self._roots(root_sql.seen_by(this_host())) if self.is_shared else self.roots()

    def add_root(self, path: Location, excludes: Iterable[str] = ()) -> Root:
        """Store a photo directory with its excludes, and that this host sees it, all at once."""
        with self._writing() as connection:
            root = root_sql.add(connection, path, tuple(excludes))
            if self.is_shared:
                root_sql.see(connection, root.id, this_host())
        return root

    def see_root(self, root_id: int) -> None:
        """From now on this host takes in what is in that directory."""
        if self.is_shared:
            with self._writing() as connection:
                root_sql.see(connection, root_id, this_host())

    def set_excludes(self, root_id: int, patterns: Iterable[str]) -> None:
        """From now on leave out what matches these patterns."""
        with self._writing() as connection:
            root_sql.change(connection, root_id, excludes="\n".join(patterns))

    def remove_root(self, root_id: int) -> None:
        """Forget a photo directory and its photos' rows; contents and embeddings stay."""
        with self._writing() as connection:
            root_sql.remove_root(connection, root_id)

    def set_notices(self, notices: Mapping[int, Message | None]) -> None:
        """Remember for each root why the last look changed nothing, or that all was right."""
        with self._writing() as connection:
            root_sql.set_notices(connection, notices)

    def set_other_formats(self, counts: Mapping[int, Mapping[str, int]]) -> None:
        """Remember for each root how many files of other formats a full scan saw, by suffix."""
        with self._writing() as connection:
            root_sql.set_other_formats(connection, counts)

    def present_photos(self) -> dict[int, int]:
        """For each root how many of its files are there, those that failed too."""
        query = select(photos.c.root_id, func.count()).where(PRESENT).group_by(photos.c.root_id)
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    # what ingest asks and tells

    def rows(self, root_id: int, under: Collection[str] = ("",)) -> Iterator[Row]:
        """The rows of a root that lie under the given paths ("" is all of it), read as they go."""
        query = row_query().where(photos.c.root_id == root_id)
        if "" in under:
            yield from self._rows(query)
            return
        asked, told = list(under), set[int]()  # a folder and what lies in it may be asked for
        for start in range(0, len(asked), OR_LIMIT):
            part = or_(*(is_under(path) for path in asked[start : start + OR_LIMIT]))
            for row in self._rows(query.where(part)):
                if row.id not in told:
                    told.add(row.id)
                    yield row

    def present(self, root_id: int) -> Iterator[Row]:
        """The rows of a root whose files are there and have been read, read as they go."""
        read = (PRESENT, photos.c.content_id.is_not(None), photos.c.root_id == root_id)
        return self._rows(row_query().where(*read))

    def known(self, sha256: bytes) -> KnownContent | None:
        """The content with this hash, if the library has it."""
        query = search_sql.known(self.model_id)
        with self.engine.connect() as connection:
            row = connection.execute(query, {"sha256": sha256}).one_or_none()
        return KnownContent(row[0], row[1] is not None) if row else None

    def unembedded(self) -> Iterator[Row]:
        """The present photos whose content the model has not embedded, read as they go."""
        return self._rows(search_sql.unembedded(self.model_id))

    def count_unembedded(self, model_id: str) -> int:
        """How many contents of present photos that model would have to embed."""
        rows = search_sql.unembedded(model_id).subquery()
        return self._count(select(func.count(rows.c.content_id.distinct())))

    def record(
        self, outcomes: Iterable[Outcome], gone: Iterable[Row] = (), back: Iterable[Row] = ()
    ) -> None:
        """Write what became of some files, in one transaction."""
        with self._writing() as connection:
            record(connection, self.model_id, list(outcomes))
            set_missing(connection, gone, now())
            set_missing(connection, back, None)

    # facts

    def outdated_facts(
        self, root_ids: Collection[int], after: int, limit: int
    ) -> list[tuple[bytes, list[Row]]]:
        """(hash, photos) of the next contents after that one with facts of older readers.

        Only present photos of these roots count.
        """
        found: dict[bytes, list[Row]] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(facts_sql.outdated(root_ids, after, limit)):
                found.setdefault(row.sha256, []).append(to_row(row[:-1]))
        return list(found.items())

    def count_outdated_facts(self, root_ids: Collection[int]) -> int:
        """How many such contents there are."""
        return self._count(facts_sql.count_outdated(root_ids))

    def record_facts(
        self, read: Mapping[bytes, Facts | None], changed: Collection[Row] = ()
    ) -> None:
        """Write what the present readers say of contents, by hash; None: they fail.

        `changed`: rows whose files hold other bytes now; the next scan takes them for changed.
        """
        if read or changed:
            with self._writing() as connection:
                facts_sql.record_facts(connection, read)
                facts_sql.forget_stats(connection, [row.id for row in changed])

    # what search asks

    def change_token(self) -> int:
        """A number that changes whenever another connection has committed something."""
        if self.is_shared:
            return self._count(select(shared.c.changes))
        with self._sentinel_lock:  # a connection is one thread's at a time
            if self._sentinel is None:
                self._sentinel = self.engine.connect()
            token: int = self._sentinel.execute(text("PRAGMA data_version")).scalar_one()
            self._sentinel.rollback()
            return token

    def vectors_after(
        self, last_id: int, dim: int, limit: int = 10_000
    ) -> tuple[IntArray, FloatArray]:
        """The next embeddings in the order of their ids: (N,) ids and (N, D) unit rows."""
        query = search_sql.vectors(self.model_id, embeddings.c.id > last_id)
        return self._vectors(query.limit(limit), dim)

    def vectors(self, ids: Sequence[int], dim: int) -> tuple[IntArray, FloatArray]:
        """The embeddings with these ids, as far as they are there, in the order of their ids."""
        query = search_sql.vectors(self.model_id, among(embeddings.c.id, ids))
        return self._vectors(query, dim)

    def sample_vectors(self, count: int, dim: int) -> FloatArray:
        """(at most `count`, D) unit rows, drawn evenly; always the same of the same library."""
        query = select(embeddings.c.id).where(embeddings.c.model_id == self.model_id)
        with self.engine.connect() as connection:
            ids = np.sort(np.array(connection.execute(query).scalars().all(), dtype=np.int64))
        chosen = np.random.default_rng(0).choice(ids, min(count, len(ids)), replace=False)
        return self.vectors(chosen.tolist(), dim)[1]

    def _vectors(self, query: Select[Any], dim: int) -> tuple[IntArray, FloatArray]:
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        return ids, unpack([row[1] for row in rows], dim)

    def photos_of(
        self, embedding_ids: Sequence[int], filters: Collection[Filter] = ()
    ) -> list[tuple[int, Photo]]:
        """(embedding id, photo) for each present photo behind these embeddings that passes."""
        query = search_sql.photos_of(embedding_ids, (filters, self.roots() if filters else ()))
        with self.engine.connect() as connection:
            return [(row.embedding_id, to_photo(row)) for row in connection.execute(query).all()]

    def allowed_embeddings(self, filters: Collection[Filter]) -> IntArray:
        """The growing ids of the embeddings behind present photos that pass the filters."""
        query = search_sql.allowed_embeddings(self.model_id, (filters, self.roots()))
        with self.engine.connect() as connection:
            return np.array(connection.execute(query).scalars().all(), dtype=np.int64)

    def copied_embeddings(self) -> list[int]:
        """The ids of the embeddings of content that several present photos have."""
        query = search_sql.copied_embeddings(self.model_id)
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars().all())

    def newest(
        self, filters: Collection[Filter], limit: int, called: str | None = None
    ) -> list[Photo]:
        """The present photos that pass the filters, newest first, equal times by number.

        `called`: only those whose file has this name, with its extension or without.
        """
        return self._photos(search_sql.newest((filters, self.roots()), limit, called))

    def photo_at(self, place: Location) -> Photo | None:
        """The photo that lies there, missing or not; None where the library knows of none."""
        return next(iter(self._photos(search_sql.lying_at(place, self.roots()))), None)

    def _photos(self, query: Select[Any]) -> list[Photo]:
        with self.engine.connect() as connection:
            return [to_photo(row) for row in connection.execute(query)]

    def photo(self, photo_id: int) -> Photo:
        """The photo with this number. Raises PhotoNotFound."""
        query = photo_query().where(photos.c.id == photo_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _no_photo(photo_id)
        return to_photo(row)

    def photo_vector(self, photo_id: int, dim: int) -> FloatArray:
        """The (D,) embedding of the photo with this number. Raises PhotoNotFound."""
        mine = embedding_of(photos.c.content_id, self.model_id)
        query = search_sql.vectors(self.model_id, photos.c.id == photo_id).join(photos, mine)
        _, vectors = self._vectors(query, dim)
        if not len(vectors):
            raise _no_photo(photo_id)
        (vector,) = vectors
        return np.asarray(vector)

    def facets(self) -> Facets:
        """What the present photos have, counted; looks at each of them."""
        roots = self.roots()
        with self.engine.connect() as connection:
            kinds = connection.execute(facets.kinds_of_photos(roots)).all()
            cells = connection.execute(facets.cells_with_photos()).all()
        return facets.summed(kinds, cells)

    # what status asks

    def root_status(self) -> list[RootStatus]:
        """Each root with the number of its photos that are there."""
        with self.engine.connect() as connection:
            rows = connection.execute(root_query())
            return [
                RootStatus(location(row.path), row.photos, row.notice, unpacked(row.other_formats))
                for row in rows
            ]

    def searchable(self) -> int:
        """How many photos are there and embedded by the library's model."""
        embedded = photos.join(embeddings, self._mine(photos.c.content_id))
        return self._count(select(func.count()).select_from(embedded).where(PRESENT))

    def embedding_count(self) -> int:
        """How many embeddings of the library's model there are, dead ones too."""
        mine = embeddings.c.model_id == self.model_id
        return self._count(select(func.count()).select_from(embeddings).where(mine))

    def embeddings_of_present(self) -> int:
        """How many of them are those of photos that are there; `prune` removes others in time."""
        theirs = exists().where(photos.c.content_id == embeddings.c.content_id, PRESENT)
        mine = embeddings.c.model_id == self.model_id
        return self._count(select(func.count()).select_from(embeddings).where(mine, theirs))

    def failed_and_missing(self) -> tuple[int, int]:
        """How many present files could not be taken in, and how many photos are known but gone."""
        counts = func.count().filter(FAILED), func.count().filter(~PRESENT)
        with self.engine.connect() as connection:
            failed, missing = connection.execute(select(*counts).select_from(photos)).one()
        return failed, missing

    def failures(self) -> list[Failure]:
        """The present files that could not be taken in."""
        with self.engine.connect() as connection:
            return [
                Failure(location(row.root) / row.path, row.error, row.failed_at)
                for row in connection.execute(failure_query())
            ]

    def oddities(self) -> list[Oddity]:
        """The present photos whose files are odd."""
        with self.engine.connect() as connection:
            return [
                Oddity(location(row.root) / row.path, row.notice)
                for row in connection.execute(oddity_query())
            ]

    def forget_failures(self) -> None:
        """Let the files that failed count as never read: the next look tries them again."""
        with self._writing() as connection:
            forget_failures(connection)

    # pruning

    def gone_before(self, limit: datetime) -> list[Row]:
        """The photos that have been missing since before `limit` (UTC), by their ids."""
        query = row_query().where(photos.c.missing_since < limit).order_by(photos.c.id)
        return list(self._rows(query))

    def prunable(self, rows: Collection[Row], before: datetime) -> Prunable:
        """What nothing refers to any more once these rows are gone, nor has since `before`."""
        with self.engine.connect() as connection:
            return prunable(connection, rows, before)

    def prune(self, rows: Collection[Row], before: datetime) -> Prunable:
        """Remove these rows, then the contents and embeddings that nothing refers to."""
        with self._writing() as connection:
            return prune(connection, rows, before)

    def _roots(self, query: Select[Any]) -> list[Root]:
        with self.engine.connect() as connection:
            return root_sql.read(connection, query)

    def _rows(self, query: Select[Any]) -> Iterator[Row]:
        with self.engine.connect() as connection:
            result = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
            for part in result.partitions():
                yield from map(to_row, part)

    def _count(self, query: Select[Any]) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def _mine(self, content_id: Any) -> Any:
        return embedding_of(content_id, self.model_id)


def _no_photo(photo_id: int) -> PhotoNotFound:
    return PhotoNotFound(N_("the library has no photo with the number {number}"), number=photo_id)
