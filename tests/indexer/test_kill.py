"""A process killed at any moment costs what it had in hand, and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from indexer.errors import LibraryBusy
from indexer.library import open_library
from tests.fakes import ColourEncoder
from tests.indexer.taking_in import hold_the_lock, opened, take_in
from tests.photos import make_photo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and a fork server")

ROUNDS = 100
AT_ONCE = 4  # photos that come in each round
WHAT_IS_KNOWN = """
    SELECT photos.path, photos.error, photos.missing_since, contents.sha256, embeddings.vector
    FROM photos LEFT JOIN contents ON contents.id = photos.content_id
    LEFT JOIN embeddings ON embeddings.content_id = contents.id ORDER BY photos.path"""

# loaded once and forked for each round: a hundred starts of Python would take minutes
context = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
if sys.platform != "win32":
    context.set_forkserver_preload(["tests.indexer.taking_in"])


def drop(photos: Path, round_: int) -> None:
    """New photos: one of its own colours each, a copy, and now and then a damaged one."""
    for number in range(AT_ONCE - 1):
        seed = round_ * AT_ONCE + number
        make_photo(photos / f"{round_ % 7}" / f"{seed}.png", "green", size=(32, 24), seed=seed)
    shutil.copy(photos / f"{round_ % 7}" / f"{seed}.png", photos / f"copy {round_}.png")
    if round_ % 10 == 0:
        (photos / f"damaged {round_}.jpg").write_bytes(b"\xff\xd8" + bytes([round_]) * 50)


def left_alone_s(library: Path) -> float:
    """How long a process takes that has nothing to take in: with photos it takes longer."""
    took_s = []
    for _ in range(3):
        started = time.monotonic()
        process = context.Process(target=take_in, args=(library,))
        process.start()
        process.join()
        took_s.append(time.monotonic() - started)
    return min(took_s)


def rows(library: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(library / "library.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_hundred_kills_leave_the_library_of_an_undisturbed_run(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    photos.mkdir()
    new = opened(library, create=True, model="colour")
    new.add_root(photos)
    new.close()
    moments = random.Random(20)
    killed = 0
    longest_s = left_alone_s(library)
    for round_ in range(ROUNDS):
        drop(photos, round_)
        process = context.Process(target=take_in, args=(library,))
        process.start()
        time.sleep(moments.uniform(0, longest_s))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert killed > ROUNDS / 2  # those that were quicker than the kill are no loss
    assert rows(library, "PRAGMA integrity_check") == [("ok",)]
    take_in(library)

    undisturbed = tmp_path / "undisturbed"
    fresh = opened(undisturbed, create=True, model="colour")
    fresh.add_root(photos)
    take_in(undisturbed)
    assert rows(library, WHAT_IS_KNOWN) == rows(undisturbed, WHAT_IS_KNOWN)
    ((contents,),) = rows(library, "SELECT count(*) FROM contents")
    assert contents == ROUNDS * (AT_ONCE - 1)
    # an embedding computed anew gets a new number, so what was committed was computed once
    ((count, last),) = rows(library, "SELECT count(*), max(id) FROM embeddings")
    assert count == last == contents

    def answer() -> list[tuple[str, float]]:
        searcher = opened(library)
        hits = searcher.search("green", 1000).hits
        assert searcher.status().index.vectors == contents
        searcher.close()
        return sorted((hit.photo.path.name, hit.score) for hit in hits)

    with_snapshot = answer()
    (library / "index.faiss").unlink()
    assert answer() == with_snapshot
    assert len(with_snapshot) == ROUNDS * AT_ONCE
    fresh.close()


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    library = open_library(
        tmp_path / "library", create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    process = context.Process(target=hold_the_lock, args=(library.path,))
    process.start()
    deadline = time.monotonic() + 60
    while not (library.path / "writer.json").exists() or (
        f'"pid": {process.pid},' not in (library.path / "writer.json").read_text()
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    told = rf"process {process.pid} on {os.uname().nodename} since \d{{4}}-\d\d-\d\d"
    with pytest.raises(LibraryBusy, match=told), library.writing():
        pass
    assert library.search("red").hits == ()  # nobody who searches waits
    process.kill()
    process.join()
    with library.writing():
        library.rebuild()
    library.close()
