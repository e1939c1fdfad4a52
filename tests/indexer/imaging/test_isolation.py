"""A decoder that crashes, hangs or takes all memory costs its own call, and nothing else."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from indexer.errors import Undecodable, Unreadable
from indexer.imaging import isolation
from indexer.imaging.isolation import BOOT, Limits, run_isolated
from tests.waiting import eventually

LIMITS = Limits()
calls = 0


def crash_unless_first() -> int:
    """As a process whose memory an earlier file has damaged."""
    global calls
    calls += 1
    if calls > 1:
        os.abort()
    return os.getpid()


def leave(code: int) -> None:
    os._exit(code)


def nested() -> tuple[int, int]:
    return os.getpid(), run_isolated(LIMITS, os.getpid)


def print_much() -> str:
    sys.stdout.write("a decoder's chatter\n")
    os.write(1, b"and that of C")
    return "done"


def test_a_worker_serves_one_call_after_the_other() -> None:
    worker = run_isolated(LIMITS, os.getpid)
    assert worker != os.getpid()
    assert run_isolated(LIMITS, os.getpid) == worker
    assert run_isolated(LIMITS, len, bytes(10**6)) == 10**6


def test_a_call_in_a_worker_is_made_at_once() -> None:
    outer, inner = run_isolated(LIMITS, nested)
    assert outer == inner != os.getpid()


def test_what_a_decoder_prints_disturbs_nobody() -> None:
    assert run_isolated(LIMITS, print_much) == "done"


def test_what_the_function_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        run_isolated(LIMITS, int, "x")


def test_a_request_that_cannot_be_sent_leaves_no_worker_that_waits_for_it() -> None:
    worker = run_isolated(LIMITS, os.getpid)
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        run_isolated(LIMITS, lambda: None)
    assert not psutil.pid_exists(worker)
    assert run_isolated(LIMITS, os.getpid) != worker


def end_all_workers() -> None:
    """As a machine that runs out of memory ends what is idle."""
    workers = [one for one in psutil.Process().children() if is_at_work(one)]
    for worker in workers:
        worker.kill()
    eventually(lambda: not any(map(is_at_work, workers)))


def is_at_work(process: psutil.Process) -> bool:
    """Whether it is a worker that has not ended."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and BOOT in process.cmdline()
    except psutil.Error:  # it has ended just now
        return False


@pytest.mark.slow
def test_a_worker_that_was_ended_while_idle_is_replaced() -> None:
    worker = run_isolated(LIMITS, os.getpid)
    end_all_workers()
    assert run_isolated(LIMITS, os.getpid) != worker


@pytest.mark.slow
def test_a_file_is_not_blamed_where_no_worker_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end_all_workers()
    monkeypatch.setattr(isolation, "BOOT", "import sys; sys.exit(3)")
    with pytest.raises(Unreadable, match=r"no process can be started.*at once: exit code 3"):
        run_isolated(LIMITS, os.getpid)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "function", "argument", "reason"),
    [
        (LIMITS, leave, 3, "crashed: exit code 3"),
        (Limits(seconds=0.1), time.sleep, 60, "took more than"),
        (Limits(memory_bytes=2**28), bytes, 2**29, "too large"),
    ],
)
def test_a_call_that_fails_says_why_and_the_next_one_works(
    limits: Limits, function: Callable[[Any], Any], argument: Any, reason: str
) -> None:
    with pytest.raises(Undecodable, match=reason):
        run_isolated(limits, function, argument)
    assert run_isolated(LIMITS, os.getpid) != os.getpid()


@pytest.mark.slow
def test_a_file_is_not_blamed_for_what_an_earlier_one_has_damaged() -> None:
    first = run_isolated(LIMITS, crash_unless_first)
    assert run_isolated(LIMITS, crash_unless_first) != first


def test_threads_have_a_worker_each() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda size: run_isolated(LIMITS, len, bytes(size)), range(40))) == [
            *range(40)
        ]


PARENT = """
import os, time
from indexer.imaging.isolation import Limits, run_isolated
print(run_isolated(Limits(), os.getpid), flush=True)
run_isolated(Limits(), time.sleep, 600)
"""


@pytest.mark.processes
def test_a_worker_ends_with_its_parent_even_at_work() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
