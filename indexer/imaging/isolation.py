"""Runs a decoder that may hang or crash in a worker process, so that it costs one file.

    picture = run_isolated(Limits(seconds=30), decode_it, data, 256)

The contract: the function is one of a module that can be imported, its arguments and its result
can be pickled, and it depends on nothing else of this process. It runs in a worker that is started
once, serves one call after the other, and ends when it is idle, when its parent ends, and with a
call that passes a limit. Its exceptions are raised here. A decoder that takes too long, needs too
much memory, or kills its process raises Undecodable with that reason; the next call gets another
worker. Called in a worker, it calls the function at once. Safe to use from several threads, and in
any process: a thread of ingest, the daemon, a worker of Ray, the page. Knows no format.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, ParamSpec, TypeVar, cast

import psutil

from clipcore.engines.cpu import cores
from clipcore.messages import N_, MessageId
from indexer.errors import Undecodable, Unreadable

P = ParamSpec("P")
T = TypeVar("T")

BOOT: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; from indexer.imaging.isolation import serve; serve()"
)
IDLE_S: Final = 30.0  # then a worker ends: it has some 60 MB
STEP_S: Final = 0.25  # between two looks at the memory of a worker that is at work
PARENT_S: Final = 1.0  # between two looks of a worker at its parent
GRACE_S: Final = 5  # after its limit a worker ends itself, if nobody else could
TOO_LONG: Final = N_("its decoder took more than {seconds} s, and was stopped")
TOO_LARGE: Final = N_("too large for this machine's memory")
CRASHED: Final = N_("its decoder crashed: {why}")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one call may take; memory is what it needs beyond an idle worker's."""

    seconds: float = 60.0
    memory_bytes: int = 3 * 2**30


