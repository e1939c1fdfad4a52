"""The statements that write what became of files. ingest_store.py runs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, exists, select, update

from indexer.arrays import FloatArray
from indexer.clock import now
from indexer.records.changes import Row
from indexer.records.photos import NEVER_READ
from indexer.spool import Spool
from indexer.store.dialects import among, upsert
from indexer.store.facts_sql import facts_values, newer_facts
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.rows import FAILED, PRESENT
from indexer.store.schema import contents, embeddings, pack, photos
from indexer.store.stack_sql import restack
from indexer.store.stacking import stack_key


def record(connection: Connection, model_id: str, outcomes: Collection[Outcome]) -> None:
    """Write contents, embeddings by this model, and rows; each kind with one statement for all."""
    # once each: a batch may hold several files of the same bytes
    new = {o.content.sha256: o.content for o in outcomes if isinstance(o.content, NewContent)}
    ids = _record_contents(connection, model_id, new) if new else {}
    fresh, replaced = [], set[int]()
    for outcome in outcomes:
        content = outcome.content
        values = _values(
            outcome, ids[content.sha256] if isinstance(content, NewContent) else content
        )
        if outcome.row:
            connection.execute(update(photos).where(photos.c.id == outcome.row.id), values)
            if outcome.row.content_id not in (None, values["content_id"]):
                replaced.add(outcome.row.content_id)
        else:
            fresh.append(values)
    if fresh:
        insertion = upsert(connection.dialect, photos)
        insertion = insertion.on_conflict_do_update(
            index_elements=["root_id", "path"],
            set_={name: insertion.excluded[name] for name in fresh[0]},
        )
        connection.execute(insertion, fresh)
    orphan(connection, replaced)
    known = [outcome.row.id for outcome in outcomes if outcome.row]
    restack(connection, known, [values["stack_key"] for values in fresh])


def orphan(connection: Connection, content_ids: Collection[int]) -> None:
    """Date those of these contents that no present photo has any more."""
    if not content_ids:
        return
    present = exists().where(photos.c.content_id == contents.c.id, PRESENT)
    orphans = update(contents).where(among(contents.c.id, list(content_ids)), ~present)
    connection.execute(orphans, {"orphaned_at": now()})


def set_missing(connection: Connection, rows: Iterable[Row], since: datetime | None) -> None:
    """Mark these photos as gone since then, or as there."""
    ids = Spool(row.id for row in rows)
    for one in ids:
        connection.execute(update(photos).where(photos.c.id == one).values(missing_since=since))
    restack(connection, ids)


def forget_failures(connection: Connection) -> None:
    """Let the present files that failed count as never read."""
    never = {"size_bytes": NEVER_READ.size_bytes, "mtime_ns": NEVER_READ.mtime_ns, "etag": None}
    connection.execute(update(photos).where(FAILED), never)


def embedding_of(content_id: Any, model_id: str) -> Any:
    """The condition for a model's embedding of a content."""
    return (embeddings.c.content_id == content_id) & (embeddings.c.model_id == model_id)


def _values(outcome: Outcome, content_id: int | None) -> dict[str, Any]:
    """The file's columns of a row."""
    found = outcome.found
    values = {
        "root_id": found.root_id,
        "path": found.path,
        "stack_key": stack_key(found.path),
        "content_id": content_id,
        "size_bytes": found.stat.size_bytes,
        "mtime_ns": found.stat.mtime_ns,
        "etag": found.stat.etag,
        "error": outcome.error,
        "missing_since": None,
    }
    if not outcome.failed_again:  # else it has failed since then
        values["failed_at"] = now() if outcome.error else None
    return values


def _record_contents(
    connection: Connection, model_id: str, new: Mapping[bytes, NewContent]
) -> dict[bytes, int]:
    """The contents' ids."""
    # in one order: on PostgreSQL two hosts may write the same contents, and must not wait for
    # each other crosswise
    hashes = sorted(new)
    connection.execute(
        newer_facts(upsert(connection.dialect, contents)),
        [{"sha256": sha256, **facts_values(new[sha256].facts)} for sha256 in hashes],
    )
    query = select(contents.c.sha256, contents.c.id).where(contents.c.sha256.in_(hashes))
    ids = {row[0]: row[1] for row in connection.execute(query)}
    # an embedding never changes: a new one gets a new id, and indexes drop the old id
    connection.execute(
        delete(embeddings).where(embedding_of(bindparam("embedded"), model_id)),
        [{"embedded": ids[sha256]} for sha256 in hashes],
    )
    insertion = upsert(connection.dialect, embeddings)
    insertion = insertion.on_conflict_do_update(
        # which another host may write at this moment
        index_elements=["content_id", "model_id", "moment_ms"],
        set_={"vector": insertion.excluded.vector},
    )
    rows = [
        {"content_id": ids[one], "model_id": model_id, "vector": pack(vector), "moment_ms": moment}
        for one in hashes
        for vector, moment in _frames(new[one])
    ]
    connection.execute(insertion, rows)
    return ids


def _frames(content: NewContent) -> Iterator[tuple[FloatArray, int]]:
    """Each vector of a content with its moment, the cover first: it gets the least id."""
    return zip(np.atleast_2d(content.vectors), content.moments_ms, strict=True)
