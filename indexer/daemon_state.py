"""What a daemon tells others while it runs, and what others ask of it: small files in the library.

They lie beside the database, not in it: each commit makes every searcher catch up. Knows nothing
of photos; the daemon decides what it tells.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil

from indexer.column_types import now
from indexer.decode import write_atomically
from indexer.errors import DiskFull
from indexer.records import DaemonState

log = logging.getLogger(__name__)

STATE: Final = "daemon-state.json"  # beside daemon.json, which says who holds the daemon's lock
PAUSED: Final = "paused"
LOOK: Final = "look"
TELL_EVERY_S: Final = 1.0
SIGN_OF_LIFE_S: Final = 60.0  # written so often though nothing changes
BELIEVED_S: Final = 2.5 * SIGN_OF_LIFE_S  # older than that, it is a dead daemon's


def pause(library: Path) -> None:
    """Ask the daemon of this library, running or to come, to take in nothing."""
    (library / PAUSED).touch()


def resume(library: Path) -> None:
    """Ask it to go on."""
    (library / PAUSED).unlink(missing_ok=True)


def is_paused(library: Path) -> bool:
    """Whether it has been asked to pause."""
    return (library / PAUSED).exists()


def ask_for_look(library: Path) -> None:
    """Ask the daemon to look at everything at once: what it is to look at has changed."""
    (library / LOOK).touch()


class DaemonFile:
    """The file in which a running daemon tells its state: at most once a second, and gone at last.

    `set()` costs nothing; a thread writes.
    """

    def __init__(self, library: Path) -> None:
        self._path = library / STATE
        self._state = DaemonState(os.getpid(), socket.gethostname(), now())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="daemon-state", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    @property
    def state(self) -> DaemonState:
        """What was told last."""
        return self._state

    def take_look_request(self) -> bool:
        """Whether a look at everything has been asked for; it counts as granted with that."""
        try:
            (self._path.parent / LOOK).unlink()
        except FileNotFoundError:
            return False
        return True

    def set(self, **changes: Any) -> None:
        """Tell these fields of DaemonState anew."""
        self._state = replace(self._state, **changes)

    def _write_on(self) -> None:
        written: tuple[DaemonState, float] | None = None
        while True:
            state, now_s = self._state, time.time()  # wall time: it goes on while a laptop sleeps
            if not written or written[0] != state or abs(now_s - written[1]) >= SIGN_OF_LIFE_S:
                self._write(state, now_s)
                written = (state, now_s)
            if self._ended.wait(TELL_EVERY_S):
                return

    def _write(self, state: DaemonState, now_s: float) -> None:
        told = {**asdict(state), "told_at_s": now_s}
        try:
            write_atomically(self._path, json.dumps(told, default=datetime.isoformat).encode())
        except (OSError, DiskFull) as error:  # the state is for looking at, photos come first
            log.debug("the daemon's state cannot be written: %s", error)


def running_daemon(library: Path) -> DaemonState | None:
    """What the daemon of this library told last; None where none is alive."""
    try:
        told = json.loads((library / STATE).read_bytes())
        alive = _is_alive(told["pid"], told["host"], told["told_at_s"])
        return _state(told) if alive else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: int, host: str, told_at_s: float) -> bool:
    if abs(time.time() - told_at_s) > BELIEVED_S:
        return False
    return host != socket.gethostname() or psutil.pid_exists(pid)


def _state(told: dict[str, Any]) -> DaemonState:
    values = {field.name: told[field.name] for field in fields(DaemonState)}
    for name in ("since", "last_reconcile"):
        values[name] = values[name] and datetime.fromisoformat(values[name])
    return DaemonState(**values)
