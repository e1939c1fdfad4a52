"""pgvector's index finds what comparing all would, with any filter, and is built without a halt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import event

from benchmarks.clip_like import ClipLike
from indexer.index import pgvector_index as module
from indexer.index.contract import Passing
from indexer.index.pgvector_index import PgIndex
from indexer.index.policy import IndexPolicy
from indexer.postgres_url import database_url
from indexer.query.query import parse
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat
from indexer.store.bulk import insert_rows
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.schema import contents, embeddings, pack, photos
from indexer.store.store import Store
from tests.depth import at_depth
from tests.postgres_server import Server

DIM = 64
COUNT = 4_000
TOP = 20
PHOTOS = ClipLike(DIM, clusters=100)
SMALL = IndexPolicy(exact_limit=500)  # the library of these tests has outgrown it
SHARES = {"half": 2, "tenth": 10, "hundredth": 100, "thousandth": 1000}


def camera(number: int) -> str:
    """The names of the filters that let this photo pass."""
    return " ".join(name for name, each in SHARES.items() if number % each == 0)


@pytest.fixture(scope="module")
def store(postgres: Server) -> Iterator[Store]:
    """A library whose cameras tell which share of the photos a filter lets pass."""
    with postgres.fresh() as url:
        store = Store.create(database_url(url), Model("fake", "it's a fake"))
        root = store.roots.add(Path("/photos"))
        numbers = range(1, COUNT + 1)
        facts = ("sha256", "width_px", "height_px", "format", "orientation", "camera")
        files = ("root_id", "path", "content_id", "size_bytes", "mtime_ns", "failed_at")
        vectors = PHOTOS.photos(COUNT, seed=0)
        with store.database.engine.begin() as connection:
            insert_rows(
                connection,
                contents,
                facts,
                [(n.to_bytes(32, "big"), 4, 3, "JPEG", 1, camera(n)) for n in numbers],
            )
            insert_rows(
                connection,
                photos,
                files,
                [(root.id, f"{n}.jpg", n, 1, n, datetime(2020, 1, 1)) for n in numbers],
            )
            insert_rows(
                connection,
                embeddings,
                ("content_id", "model_id", "vector"),
                [(n, store.model_id, pack(vectors[n - 1])) for n in numbers],
            )
        PgIndex(store, DIM, SMALL).write_snapshot()
        yield store
        store.close()


def current(store: Store, policy: IndexPolicy = SMALL) -> PgIndex:
    return PgIndex(store, DIM, policy).current(store.database.change_token())


def recall(store: Store, typed: str) -> float:
    """The share of the best 20 that are among the candidates; of 30 queries."""
    ids, vectors = store.search.vectors_after(0, DIM, limit=10**6)
    filters = parse(typed).filters if typed else ()
    passing = Passing(store, filters) if filters else None
    here = np.isin(ids, passing.ids) if passing else np.ones(len(ids), bool)
    index = current(store)
    found = wanted = 0
    for query in PHOTOS.queries(30):
        best = ids[here][np.argsort(-(vectors[here] @ query))][:TOP]
        found += len(np.intersect1d(best, index.candidates(query, TOP, passing)))
        wanted += len(best)
    return found / wanted


def test_a_library_that_has_outgrown_comparing_gets_an_index(store: Store) -> None:
    status = current(store).status()
    assert (status.vectors, status.kind) == (COUNT, "approximate")
    assert "HNSW" in str(status.reason)
    exact = current(store, IndexPolicy(exact_only=True)).status()
    assert (exact.kind, str(exact.reason)) == ("exact", "requested")


@pytest.mark.parametrize(
    "typed",
    ["", "camera:tenth", *at_depth(*(f"camera:{name}" for name in SHARES if name != "tenth"))],
)
def test_the_best_are_among_the_candidates(
    store: Store, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr(module, "FEW", 1)  # the wider filters go through the index
    assert recall(store, typed) >= 0.98


@pytest.mark.parametrize(
    ("typed", "policy", "is_used"),
    [
        ("", SMALL, True),
        ("camera:half", SMALL, True),
        ("camera:thousandth", SMALL, False),  # so few are compared
        ("", IndexPolicy(exact_only=True), False),
    ],
)
def test_the_index_is_used_where_it_is_quicker(
    store: Store, monkeypatch: pytest.MonkeyPatch, typed: str, policy: IndexPolicy, is_used: bool
) -> None:
    plans: list[str] = []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "<#>" in statement:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append(str(cursor.fetchall()))

    monkeypatch.setattr(module, "FEW", 5)
    passing = Passing(store, parse(typed).filters) if typed else None
    (query,) = PHOTOS.queries(1)
    event.listen(store.database.engine, "before_cursor_execute", explain)
    try:
        current(store, policy).candidates(query, TOP, passing)
    finally:
        event.remove(store.database.engine, "before_cursor_execute", explain)
    assert ["Index Scan using hnsw_" in plan for plan in plans] == [is_used]


def test_what_is_committed_is_found_at_once(store: Store) -> None:
    (vector,) = PHOTOS.photos(1, seed=9)
    found = ScannedFile(1, "new.jpg", FileStat(1, 1))
    store.ingest.record([Outcome(found, None, NewContent(b"n" * 32, Facts(4, 3, "JPEG"), vector))])
    index = current(store)
    nearest = index.candidates(vector, 1, None)
    assert index.last_id in nearest
    assert len(index) == COUNT + 1


def test_large_library_is_counted_now_and_then_and_searched_in_full(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 1)
    monkeypatch.setattr(module, "COUNT_EVERY_S", 1_000_000)
    index = current(store)
    count = len(index)
    (vector,) = PHOTOS.photos(1, seed=10)
    found = ScannedFile(1, "newest.jpg", FileStat(1, 1))
    new = NewContent(b"o" * 32, Facts(4, 3, "JPEG"), vector)
    store.ingest.record([Outcome(found, None, new)])
    index.current(store.database.change_token())
    assert len(index) == count
    assert index.last_id in index.candidates(vector, 1, None)


def test_an_index_whose_building_was_broken_off_is_built_anew(store: Store) -> None:
    break_off(store)
    assert current(store).status().kind == "exact"
    current(store).write_snapshot()
    assert current(store).status().kind == "approximate"


def break_off(store: Store) -> None:
    with psycopg.connect(url_of(store)) as connection:
        broken = connection.execute(
            "UPDATE pg_index SET indisvalid = false FROM pg_class JOIN pg_am ON pg_am.oid = relam "
            "WHERE pg_class.oid = indexrelid AND amname = 'hnsw'"
        )
        assert broken.rowcount == 1


def url_of(store: Store) -> str:
    return store.database.engine.url.set(drivername="postgresql").render_as_string(False)


def test_where_workers_cannot_share_the_memory_the_index_is_built_without_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_off(store)
    with psycopg.connect(url_of(store)) as connection:
        connection.execute("ALTER TABLE embeddings SET (parallel_workers = 2)")
    monkeypatch.setattr(module, "LINK_BYTES", 10**12)  # more than any server shares
    monkeypatch.setattr(module, "MOST_MEMORY_BYTES", 10**12)
    current(store).write_snapshot()
    assert current(store).status().kind == "approximate"
