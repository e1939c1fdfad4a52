"""Exclusive locks: one writer and one daemon a library.

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

from clipcore.messages import N_, Message, MessageId
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
def held(library: Path, role: str, busy: MessageId) -> Iterator[None]:
    """Hold the library's lock for `role` ("writer", "daemon").

    Raises LibraryBusy with `busy`, whose fields are the library's `name` and the `holder`,
    LibraryError where nothing can be written. Makes no directory.
    """
    holder = library / f"{role}.json"
    if not library.is_dir():  # the lock would make it
        raise LibraryNotFound(
            N_("there is no library at {name} any more"), name=library_name(library)
        )
    try:
        lock = FileLock(library / f"{role}.lock", mode=FILE).acquire(timeout=0)
    except Timeout as error:
        name = library_name(library)
        raise LibraryBusy(busy, name=name, holder=_holder(holder)) from error
    except OSError as error:
        raise LibraryError(
            N_("the library at {name} cannot be written ({why})"),
            name=library_name(library),
            why=error.strerror,
        ) from error
    with lock:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        holding = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        write_atomically(holder, json.dumps(holding).encode())
        yield


def _holder(path: Path) -> Message:
    one = read_if_whole(path, _Holder, "the next holder writes it again")
    if one is None:
        return Message(N_("another process"))
    return Message(
        N_("process {pid} on {host} since {since}"), pid=one.pid, host=one.host, since=one.since
    )
