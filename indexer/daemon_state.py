"""What a daemon tells others while it runs, and what others ask of it: small files in the library.

They lie beside the database, not in it: each commit makes every searcher catch up. Where several
hosts share a library, shared_desk.py tells them too. Knows nothing of photos; the daemon decides
what it tells.
"""

from __future__ import annotations

import json
import logging
import os
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
from indexer.errors import DatabaseUnreachable, DiskFull
from indexer.places import this_host
from indexer.records import DaemonState, ModelWish

log = logging.getLogger(__name__)

STATE: Final = "daemon-state.json"  # beside daemon.json, which says who holds the daemon's lock
PAUSED: Final = "paused"
LOOK: Final = "look"
WISH: Final = "model-wish.json"
TELL_EVERY_S: Final = 1.0
SIGN_OF_LIFE_S: Final = 60.0  # written so often though nothing changes
BELIEVED_S: Final = 2.5 * SIGN_OF_LIFE_S  # older than that, it is a dead daemon's


class Desk:
    """Where the daemon of one machine and others leave word for each other: the library's files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def pause(self) -> None:
        """Ask the daemon of this library, running or to come, to take in nothing."""
        (self.directory / PAUSED).touch()

    def resume(self) -> None:
        """Ask it to go on."""
        (self.directory / PAUSED).unlink(missing_ok=True)

    def is_paused(self) -> bool:
        """Whether it has been asked to pause."""
        return (self.directory / PAUSED).exists()

    def ask_for_look(self) -> None:
        """Ask the daemon to look at everything at once: what it is to look at has changed."""
        (self.directory / LOOK).touch()

    def take_look_request(self) -> bool:
        """Whether a look at everything has been asked for; it counts as granted with that."""
        try:
            (self.directory / LOOK).unlink()
        except FileNotFoundError:
            return False
        return True

    def wish_for(self, wish: ModelWish) -> None:
        """Ask the daemon to go over to another model, or leave word why it does not."""
        write_atomically(self.directory / WISH, json.dumps(asdict(wish)).encode())

    def model_wish(self) -> ModelWish | None:
        """The model it has been asked to go over to and has not yet."""
        try:
            return ModelWish(**json.loads((self.directory / WISH).read_bytes()))
        except FileNotFoundError:
            return None

    def withdraw_wish(self) -> None:
        """Let the model be the one it is."""
        (self.directory / WISH).unlink(missing_ok=True)

    def tell(self, state: DaemonState) -> None:
        """Let others know what this machine's daemon does. Raises OSError, DiskFull."""
        told = {**asdict(state), "told_at_s": time.time()}
        written = json.dumps(told, default=datetime.isoformat).encode()
        write_atomically(self.directory / STATE, written)

    def tell_the_end(self) -> None:
        """It does nothing any more."""
        (self.directory / STATE).unlink(missing_ok=True)

    def daemon(self) -> DaemonState | None:
        """What the daemon told last; None where none is alive."""
        try:
            told = json.loads((self.directory / STATE).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return alive(told)

    def daemons(self) -> list[DaemonState]:
        """All daemons of the library that are alive."""
        daemon = self.daemon()
        return [daemon] if daemon else []


class Telling:
    """Tells what a running daemon does: at most once a second, and at last that it has ended.

    `set()` costs nothing; a thread writes.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._state = DaemonState(os.getpid(), this_host(), now())
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
        self._desk.tell_the_end()

    @property
    def state(self) -> DaemonState:
        """What was told last."""
        return self._state

    def take_look_request(self) -> bool:
        """Whether a look at everything has been asked for; it counts as granted with that."""
        return self._desk.take_look_request()

    def set(self, **changes: Any) -> None:
        """Tell these fields of DaemonState anew."""
        self._state = replace(self._state, **changes)

    def _write_on(self) -> None:
        written: tuple[DaemonState, float] | None = None
        while True:
            state, now_s = self._state, time.time()  # wall time: it goes on while a laptop sleeps
            if not written or written[0] != state or abs(now_s - written[1]) >= SIGN_OF_LIFE_S:
                self._write(state)
                written = (state, now_s)
            if self._ended.wait(TELL_EVERY_S):
                return

    def _write(self, state: DaemonState) -> None:
        try:
            self._desk.tell(state)
        except (OSError, DiskFull, DatabaseUnreachable) as error:
            # the state is for looking at, photos come first
            log.debug("the daemon's state cannot be written: %s", error)


def alive(told: Any) -> DaemonState | None:
    """The state that was told, with "told_at_s", if the daemon that did so is alive."""
    try:
        lives = _is_alive(told["pid"], told["host"], told["told_at_s"])
        return _state(told) if lives else None
    except (ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: int, host: str, told_at_s: float) -> bool:
    if abs(time.time() - told_at_s) > BELIEVED_S:
        return False
    return host != this_host() or psutil.pid_exists(pid)


def _state(told: dict[str, Any]) -> DaemonState:
    values = {field.name: told[field.name] for field in fields(DaemonState)}
    for name in ("since", "last_reconcile"):
        values[name] = values[name] and datetime.fromisoformat(values[name])
    return DaemonState(**values)
