"""The statements that write what became of files. Used by store.py alone, in its transactions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from indexer.column_types import now
from indexer.dialects import upsert
from indexer.outcomes import NewContent, Outcome
from indexer.records import NEVER_READ, Row
from indexer.rows import FAILED
from indexer.schema import contents, embeddings, pack, photos


def record(connection: Connection, model_id: str, outcomes: Collection[Outcome]) -> None:
    """Write contents, embeddings by this model, and rows."""
    # once each: a batch may hold several files of the same bytes
    new = {o.content.sha256: o.content for o in outcomes if isinstance(o.content, NewContent)}
    # in one order: on PostgreSQL two hosts may write the same contents, and must not wait for
    # each other crosswise
    ids = {sha256: _record_content(connection, model_id, new[sha256]) for sha256 in sorted(new)}
    for outcome in outcomes:
        content = outcome.content
        known = ids[content.sha256] if isinstance(content, NewContent) else content
        _record_row(connection, outcome, known)


def set_missing(connection: Connection, rows: Iterable[Row], since: datetime | None) -> None:
    """Mark these photos as gone since then, or as there."""
    for row in rows:
        connection.execute(update(photos).where(photos.c.id == row.id).values(missing_since=since))


def forget_failures(connection: Connection) -> None:
    """Let the present files that failed count as never read."""
    never = {"size_bytes": NEVER_READ.size_bytes, "mtime_ns": NEVER_READ.mtime_ns, "etag": None}
    connection.execute(update(photos).where(FAILED), never)


def embedding_of(content_id: Any, model_id: str) -> Any:
    """The condition for a model's embedding of a content."""
    return (embeddings.c.content_id == content_id) & (embeddings.c.model_id == model_id)


def _record_row(connection: Connection, outcome: Outcome, content_id: int | None) -> None:
    found = outcome.found
    values = {
        "root_id": found.root_id,
        "path": found.path,
        "content_id": content_id,
        "size_bytes": found.stat.size_bytes,
        "mtime_ns": found.stat.mtime_ns,
        "etag": found.stat.etag,
        "error": outcome.error,
        "missing_since": None,
    }
    if not outcome.failed_again:  # else it has failed since then
        values["failed_at"] = now() if outcome.error else None
    if outcome.row:
        connection.execute(update(photos).where(photos.c.id == outcome.row.id), values)
    else:
        insertion = upsert(connection.dialect, photos)
        unique = ["root_id", "path"]
        connection.execute(
            insertion.on_conflict_do_update(index_elements=unique, set_=values), values
        )


def _record_content(connection: Connection, model_id: str, content: NewContent) -> int:
    connection.execute(
        upsert(connection.dialect, contents).on_conflict_do_nothing(index_elements=["sha256"]),
        {"sha256": content.sha256, **asdict(content.facts)},
    )
    content_id: int = connection.execute(
        select(contents.c.id).where(contents.c.sha256 == content.sha256)
    ).scalar_one()
    # an embedding never changes: a new one gets a new id, and indexes drop the old id
    connection.execute(delete(embeddings).where(embedding_of(content_id, model_id)))
    values = {"content_id": content_id, "model_id": model_id, "vector": pack(content.vector)}
    insertion = upsert(connection.dialect, embeddings)
    unique = ["content_id", "model_id"]  # which another host may be writing at this moment
    connection.execute(
        insertion.on_conflict_do_update(
            index_elements=unique, set_={"vector": insertion.excluded.vector}
        ),
        values,
    )
    return content_id
