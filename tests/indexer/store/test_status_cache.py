"""The numbers are those of the last commit, and counted once for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from clipcore.messages import literal
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import FileStat
from indexer.store.outcomes import Outcome
from indexer.store.status_cache import StatusCache
from indexer.store.store import Store
from tests.depth import deeper

pytestmark = pytest.mark.both

THREADS = 8
CALLS = THREADS * deeper(50)


@pytest.fixture
def store(database: Path | URL) -> Iterator[Store]:
    store = Store.create(database, Model("fake", "fake"))
    yield store
    store.close()


def test_what_is_committed_is_counted_and_counted_once(store: Store, tmp_path: Path) -> None:
    numbers = StatusCache(str(tmp_path))
    assert (numbers.now(store).roots, numbers.now(store).failed) == ((), 0)
    root = store.roots.add(tmp_path / "Pictures")
    bad = [ScannedFile(root.id, f"{name}.jpg", FileStat(1, 1)) for name in "abc"]
    store.ingest.record([Outcome(found, None, None, literal("no picture")) for found in bad])
    store.ingest.record(
        (), missing=[row for row in store.ingest.rows(root.id) if row.path == "b.jpg"]
    )
    told = numbers.now(store)
    assert [told.path for told in told.roots] == [root.path]
    assert (told.failed, told.missing, told.photos) == (2, 1, 0)
    assert numbers.now(store) is told


def test_another_model_has_numbers_of_its_own(store: Store, tmp_path: Path) -> None:
    numbers = StatusCache(str(tmp_path))
    assert numbers.now(store).model_id == "fake"
    other = store.with_model(Model("other", "other"))  # as during a rebuild with another model
    assert numbers.now(other).model_id == "other"


def test_the_text_tower_is_recorded_and_a_switch_of_the_model_ends_its_use(
    store: Store, tmp_path: Path
) -> None:
    numbers = StatusCache(str(tmp_path))
    assert numbers.now(store).text_tower is None
    store.database.record_text_tower("a tower")
    assert numbers.now(store).text_tower == "a tower"
    assert store.database.recorded_model() == Model("fake", "fake", "a tower")
    assert not store.is_switching
    store.database.record_model(Model("other", "other"))
    assert store.is_switching
    assert numbers.now(store).text_tower is None


@pytest.mark.slow
def test_threads_ask_at_once(store: Store, tmp_path: Path) -> None:
    numbers = StatusCache(str(tmp_path))
    patience_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns at every step
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            model_ids = set(pool.map(lambda _: numbers.now(store).model_id, range(CALLS)))
    finally:
        sys.setswitchinterval(patience_s)
    assert model_ids == {"fake"}
