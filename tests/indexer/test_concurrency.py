"""A daemon that takes photos in, searchers and a status loop on one library, as processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.indexer.taking_in import keep_in_line, opened, search_on
from tests.photos import make_photo

SECONDS = 10.0


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_searchers_and_status_see_a_consistent_library_while_a_daemon_writes(
    place: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    make_photo(photos / "first.png", "green")
    library = opened(place, create=True, model="colour")
    library.add_root(photos)
    spawn = multiprocessing.get_context("spawn")
    daemon = spawn.Process(target=keep_in_line, args=(library.path,))
    searchers = [spawn.Process(target=search_on, args=(library.path, SECONDS)) for _ in range(2)]
    for process in (daemon, *searchers):
        process.start()
    try:
        before = made = 0
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for _ in range(5):
                made += 1
                make_photo(photos / f"{made % 9}" / f"{made}.png", "green", seed=made)
            status = library.status()
            assert before <= status.photos <= made + 1
            assert (status.failed, status.missing) == (0, 0)
            before = status.photos
            time.sleep(0.1)
        for process in searchers:
            process.join(60)
            assert process.exitcode == 0
        deadline = time.monotonic() + 60
        while library.status().photos < made + 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert daemon.pid is not None
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.join(30)
        assert daemon.exitcode == 0
    finally:
        for process in (daemon, *searchers):
            process.kill()
    library.close()
