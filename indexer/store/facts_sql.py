"""The statements around facts, and the version of their readers. facts_store.py runs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select, update

from indexer.records.photos import FACTS_VERSION, NEVER_READ, Facts
from indexer.store.dialects import among
from indexer.store.rows import FACTS, PRESENT, row_query
from indexer.store.schema import contents, photos
from indexer.store.stack_sql import restack


def facts_values(facts: Facts) -> dict[str, Any]:
    """The facts as columns of a content, read by the present readers."""
    values = {name: getattr(facts, name) for name in FACTS}
    return {**values, "facts_version": FACTS_VERSION}


def newer_facts(insertion: Any) -> Any:
    """That insertion of contents, but of known ones the facts are updated.

    Unless a newer version has read them, on another host.
    """
    columns = [*FACTS, "facts_version"]
    return insertion.on_conflict_do_update(
        index_elements=["sha256"],
        set_={name: insertion.excluded[name] for name in columns},
        where=contents.c.facts_version <= insertion.excluded.facts_version,
    )


def outdated(root_ids: Collection[int], after: int, limit: int) -> Select[Any]:
    """The next contents after that one with facts of older readers: (hash, *row) of their photos.

    Only present photos of these roots count.
    """
    chosen = (
        select(contents.c.id, contents.c.sha256)
        .where(_is_outdated(root_ids), contents.c.id > after)
        .order_by(contents.c.id)
        .limit(limit)
        .subquery()
    )
    rows = row_query().add_columns(chosen.c.sha256)
    theirs = rows.join(chosen, chosen.c.id == photos.c.content_id).where(_in(root_ids))
    return theirs.order_by(chosen.c.id, photos.c.id)


def count_outdated(root_ids: Collection[int]) -> Select[Any]:
    """The number of such contents."""
    return select(func.count()).select_from(contents).where(_is_outdated(root_ids))


def record_facts(connection: Connection, read: Mapping[bytes, Facts | None]) -> None:
    """Write what the present readers say of contents, by hash; None: they fail, the old facts stay.

    In the order of the hashes, as all who write several contents at once.
    """
    for sha256 in sorted(read):
        facts = read[sha256]
        values = {"facts_version": FACTS_VERSION} if facts is None else facts_values(facts)
        connection.execute(update(contents).where(contents.c.sha256 == sha256), values)
    theirs = select(contents.c.id).where(contents.c.sha256.in_(list(read)))
    query = select(photos.c.id).where(photos.c.content_id.in_(theirs), PRESENT)
    restack(connection, connection.execute(query).scalars().all())


def forget_stats(connection: Connection, row_ids: Collection[int]) -> None:
    """Let these files count as never read."""
    if row_ids:
        never = {"size_bytes": NEVER_READ.size_bytes, "mtime_ns": NEVER_READ.mtime_ns, "etag": None}
        connection.execute(update(photos).where(among(photos.c.id, list(row_ids))), never)


def _is_outdated(root_ids: Collection[int]) -> ColumnElement[bool]:
    shown = exists().where(photos.c.content_id == contents.c.id, _in(root_ids))
    return (contents.c.facts_version < FACTS_VERSION) & shown


def _in(root_ids: Collection[int]) -> ColumnElement[bool]:
    return PRESENT & photos.c.root_id.in_(root_ids)
