"""Opens a library's database on PostgreSQL with pgvector, and says what is wrong with it in words.

Knows connections and the dialect of the server; what the rows mean is the stores'.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from clipcore.messages import N_
from indexer.errors import (
    DatabaseUnreachable,
    DiskFull,
    LibraryError,
    LibraryNotFound,
    MissingPostgres,
    NotALibrary,
)
from indexer.paths import this_host
from indexer.postgres_url import shown
from indexer.records.models import Model
from indexer.store.dialects import begin_exclusive
from indexer.store.migrate import begin_library, bring_up_to_date, migrate
from indexer.store.schema import library, metadata

CONNECT_S: Final = 10
DISK_FULL: Final = "53100"  # SQLSTATE
# a host that died is noticed within a minute, and loses its locks
SETTINGS: Final = (
    "SELECT set_config('TimeZone', %s, false), set_config('jit', 'off', false),"
    " set_config('tcp_keepalives_idle', '30', false),"
    " set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)


def create_database(url: URL, model: Model) -> Engine:
    """A library in the database that `url` names, searched with `model`, unless it has one.

    Several hosts may do so at once: one of them makes it.
    """
    engine = prepare_database(url)
    with _explained(url, engine), engine.begin() as connection:
        begin_exclusive(connection)
        if not _holds_library(connection, url):
            begin_library(connection, model)
    return engine


def prepare_database(url: URL) -> Engine:
    """The tables of a library, which has yet to be begun in them."""
    engine = make_engine(url)
    with _explained(url, engine), engine.begin() as connection:
        begin_exclusive(connection)
        if not _holds_library(connection, url):
            _need_pgvector(connection, url)
            migrate(connection)
    return engine


def open_database(url: URL) -> Engine:
    """The library at `url`, its schema brought up to date. Raises LibraryError and its kinds."""
    engine = make_engine(url)
    with _explained(url, engine):
        with engine.connect() as connection:
            if not _holds_library(connection, url):
                raise LibraryNotFound(
                    N_(
                        "there is no library at {path}: make one with "
                        "'indexer rebuild DIR --library URL'"
                    ),
                    path=shown(url),
                )
        bring_up_to_date(engine, shown(url))
    return engine


def make_engine(url: URL, **options: Any) -> Engine:
    """Connections to the server at `url`, as the library needs them. Raises MissingPostgres."""
    try:
        import psycopg  # noqa: F401 - an extra: it may be missing
        from tzlocal import get_localzone_name
    except ImportError as error:
        raise MissingPostgres(
            N_(
                "a library on PostgreSQL needs what is not installed: pip install "
                "'recollect-photos[postgres]'"
            )
        ) from error
    name = f"recollect {os.getpid()} {this_host()}"
    arguments = {"connect_timeout": CONNECT_S, "application_name": name}
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, **options)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # the times of files are those of this machine, whatever the server's zone; compiling a
        # query takes longer than running it
        connection.execute(SETTINGS, (get_localzone_name(),))
        connection.commit()

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        error = context.original_exception
        if getattr(error, "sqlstate", None) == DISK_FULL:
            raise DiskFull(
                N_("no room at {url}: the server's disk is full"), url=shown(url)
            ) from error
        if context.is_disconnect or context.connection is None:
            raise _unreachable(url, error) from error

    return engine


def _unreachable(url: URL, error: BaseException) -> DatabaseUnreachable:
    reason = " ".join(str(error).split())
    return DatabaseUnreachable(
        N_(
            "the database {url} cannot be reached: {why}. The server must run and have "
            "that database: createdb {database}"
        ),
        url=shown(url),
        why=reason,
        database=url.database or "NAME",
    )


def _holds_library(connection: Connection, url: URL) -> bool:
    """Whether it does, or else may come to. Raises NotALibrary of something else."""
    tables = set(inspect(connection).get_table_names())
    if library.name in tables and "alembic_version" in tables:
        return connection.execute(select(library.c.id)).first() is not None
    if taken := tables & {"alembic_version", *metadata.tables}:
        raise NotALibrary(
            N_(
                "{url} is not the database of a library: it has other tables "
                "({tables}); give the library a database to itself"
            ),
            url=shown(url),
            tables=", ".join(sorted(taken)),
        )
    return False


def _need_pgvector(connection: Connection, url: URL) -> None:
    """Raises LibraryError where the server has no pgvector, or none that we may use."""
    if connection.execute(text("SHOW server_encoding")).scalar() != "UTF8":
        raise LibraryError(
            N_(
                "the database {url} is not in UTF-8, and file names are: createdb "
                "--encoding=UTF8 --template=template0 {database}"
            ),
            url=shown(url),
            database=url.database or "NAME",
        )
    there = "SELECT 1 FROM pg_extension WHERE extname = 'vector'"
    if connection.execute(text(there)).scalar():
        return
    available = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
    if not connection.execute(text(available)).scalar():
        raise LibraryError(
            N_(
                "the server of {url} has no pgvector: install it there (Debian: the package "
                "postgresql-17-pgvector, with the server's version)"
            ),
            url=shown(url),
        )
    try:
        connection.execute(text("CREATE EXTENSION vector"))
    except DBAPIError as error:
        raise LibraryError(
            N_(
                "pgvector cannot be switched on in {url} ({why}): let the database's "
                "administrator run CREATE EXTENSION vector there"
            ),
            url=shown(url),
            why=error.orig,
        ) from error


@contextmanager
def _explained(url: URL, engine: Engine) -> Iterator[None]:
    """Turns what the server says into an error that names the database; then nothing stays open."""
    try:
        yield
    except Exception as error:
        engine.dispose()
        if isinstance(error, DBAPIError):
            reason = " ".join(str(error.orig).split())
            raise LibraryError(
                N_("{url} cannot be used: {why}"), url=shown(url), why=reason
            ) from error
        raise
