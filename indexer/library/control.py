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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil

from clipcore.messages import Message, literal
from indexer.atomic import write_atomically
from indexer.clock import now
from indexer.errors import DatabaseUnreachable, DiskFull
from indexer.json_files import read_if_whole
from indexer.location import Location
from indexer.paths import this_host
from indexer.private import make_private
from indexer.records.models import ModelRequest
from indexer.records.status import DaemonState, Work

log = logging.getLogger(__name__)

STATE: Final = "daemon-state.json"  # beside daemon.json, which says who holds the daemon's lock
PAUSED: Final = "paused"
LOOK: Final = "look"
MODEL_REQUEST: Final = "model-wish.json"  # the name that libraries have
MAKING_WAY: Final = "making-way.json"
REPORT_EVERY_S: Final = 1.0
SIGN_OF_LIFE_S: Final = 60.0  # written so often though nothing changes
LAST_PID: Final = 2**31 - 1
BELIEVED_S: Final = 2.5 * SIGN_OF_LIFE_S  # older than that, it is a dead daemon's


@dataclass(frozen=True, slots=True)
class _Request:
    """The form of MAKING_WAY."""

    work: Work
    pid: int
    host: str
    written_at_s: float


@dataclass(frozen=True, slots=True)
class _ModelRequest:
    """The form of MODEL_REQUEST; a reason was text in older versions."""

    source: str
    refused: Message | str | None = None


@dataclass(frozen=True, slots=True)
class _State(DaemonState):
    """The form of STATE."""

    written_at_s: float = 0.0


class Control:
    """Where the daemon of one machine and others leave word for each other: the library's files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def pause(self) -> None:
        """Ask the daemon of this library, running or to come, to take in nothing."""
        make_private(self.directory / PAUSED)

    def resume(self) -> None:
        """Ask it to go on."""
        (self.directory / PAUSED).unlink(missing_ok=True)

    def is_paused(self) -> bool:
        """Whether it has been asked to pause."""
        return (self.directory / PAUSED).exists()

    def request_scan(self, folder: Location | None = None) -> None:
        """Ask the daemon to scan all folders at once, because of this one or of several."""
        name = "" if folder is None else str(folder)
        if self.requested_scan() not in (None, name):
            name = ""
        write_atomically(self.directory / LOOK, os.fsencode(name))

    def requested_scan(self) -> str | None:
        """The folder because of which a scan is requested, "" for several; None without one."""
        try:
            return os.fsdecode((self.directory / LOOK).read_bytes())
        except FileNotFoundError:
            return None

    def take_scan_request(self) -> None:
        """A scan has begun: what was requested is granted with it."""
        (self.directory / LOOK).unlink(missing_ok=True)

    @contextmanager
    def making_way(self, work: Work) -> Iterator[None]:
        """Let the daemon index nothing during this work.

        It goes on by itself where the process that requested it has died.
        """
        path = self.directory / MAKING_WAY
        request = json.dumps(asdict(_Request(work, os.getpid(), this_host(), time.time()))).encode()
        write_atomically(path, request)
        try:
            yield
        finally:
            if path.exists() and path.read_bytes() == request:  # else another one came meanwhile
                path.unlink()

    def makes_way_for(self) -> Work | None:
        """The work of another process for which the daemon makes way now."""
        path = self.directory / MAKING_WAY
        request = read_if_whole(path, _Request, "the daemon makes way for nothing")
        if request and is_alive(request.pid, request.host, request.written_at_s):
            return request.work
        return None

    def request_model(self, request: ModelRequest) -> None:
        """Ask the daemon to go over to another model, or leave word why it does not."""
        write_atomically(self.directory / MODEL_REQUEST, json.dumps(asdict(request)).encode())

    def model_request(self) -> ModelRequest | None:
        """The model it has been asked to go over to and has not yet."""
        again = "request the model again with 'indexer models use NAME'"
        found = read_if_whole(self.directory / MODEL_REQUEST, _ModelRequest, again)
        if found is None:
            return None
        refused = literal(found.refused) if isinstance(found.refused, str) else found.refused
        return ModelRequest(found.source, refused)

    def cancel_request(self) -> None:
        """Let the model be the one it is."""
        (self.directory / MODEL_REQUEST).unlink(missing_ok=True)

    def report(self, state: DaemonState) -> None:
        """Let others know what this machine's daemon does. Raises OSError, DiskFull."""
        told = {**asdict(state), "written_at_s": time.time()}
        written = json.dumps(told, default=datetime.isoformat).encode()
        write_atomically(self.directory / STATE, written)

    def report_end(self) -> None:
        """It does nothing any more."""
        (self.directory / STATE).unlink(missing_ok=True)

    def daemon(self) -> DaemonState | None:
        """What the daemon told last; None where none is alive."""
        last = read_if_whole(self.directory / STATE, _State, "a running daemon writes it again")
        if last and is_alive(last.pid, last.host, last.written_at_s):
            return DaemonState(**{one.name: getattr(last, one.name) for one in fields(DaemonState)})
        return None

    def daemons(self) -> list[DaemonState]:
        """All daemons of the library that are alive."""
        daemon = self.daemon()
        return [daemon] if daemon else []


class StateReporter:
    """Tells what a running daemon does, and at last that it has ended.

    `set()` writes at once where the daemon begins something else. Progress costs nothing: a thread
    writes it, at most once a second.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._state = DaemonState(os.getpid(), this_host(), now())
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._written: tuple[DaemonState, float] | None = None
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
        self._control.report_end()

    @property
    def state(self) -> DaemonState:
        """What was told last."""
        return self._state

    @property
    def requested_scan(self) -> str | None:
        """The folder because of which a scan is requested, "" for several; None without one."""
        return self._control.requested_scan()

    def take_scan_request(self) -> None:
        """A scan has begun: what was requested is granted with it."""
        self._control.take_scan_request()

    def set(self, **changes: Any) -> None:
        """Change these fields of DaemonState."""
        before, self._state = self._state, replace(self._state, **changes)
        if (before.work, before.paused) != (self._state.work, self._state.paused):
            self._write()

    def _write_on(self) -> None:
        while True:
            self._write()
            if self._ended.wait(REPORT_EVERY_S):
                return

    def _write(self) -> None:
        """Write the state, unless others know it and have had a sign of life."""
        with self._writing:
            state, now_s = self._state, time.time()  # wall time: it goes on while a laptop sleeps
            written = self._written
            if not written or written[0] != state or abs(now_s - written[1]) >= SIGN_OF_LIFE_S:
                self._report(state)
                self._written = (state, now_s)

    def _report(self, state: DaemonState) -> None:
        try:
            self._control.report(state)
        except (OSError, DiskFull, DatabaseUnreachable) as error:
            # the state is for looking at, photos come first
            log.debug("the daemon's state cannot be written: %s", error)


def is_alive(pid: int, host: str, written_at_s: float) -> bool:
    """Whether the process that wrote this, so many seconds after 1970, is still there."""
    if abs(time.time() - written_at_s) > BELIEVED_S:
        return False
    return host != this_host() or (0 < pid <= LAST_PID and psutil.pid_exists(pid))