def run_isolated(limits: Limits, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(*args, **kwargs)`, called in a worker.

    Raises what it raises; Undecodable where it passes a limit or crashes, Unreadable where no
    worker can be started.
    """
    if _here.is_worker:
        return function(*args, **kwargs)
    return cast(T, _pool(os.getpid()).run(limits, (function, args, kwargs)))


class _Stopped(Exception):
    """The worker ended before it replied; `reason`: why, if it was stopped."""

    def __init__(self, reason: MessageId | None) -> None:
        super().__init__(reason)
        self.reason = reason


class _Worker:
    """A process that serves one call after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", BOOT, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders print there what they think of a file
        )
        self.calls = 0
        self.idle_since = time.monotonic()
        try:
            pickle.load(self._stdout)  # it is ready
        except EOFError as error:
            self.end()
            raise OSError(f"it ended at once: {self.ending}") from error

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def ending(self) -> str:
        """How the process ended."""
        code = self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def call(self, limits: Limits, request: object) -> tuple[bool, Any]:
        """Whether it returned, and what it returned or raised. Raises _Stopped."""
        self.calls += 1
        guard = _Guard(self._process, limits)
        guard.start()
        try:
            pickle.dump((limits, request), self._stdin, pickle.HIGHEST_PROTOCOL)
            self._stdin.flush()
            reply: tuple[bool, Any] = pickle.load(self._stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.end()
            raise _Stopped(guard.verdict) from error
        except BaseException:  # half a request has been sent, or half a reply is to come
            self.end()
            raise
        finally:
            guard.done.set()
        self.idle_since = time.monotonic()
        return reply

    def ask_to_end(self) -> None:
        """What measures the process may write its figures then."""
        self._process.terminate()

    def end(self, within_s: float = 0.0) -> None:
        """Kill it, whatever it does; `within_s`: unless it ends by itself within this time."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, within_s))
        self._process.kill()
        self._process.wait()
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):  # what was not sent is lost
                pipe.close()

    @property
    def _stdin(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdin)

    @property
    def _stdout(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdout)


class _Guard(threading.Thread):
    """Kills a worker that passes a limit before `done` is set; `verdict` then says which."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        super().__init__(name="isolation", daemon=True)
        self.done = threading.Event()
        self.verdict: MessageId | None = None
        self._process = process
        self._limits = limits

    def run(self) -> None:
        deadline = time.monotonic() + self._limits.seconds
        while not self.done.wait(min(STEP_S, max(0.0, deadline - time.monotonic()))):
            self.verdict = self._judge(deadline)
            if self.verdict:
                self._process.kill()
                return

    def _judge(self, deadline: float) -> MessageId | None:
        if time.monotonic() >= deadline:
            return TOO_LONG
        with suppress(psutil.Error):  # it has just ended by itself
            used = psutil.Process(self._process.pid).memory_info().rss
            return TOO_LARGE if used > self._limits.memory_bytes else None
        return None


class _Pool:
    """The workers of this process: as many as are called at once, at most one a core."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(cores())
        self._reaper: threading.Timer | None = None
        atexit.register(self.close)

    def run(self, limits: Limits, request: object) -> Any:
        with self._free:
            while True:
                worker = self._worker()
                try:
                    returned, value = worker.call(limits, request)
                except _Stopped as stopped:
                    if stopped.reason is None and worker.calls > 1:
                        continue  # it may have been harmed by a file before: a new one will show
                    raise self._failure(stopped, worker, limits) from stopped
                self._release(worker)
                if returned:
                    return value
                raise Undecodable(TOO_LARGE) if isinstance(value, MemoryError) else value

    @staticmethod
    def _failure(stopped: _Stopped, worker: _Worker, limits: Limits) -> Undecodable:
        if stopped.reason == TOO_LONG:
            return Undecodable(TOO_LONG, seconds=round(limits.seconds))
        if stopped.reason:
            return Undecodable(stopped.reason)
        return Undecodable(CRASHED, why=worker.ending)

    def _worker(self) -> _Worker:
        """The one that was used last: the others become idle, and end. Raises Unreadable."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                worker.end()
        try:
            return _Worker()
        except OSError as error:
            raise Unreadable(
                N_("no process can be started for its decoder: {why}"), why=error.strerror or error
            ) from error

    def _release(self, worker: _Worker) -> None:
        with self._lock:
            self._idle.append(worker)
            if self._reaper is None:
                self._reap_later()

    def _reap_later(self) -> None:
        self._reaper = threading.Timer(IDLE_S, self._reap)
        self._reaper.daemon = True
        self._reaper.start()

    def _reap(self) -> None:
        """End the workers that are idle for long."""
        latest = time.monotonic() - IDLE_S
        with self._lock:
            ended = [worker for worker in self._idle if worker.idle_since <= latest]
            self._idle = [worker for worker in self._idle if worker not in ended]
            self._reaper = None
            if self._idle:
                self._reap_later()
        self._dismiss(ended)

    def close(self) -> None:
        """End all idle workers. Those at work end with this process."""
        with self._lock:
            ended, self._idle = self._idle, []
        self._dismiss(ended)

    @staticmethod
    def _dismiss(idle: Sequence[_Worker]) -> None:
        for worker in idle:
            worker.ask_to_end()
        until_s = time.monotonic() + GRACE_S
        for worker in idle:
            worker.end(until_s - time.monotonic())


@cache
def _pool(process_id: int) -> _Pool:
    """That of this process: one that was forked does not share its parent's workers."""
    return _Pool()


# --- in a worker ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _ThisProcess:
    is_worker: bool = False


_here: Final = _ThisProcess()


def serve() -> None:
    """Be a worker: answer the calls that come from standard input, until that ends."""
    _here.is_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the parent, which decides
    replies = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # decoders print there too
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    idle_bytes = psutil.Process().memory_info().vms
    _send(replies, pickle.dumps("ready"))
    while True:
        try:
            limits, (function, args, kwargs) = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        _set_limits(limits, idle_bytes)
        _send(replies, _reply(function, args, kwargs))
        _alarm(0)


def _end_with(parent_id: int) -> None:
    """End this process soon after its parent, even in the middle of a call."""
    while os.getppid() == parent_id and psutil.pid_exists(parent_id):
        time.sleep(PARENT_S)
    os._exit(1)


def _send(replies: BinaryIO, pickled: bytes) -> None:
    replies.write(pickled)
    replies.flush()


def _reply(function: Callable[..., Any], args: Any, kwargs: Any) -> bytes:
    try:
        return pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        return _pickled_error(error)


def _pickled_error(error: Exception) -> bytes:
    """The exception, or one of the same text where it cannot be pickled and read back."""
    try:
        pickled = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(pickled)
    except Exception:  # noqa: BLE001 - other people's exceptions may need anything
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return pickled


def _set_limits(limits: Limits, idle_bytes: int) -> None:
    _alarm(int(limits.seconds) + GRACE_S)
    with suppress(ImportError, ValueError, OSError):  # not everywhere; the parent looks at it too
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (idle_bytes + limits.memory_bytes, most))


def _alarm(seconds: int) -> None:
    """End this process after so long, whatever it does; 0: it goes on."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)
