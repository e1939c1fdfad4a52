"""A process killed at any moment costs what it had in hand, and nothing else."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, func, select, text

from indexer.errors import LibraryBusy
from indexer.library.library import open_library
from indexer.paths import url_in
from indexer.store.schema import contents, embeddings, photos
from indexer.store.shared_schema import claims
from tests.depth import deeper
from tests.fakes import ColourEncoder
from tests.forks import context
from tests.indexer.taking_in import hold_the_lock, ingest_photos, opened
from tests.photos import make_photo
from tests.stores import store_of
from tests.waiting import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and a fork server"),
]

ROUNDS = deeper(10)
AT_ONCE = 4  # photos that come in each round
WHAT_IS_KNOWN = (
    select(
        photos.c.path,
        photos.c.error,
        photos.c.missing_since,
        contents.c.sha256,
        embeddings.c.vector,
    )
    .outerjoin(contents, contents.c.id == photos.c.content_id)
    .outerjoin(embeddings, embeddings.c.content_id == contents.c.id)
)


def drop(folder: Path, round_: int) -> None:
    """New photos: one of its own colours each, a copy, and now and then a damaged one."""
    for number in range(AT_ONCE - 1):
        seed = round_ * AT_ONCE + number
        make_photo(folder / f"{round_ % 7}" / f"{seed}.png", "green", size=(32, 24), seed=seed)
    shutil.copy(folder / f"{round_ % 7}" / f"{seed}.png", folder / f"copy {round_}.png")
    if round_ % 10 == 0:
        (folder / f"damaged {round_}.jpg").write_bytes(b"\xff\xd8" + bytes([round_ % 256]) * 50)


def left_alone_s(library: Path) -> float:
    """How long a process takes that has nothing to index: with photos it takes longer."""
    took_s = []
    for _ in range(3):
        started = time.monotonic()
        process = context.Process(target=ingest_photos, args=(library,))
        process.start()
        process.join()
        took_s.append(time.monotonic() - started)
    return min(took_s)


def rows(library: Path, query: Executable) -> list[tuple[Any, ...]]:
    with (
        closing(opened(library)) as found,
        store_of(found) as store,
        store.database.engine.connect() as connection,
    ):
        return sorted(tuple(row) for row in connection.execute(query).all())


def number(library: Path, query: Executable) -> int:
    ((found,),) = rows(library, query)
    return int(found)


def test_a_hundred_kills_leave_the_library_of_an_undisturbed_run(
    place: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    new = opened(place, create=True, model="colour")
    new.add_root(folder)
    new.close()
    moments = random.Random(20)
    rounds = killed = 0
    longest_s = left_alone_s(place)
    while killed < ROUNDS:  # those that were quicker than the kill are no loss
        assert rounds < 20 * ROUNDS, "hardly any kill comes in time"
        drop(folder, rounds)
        rounds += 1
        process = context.Process(target=ingest_photos, args=(place,))
        process.start()
        time.sleep(moments.uniform(0, longest_s))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    if url_in(place) is None:
        assert rows(place, text("PRAGMA integrity_check")) == [("ok",)]
    ingest_photos(place)

    undisturbed = tmp_path / "undisturbed"
    fresh = opened(undisturbed, create=True, model="colour")
    fresh.add_root(folder)
    ingest_photos(undisturbed)
    assert rows(place, WHAT_IS_KNOWN) == rows(undisturbed, WHAT_IS_KNOWN)
    ingested = rounds * (AT_ONCE - 1)
    for table in (contents, embeddings):
        assert number(place, select(func.count()).select_from(table)) == ingested
    if url_in(place) is None:
        # an embedding computed again gets a new number, so what was committed was computed once
        assert number(place, select(func.max(embeddings.c.id))) == ingested
    else:  # numbers that a transaction took and did not commit are lost
        assert rows(place, select(claims)) == []

    def answer() -> list[tuple[str, float]]:
        searcher = opened(place)
        hits = searcher.search("green", 1000).hits
        assert searcher.status().index.vectors == ingested
        searcher.close()
        return sorted((hit.photo.path.name, hit.score) for hit in hits)

    with_snapshot = answer()
    (place / "index.faiss").unlink(missing_ok=url_in(place) is not None)
    assert answer() == with_snapshot
    assert len(with_snapshot) == ROUNDS * AT_ONCE
    fresh.close()


def test_the_lock_of_a_killed_process_is_taken_over(place: Path) -> None:
    library = open_library(
        place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    process = context.Process(target=hold_the_lock, args=(library.path,))
    process.start()
    holder, pid = library.path / "writer.json", f'"pid": {process.pid},'
    eventually(lambda: holder.exists() and pid in holder.read_text())
    told = rf"process {process.pid} on {os.uname().nodename} since \d{{4}}-\d\d-\d\d"
    with pytest.raises(LibraryBusy, match=told), library.writing():
        pass
    assert library.search("red").hits == ()  # nobody who searches waits
    process.kill()
    process.join()
    with library.writing():
        library.rebuild()
    library.close()
