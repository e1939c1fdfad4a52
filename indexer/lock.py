"""Who may do what alone: one writer and one daemon a library.

The operating system holds the lock, so that of a process that died is free at once. Who has it
is written beside it for people; nothing is decided by that.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.decode import write_atomically
from indexer.errors import LibraryBusy, LibraryError, LibraryNotFound
from indexer.places import library_name
from indexer.private import FILE


@contextmanager
def held(library: Path, role: str, busy: str) -> Iterator[None]:
    """Hold the library's lock for `role` ("writer", "daemon").

    Raises LibraryBusy with `busy` and who has it, LibraryError where nothing can be written.
    Makes no directory.
    """
    holder = library / f"{role}.json"
    if not library.is_dir():  # the lock would make it
        raise LibraryNotFound(f"there is no library at {library_name(library)} any more")
    try:
        lock = FileLock(library / f"{role}.lock", mode=FILE).acquire(timeout=0)
    except Timeout as error:
        name = library_name(library)
        raise LibraryBusy(f"the library at {name} {busy} {_told(holder)}") from error
    except OSError as error:
        raise LibraryError(
            f"the library at {library_name(library)} cannot be written ({error.strerror})"
        ) from error
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
