"""The control channel between a daemon and others: its state, and what is requested of it.

Small files of the library, next to the database and not in it: each commit makes every searcher
catch up. Where several hosts share a library, control_postgres.py reaches the others. Knows nothing
of photos; the daemon decides what its state is.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import psutil

from indexer.atomic import write_atomically
from indexer.clock import now
from indexer.errors import DatabaseUnreachable, DiskFull
from indexer.json_files import read_if_whole
from indexer.location import Location
from indexer.paths import this_host
from indexer.private import make_private
from indexer.records.status import DaemonState, Work

log = logging.getLogger(__name__)

STATE: Final = "daemon-state.json"  # next to daemon.json, of the lock's holder
PAUSED: Final = "paused"
SCAN_REQUEST: Final = "look"
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
class _State(DaemonState):
    """The form of STATE."""

    written_at_s: float = 0.0


class Control(Protocol):
    """Where the daemons of a library and others exchange requests and states."""

    def pause(self) -> None:
        """Request that the daemon, running or to come, index nothing."""

    def resume(self) -> None:
        """Request that it go on."""

    def is_paused(self) -> bool:
        """Whether a pause is requested."""

    def request_scan(self, folder: Location | None = None) -> None:
        """Request a scan of all folders at once, because of this one or of several."""

    def requested_scan(self) -> str | None:
        """The folder because of which a scan is requested, "" for several; None without one."""

    def take_scan_request(self) -> None:
        """A scan has begun: what was requested is granted with it."""

    def making_way(self, work: Work) -> AbstractContextManager[None]:
        """Let the daemon index nothing during this work.

        It goes on by itself where the process that requested it has died.
        """

    def makes_way_for(self) -> Work | None:
        """The work of another process for which the daemon makes way now."""

    def report(self, state: DaemonState) -> None:
        """Publish the state of this host's daemon. Raises OSError, DiskFull."""

    def report_end(self) -> None:
        """This host's daemon has ended."""

    def daemon(self) -> DaemonState | None:
        """The last state of a daemon that is alive, this host's first."""

    def daemons(self) -> list[DaemonState]:
        """The last states of all daemons that are alive."""


class FileControl:
    """The control channel of one host: files in the library's directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def pause(self) -> None:
        make_private(self._directory / PAUSED)

    def resume(self) -> None:
        (self._directory / PAUSED).unlink(missing_ok=True)

    def is_paused(self) -> bool:
        return (self._directory / PAUSED).exists()

    def request_scan(self, folder: Location | None = None) -> None:
        name = "" if folder is None else str(folder)
        if self.requested_scan() not in (None, name):
            name = ""
        write_atomically(self._directory / SCAN_REQUEST, os.fsencode(name))

    def requested_scan(self) -> str | None:
        try:
            return os.fsdecode((self._directory / SCAN_REQUEST).read_bytes())
        except FileNotFoundError:
            return None

    def take_scan_request(self) -> None:
        (self._directory / SCAN_REQUEST).unlink(missing_ok=True)

    @contextmanager
    def making_way(self, work: Work) -> Iterator[None]:
        path = self._directory / MAKING_WAY
        request = json.dumps(asdict(_Request(work, os.getpid(), this_host(), time.time()))).encode()
        write_atomically(path, request)
        try:
            yield
        finally:
            if path.exists() and path.read_bytes() == request:  # else another one came meanwhile
                path.unlink()

    def makes_way_for(self) -> Work | None:
        path = self._directory / MAKING_WAY
        request = read_if_whole(path, _Request, "the daemon makes way for nothing")
        if request and is_alive(request.pid, request.host, request.written_at_s):
            return request.work
        return None

    def report(self, state: DaemonState) -> None:
        document = {**asdict(state), "written_at_s": time.time()}
        text = json.dumps(document, default=datetime.isoformat)
        write_atomically(self._directory / STATE, text.encode())

    def report_end(self) -> None:
        (self._directory / STATE).unlink(missing_ok=True)

    def daemon(self) -> DaemonState | None:
        last = read_if_whole(self._directory / STATE, _State, "a running daemon writes it again")
        if last and is_alive(last.pid, last.host, last.written_at_s):
            return DaemonState(**{one.name: getattr(last, one.name) for one in fields(DaemonState)})
        return None

    def daemons(self) -> list[DaemonState]:
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
        """The state that was set last."""
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
