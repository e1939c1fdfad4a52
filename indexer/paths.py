"""Paths of a library: a directory, or a PostgreSQL database by its URL. The host's name.

A library on PostgreSQL has a directory on each host all the same, for what is this host's own:
locks, its daemon's state, files that are made again when they are missing. The URL is kept in it,
so that everything that takes a library's directory takes that one.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from platformdirs import user_data_path

from clipcore.messages import N_
from indexer import environment
from indexer.errors import LibraryError, RootError
from indexer.location import URL, expanded, is_utf8, shown_path
from indexer.postgres_url import database_url, is_url, looks_like_url, shown
from indexer.private import DIRECTORY

# What a library's folder is known by. Other programs call their databases library.db too.
LIBRARY_FILES: Final = frozenset(
    ("library.db", "library.db.new", "library.db.copy", "database-url")
)
LOCK_FILES: Final = frozenset(("writer.json", "writer.lock", "daemon.json", "daemon.lock"))
VARIABLE: Final = environment.LIBRARY
URL_FILE: Final = "database-url"  # readable for its owner only: it may hold a password


def default_library() -> Path:
    """RECOLLECT_LIBRARY if it is set, else the platform's directory for a user's data."""
    named = os.environ.get(VARIABLE)
    return own_directory() if named is None else library_directory(named)


def library_directory(named: str) -> Path:
    """The directory of the library that a path or a URL names, made if it is a URL's.

    Raises LibraryError for an empty path, a URL that is not PostgreSQL's, a name that is not UTF-8.
    """
    if not named.strip():
        raise LibraryError(
            N_("the path of the library is empty: name a directory, or unset {variable}"),
            variable=VARIABLE,
        )
    if not is_url(named):
        return _directory(named)
    url = database_url(named)
    key = f"{shown(url)} {this_host()}"
    name = f"{url.database or 'library'}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    directory = own_directory() / "shared" / name
    make_directory(directory)
    _keep_url(directory / URL_FILE, named)
    return directory


def _directory(named: str) -> Path:
    if looks_like_url(named):  # all but the scheme may hold a password
        match = URL.fullmatch(named)
        other = f"{match[1]}://" if match else "another URL"
        raise LibraryError(
            N_("a library is a directory or postgresql://USER@HOST/DATABASE, not {other}"),
            other=other,
        )
    path = expanded(Path(named))
    if not is_utf8(str(path.absolute())):
        raise LibraryError(
            N_("{path} cannot hold a library: its name is not valid UTF-8"),
            path=shown_path(str(path)),
        )
    return path


def holds_library(names: Iterable[str]) -> bool:
    """Whether a folder with files of these names is a library's: its database and a lock's file."""
    return not LIBRARY_FILES.isdisjoint(names := frozenset(names)) and bool(names & LOCK_FILES)


def is_library(folder: Path) -> bool:
    """Whether this folder holds a library of ours, finished or not."""
    if not any(map(os.path.lexists, map(folder.joinpath, LIBRARY_FILES))):
        return False
    try:
        return holds_library(path.name for path in folder.iterdir())
    except OSError:
        return False


def url_in(directory: Path) -> str | None:
    """The URL of the database of the library with this directory, if it is one on PostgreSQL."""
    try:
        return (directory / URL_FILE).read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def library_name(directory: Path) -> str:
    """The location of the library with this directory, for people."""
    url = url_in(directory)
    return shown(database_url(url)) if url else str(directory)


def this_host() -> str:
    """The name by which the hosts of a shared library tell this one from the others.

    RECOLLECT_HOST if it is set: a container has another name each time it starts.
    """
    return os.environ.get(environment.HOST) or socket.gethostname()


def own_directory() -> Path:
    """The platform's directory for the data of this program."""
    return user_data_path("recollect", appauthor=False)


def _keep_url(file: Path, url: str) -> None:
    if url_in(file.parent) == url:
        return
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as written:
        written.write(url)  # for its owner only, as all temporary files
    Path(written.name).replace(file)


def make_directory(path: Path) -> None:
    """Make the directory `path`, for its owner only, if it is not there. Raises RootError."""
    try:
        path.mkdir(DIRECTORY, parents=True, exist_ok=True)
    except OSError as error:
        raise RootError(
            N_("{path} cannot be made: {why}"), path=path, why=error.strerror
        ) from error
