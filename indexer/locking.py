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
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.atomic import write_atomically
from indexer.errors import LibraryBusy, LibraryError, LibraryNotFound
from indexer.json_files import read_if_whole
from indexer.paths import library_name
from indexer.private import FILE


@dataclass(frozen=True, slots=True)
class _Holder:
    pid: int
    host: str
    since: str


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
        holding = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        write_atomically(holder, json.dumps(holding).encode())
        yield


def _told(holder: Path) -> str:
    one = read_if_whole(holder, _Holder, "the next holder writes it again")
    return f"process {one.pid} on {one.host} since {one.since}" if one else "another process"
