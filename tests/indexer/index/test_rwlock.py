"""Readers hold the lock together, a writer alone."""

from __future__ import annotations

import threading

from indexer.index.rwlock import SharedLock


def test_readers_are_inside_together() -> None:
    lock, together = SharedLock(), threading.Barrier(3, timeout=30)

    def read() -> None:
        with lock.reading():
            together.wait()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    together.wait()  # would break if one had to leave first
    for thread in threads:
        thread.join()


def test_a_writer_is_inside_alone() -> None:
    lock, inside, wrong = SharedLock(), [0, 0], []

    def work(writing: bool) -> None:
        for _ in range(300):
            with lock.writing() if writing else lock.reading():
                inside[writing] += writing
                if inside[1] != writing:
                    wrong.append(tuple(inside))
                inside[writing] -= writing

    threads = [threading.Thread(target=work, args=(number < 2,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_error_inside_leaves_it_free() -> None:
    lock = SharedLock()
    for held in (lock.reading, lock.writing, lock.writing, lock.reading):
        try:
            with held():
                raise ValueError
        except ValueError:
            pass
