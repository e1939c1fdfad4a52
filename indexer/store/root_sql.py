"""The statements around photo directories. root_store.py runs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from clipcore.messages import Message
from indexer.location import Location, location
from indexer.records.photos import Root
from indexer.sources.other_formats import packed
from indexer.store.dialects import upsert
from indexer.store.ingest_sql import orphan
from indexer.store.lifecycle import remove
from indexer.store.schema import photos, roots
from indexer.store.shared_schema import root_hosts, tables_of


def all_roots() -> Select[Any]:
    """The roots, in the order in which they were added."""
    return select(roots).order_by(roots.c.id)


def seen_by(host: str) -> Select[Any]:
    """The roots of a shared library that this host sees."""
    mine = select(root_hosts.c.root_id).where(root_hosts.c.host == host)
    return all_roots().where(roots.c.id.in_(mine))


def read(connection: Connection, query: Select[Any]) -> list[Root]:
    """The roots that one of these two finds."""
    return [
        Root(row.id, location(row.path), row.notice, tuple(row.excludes.splitlines()))
        for row in connection.execute(query)
    ]


def add(connection: Connection, path: Location, excludes: tuple[str, ...]) -> Root:
    """Store a photo directory and what it leaves out."""
    values = {"path": str(path), "excludes": "\n".join(excludes)}
    added = connection.execute(insert(roots), values).inserted_primary_key
    assert added is not None
    return Root(added[0], path, excludes=excludes)


def see(connection: Connection, root_id: int, host: str) -> None:
    """From now on this host of a shared library indexes what is in that directory."""
    seen = upsert(connection.dialect, root_hosts).on_conflict_do_nothing()
    connection.execute(seen, {"root_id": root_id, "host": host})


def change(connection: Connection, root_id: int, **values: str | Message | None) -> None:
    """Give columns of a root these values."""
    connection.execute(update(roots).where(roots.c.id == root_id), values)


def set_notices(connection: Connection, notices: Mapping[int, Message | None]) -> None:
    """Remember for each root why the last look changed nothing, or that all was right."""
    now_known = {root.id: root.notice for root in read(connection, all_roots())}
    for root_id, notice in notices.items():
        if now_known[root_id] != notice:
            change(connection, root_id, notice=notice)


def set_other_formats(connection: Connection, counts: Mapping[int, Mapping[str, int]]) -> None:
    """Remember for each root how many files of other formats a full scan saw, by suffix."""
    query = select(roots.c.id, roots.c.other_formats)
    stored = {row.id: row.other_formats for row in connection.execute(query)}
    for root_id, seen in counts.items():
        if stored[root_id] != packed(seen):
            change(connection, root_id, other_formats=packed(seen))


def remove_root(connection: Connection, root_id: int) -> None:
    """Forget a photo directory, its photos' rows, and what goes with them."""
    had = select(photos.c.content_id).where(photos.c.root_id == root_id).distinct()
    content_ids = connection.execute(had.where(photos.c.content_id.is_not(None))).scalars().all()
    remove(connection, tables_of(connection), roots, roots.c.id == root_id)
    orphan(connection, content_ids)
