"""Who decodes beside whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.imaging.memory_budget import Crowded, Room, free_for_decoding


def most_at_once(limit_bytes: int, needed_bytes: int) -> int:
    room, lock = Room(limit_bytes), threading.Lock()
    inside = most = 0
    met = threading.Event()

    def work(_: int) -> None:
        nonlocal inside, most
        with room.of(needed_bytes):
            with lock:
                inside += 1
                most = max(most, inside)
            met.wait(0.02)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(16)))
    return most


@pytest.mark.slow
def test_as_many_go_side_by_side_as_there_is_room_for() -> None:
    assert most_at_once(100, 50) == 2
    assert most_at_once(100, 60) == 1
    assert most_at_once(100, 0) == 4


@pytest.mark.slow
def test_what_needs_more_than_all_the_room_goes_alone() -> None:
    assert most_at_once(100, 1000) == 1


def test_some_of_the_memory_that_is_free_is_used() -> None:
    assert free_for_decoding() > 0


def test_where_many_wait_the_next_is_refused() -> None:
    room = Room(100)
    held, waits = threading.Event(), threading.Event()

    def wait() -> None:
        with room.of(100):
            waits.set()

    with room.of(100):
        waiting = threading.Thread(target=wait)
        waiting.start()
        while not held.wait(0.001):
            try:
                with room.of(100, waiting=1):
                    raise AssertionError("there was room")
            except Crowded:
                held.set()
        assert not waits.is_set()
    waiting.join()
    assert waits.is_set()
    with room.of(100, waiting=0):
        pass
