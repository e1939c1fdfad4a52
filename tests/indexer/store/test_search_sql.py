"""The statements of a search reach their rows by number: none reads a whole table."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import sqlite

from indexer.records.models import Model
from indexer.store.dialects import among
from indexer.store.schema import embeddings
from indexer.store.search_sql import photos_of
from indexer.store.sqlite import create_database

STATEMENTS = [
    select(embeddings.c.vector).where(among(embeddings.c.id, [1, 2])).order_by(embeddings.c.id),
    photos_of([1, 2], ((), ())),
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=["vectors", "photos"])
def test_what_is_asked_for_by_number_is_looked_up(
    statement: Select[tuple[object, ...]], tmp_path: Path
) -> None:
    engine = create_database(tmp_path / "library.db", Model("fake", "fake"))
    compiled = str(statement.compile(dialect=sqlite.dialect()))  # type: ignore[no-untyped-call]
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", ("[1, 2]",)).all()
    engine.dispose()
    scans = [step.detail for step in plan if step.detail.startswith("SCAN")]
    assert len(plan) > 1
    assert all("json_each" in scan for scan in scans), plan
