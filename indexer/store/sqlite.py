"""Opens the database of a library: an SQLite file, or by URL one of PostgreSQL (postgres.py).

Knows connections and SQLite's settings for each; what the rows mean is the stores'.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    inspect,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from clipcore.messages import N_
from indexer.disk import disk_full, room_for
from indexer.errors import (
    DamagedLibrary,
    DiskFull,
    LibraryError,
    LibraryNotFound,
    NotALibrary,
)
from indexer.location import folded
from indexer.private import make_private
from indexer.records.models import Model
from indexer.store import postgres
from indexer.store.dialects import begin_exclusive
from indexer.store.migrate import begin_library, bring_up_to_date, migrate
from indexer.store.schema import library, metadata

BUSY_TIMEOUT_MS: Final = 30_000
# how SQLite says that the disk is full; the second, of the shared memory beside the log
NO_ROOM: Final = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE))
# and that a part of the file is not what it wrote, or cannot be read from the disk
DAMAGED: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR))


def create_database(place: Path | URL, model: Model) -> Engine:
    """A new, empty library at `place` searched with `model`."""
    if isinstance(place, URL):
        return postgres.create_database(place, model)
    return _create_file(place, model)


def open_database(place: Path | URL) -> Engine:
    """The library at `place`, its schema brought up to date.

    Raises LibraryNotFound, NotALibrary, NewerLibrary, or LibraryError where the database cannot
    be used at all.
    """
    if isinstance(place, URL):
        return postgres.open_database(place)
    if not place.exists():
        raise _none_at(place)
    try:
        return _opened(place, _engine(place, read_only=not _is_writable(place)))
    except DiskFull:  # there is no room even for the log's index, and none is needed
        if _has_log(place):
            raise
        return _opened(place, _engine(place, read_only=True))


def _opened(place: Path, engine: Engine) -> Engine:
    with _explained(place, engine):
        if _is_half_made(engine):
            raise _none_at(place)
        bring_up_to_date(engine, str(place))
    return engine


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _has_log(path: Path) -> bool:
    """Whether some of what was committed is in the write-ahead log alone."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _none_at(path: Path) -> LibraryNotFound:
    return LibraryNotFound(
        N_("there is no library at {path}: make one with 'indexer rebuild DIR'"), path=path.parent
    )


def _is_half_made(engine: Engine) -> bool:
    """Whether all it has are empty tables of a library: they were never finished."""
    with engine.connect() as connection:
        inspector = inspect(connection)
        tables = set(inspector.get_table_names()) - {"alembic_version"}
        if library.name not in tables or not tables <= metadata.tables.keys():
            return False
        columns = {column["name"] for column in inspector.get_columns(library.name)}
        if columns != set(library.columns.keys()):
            return False
        queries = (select(literal(1)).select_from(table(name)).limit(1) for name in tables)
        return not any(connection.execute(query).first() for query in queries)


def unfinished_copy(place: Path | URL) -> Engine:
    """The tables of a library that is being copied to `place`, with what has been copied so far."""
    if isinstance(place, URL):
        return postgres.prepare_database(place)
    unfinished = _unfinished(place)
    engine = _new_engine(unfinished)
    with _explained(unfinished, engine):
        try:
            bring_up_to_date(engine, str(unfinished))
        except NotALibrary:  # not even the tables were finished
            engine.dispose()
            unfinished.unlink()
            make_private(unfinished)
            _make_tables(engine)
    return engine


def finish_copy(place: Path | URL, copy: Engine) -> None:
    """What has been copied is the library at `place` from now on."""
    copy.dispose()  # the last connection to close folds the write-ahead log in
    if isinstance(place, Path):
        _remove_journals(place)
        _unfinished(place).replace(place)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.copy")


def _make_tables(engine: Engine, then: Callable[[Connection], None] = lambda _: None) -> None:
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode = WAL"))  # the file remembers it
        begin_exclusive(connection)
        migrate(connection)
        then(connection)


def _create_file(path: Path, model: Model) -> Engine:
    """SQLite's schema changes are not undone by a rollback: the database is made under another
    name, so that a library is there whole or not at all. Hold the library's lock around it.
    """
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    for database in (unfinished, path):
        _remove_journals(database)
    engine = _new_engine(unfinished)
    with _explained(path, engine):
        _make_tables(engine, lambda connection: begin_library(connection, model))
    engine.dispose()  # the last connection to close folds the write-ahead log in
    unfinished.replace(path)
    return _engine(path)


def _new_engine(path: Path) -> Engine:
    """The same of a file that is made if it is not there; its journals get its mode."""
    try:
        with room_for(path):
            make_private(path)
    except OSError as error:
        raise LibraryError(
            N_("{path} cannot be made: {why}"), path=path, why=error.strerror
        ) from error
    return _engine(path)


def _engine(path: Path, *, read_only: bool = False) -> Engine:
    mode = "mode=rw"  # SQLite itself makes no file: not of a removed library, and not for everybody
    if read_only:
        # without a log the file is all there is, and SQLite need not make the log's index beside it
        mode = "mode=ro" if _has_log(path) else "mode=ro&immutable=1"
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(
            sqlite3.connect,
            f"{path.absolute().as_uri()}?{mode}",
            uri=True,
            check_same_thread=False,
        ),
        poolclass=NullPool if read_only else None,  # others may replace it
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "synchronous = NORMAL",  # sound after a crash; a power cut may undo the last commits
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        for name, function in FUNCTIONS.items():
            connection.create_function(name, 1, _of_known(function), deterministic=True)

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        code = getattr(context.original_exception, "sqlite_errorcode", None)
        if code in NO_ROOM:
            raise disk_full(path) from context.original_exception
        if code is not None and code & 0xFF in DAMAGED:  # the other bits tell details
            raise _damaged(path, str(context.original_exception)) from context.original_exception
        if code is not None and code & 0xFF == sqlite3.SQLITE_READONLY:
            raise LibraryError(
                N_("{path} cannot be written, only searched"), path=path
            ) from context.original_exception

    return engine


def check_database(engine: Engine) -> None:
    """Read all of an SQLite database; takes seconds a gigabyte. Raises DamagedLibrary."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        raise _damaged(Path(str(engine.url.database)), " ".join(str(found).split()))


def _damaged(path: Path, why: str) -> DamagedLibrary:
    return DamagedLibrary(
        N_(
            "the database {path} is damaged ({why}). Your photos are untouched: move "
            "this file away, and 'indexer rebuild DIR' with your photo directories makes "
            "the library again"
        ),
        path=path,
        why=why,
    )


# SQLite's own lower() knows ASCII only, and not every build of it has trigonometry.
FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "lower": folded,
    "sin": math.sin,
    "cos": math.cos,
    "radians": math.radians,
}


def _of_known(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The SQL form of a function: NULL of NULL."""
    return lambda value: None if value is None else function(value)


def _remove_journals(path: Path) -> None:
    """Remove what a database that is no longer there has left: SQLite would replay it."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def _explained(path: Path, engine: Engine) -> Iterator[None]:
    """Turns what SQLite says of a bad file into an error that names it; then nothing stays open."""
    try:
        yield
    except Exception as error:
        engine.dispose()
        if isinstance(error, OperationalError):
            raise LibraryError(
                N_("{path} cannot be opened: {why}"), path=path, why=error.orig
            ) from error
        if isinstance(error, DatabaseError):
            raise NotALibrary(
                N_("{path} is damaged or no database: {why}"), path=path, why=error.orig
            ) from error
        raise
