"""Where a library lies: a directory, or a database of PostgreSQL by its URL. Who this host is.

A library on PostgreSQL has a directory on each host all the same, for what is this host's own:
locks, what its daemon tells, files that are made anew when they are gone. The URL is kept in it,
so that everything that takes a library's directory takes that one.
"""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from platformdirs import user_data_path

from indexer.errors import RootError
from indexer.postgres_url import database_url, is_url, shown

URL_FILE: Final = "database-url"  # readable for its owner only: it may hold a password


def default_library() -> Path:
    """RECOLLECT_LIBRARY if it is set, else the platform's directory for a user's data."""
    named = os.environ.get("RECOLLECT_LIBRARY")
    return library_directory(named) if named else _own_directory()


def library_directory(named: str) -> Path:
    """The directory of the library that a path or a URL names, made if it is a URL's.

    Raises LibraryError of a URL that cannot be understood.
    """
    if not is_url(named):
        return Path(named)
    url = database_url(named)
    key = f"{shown(url)} {this_host()}"
    name = f"{url.database or 'library'}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    directory = _own_directory() / "shared" / name
    make_directory(directory)
    _keep_url(directory / URL_FILE, named)
    return directory


def url_in(directory: Path) -> str | None:
    """The URL of the database of the library with this directory, if it is one on PostgreSQL."""
    try:
        return (directory / URL_FILE).read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def library_name(directory: Path) -> str:
    """Where the library with this directory lies, for people."""
    url = url_in(directory)
    return shown(database_url(url)) if url else str(directory)


def this_host() -> str:
    """The name by which the hosts of a shared library tell this one from the others.

    RECOLLECT_HOST if it is set: a container has another name each time it starts.
    """
    return os.environ.get("RECOLLECT_HOST") or socket.gethostname()


def _own_directory() -> Path:
    return user_data_path("recollect", appauthor=False)


def _keep_url(file: Path, url: str) -> None:
    if url_in(file.parent) == url:
        return
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as written:
        written.write(url)  # for its owner only, as all temporary files
    Path(written.name).replace(file)


def make_directory(path: Path) -> None:
    """Make the directory `path`, if it is not there. Raises RootError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RootError(f"{path} cannot be made: {error.strerror}") from error
