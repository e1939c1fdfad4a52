"""Many at once on one library: a daemon, searchers and a status loop; a slow query and others."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indexer.library.library import open_library
from tests.depth import deeper
from tests.fakes import ColourEncoder, FloatArray
from tests.forks import context
from tests.indexer.taking_in import keep_in_line, opened, search_on
from tests.photos import make_photo
from tests.waiting import eventually

pytestmark = pytest.mark.slow

SECONDS = float(deeper(1))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_searchers_and_status_see_a_consistent_library_while_a_daemon_writes(
    place: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    make_photo(photos / "first.png", "green")
    library = opened(place, create=True, model="colour")
    library.add_root(photos)
    daemon = context.Process(target=keep_in_line, args=(library.path,))
    searchers = [context.Process(target=search_on, args=(library.path, SECONDS)) for _ in range(2)]
    for process in (daemon, *searchers):
        process.start()
    try:
        before = made = 0
        while any(process.is_alive() for process in searchers):
            for _ in range(5):
                made += 1
                make_photo(photos / f"{made % 9}" / f"{made}.png", "green", seed=made)
            status = library.status()
            assert before <= status.photos <= made + 1
            assert (status.failed, status.missing) == (0, 0)
            before = status.photos
            searchers[0].join(0.1)
        for process in searchers:
            process.join(60)
            assert process.exitcode == 0
        eventually(lambda: library.status().photos == made + 1)
        assert daemon.pid is not None
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.join(30)
        assert daemon.exitcode == 0
    finally:
        for process in (daemon, *searchers):
            process.kill()
    library.close()


class SlowEncoder(ColourEncoder):
    """Takes for one text until it `may` go on."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.may = threading.Event(), threading.Event()

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        if "slow" in texts:
            self.began.set()
            assert self.may.wait(60)
        return super().embed_texts(texts)


def test_slow_query_holds_nobody_else_up(tmp_path: Path) -> None:
    encoder = SlowEncoder()
    make_photo(tmp_path / "photos" / "red.png", "red")
    library = open_library(
        tmp_path / "library", create=True, model="colour", open_encoder=lambda _: encoder
    )
    library.add_root(tmp_path / "photos")
    with library.writing():
        library.rebuild()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(library.search, "slow")
        assert encoder.began.wait(60)
        make_photo(tmp_path / "photos" / "blue.png", "blue")
        with library.writing():
            library.update()  # others even search what has come meanwhile
        assert library.search("blue", 1).hits[0].photo.path.name == "blue.png"
        assert library.status().photos == 2
        assert library.facets().photos == 2
        assert not slow.done()
        encoder.may.set()
        assert slow.result(60).hits
    library.close()
