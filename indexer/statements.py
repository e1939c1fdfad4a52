"""The SELECTs that searching needs: which embeddings a filter allows, and photos with their facts.

Builds statements and reads their rows; store.py runs them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, Select, select

from indexer.conditions import matching, photo_time
from indexer.query import Filter
from indexer.records import Facts, Photo, Root
from indexer.schema import contents, embeddings, photos, roots

FACTS: Final = tuple(field.name for field in fields(Facts))
PRESENT: Final = photos.c.missing_since.is_(None)

Filters = tuple[Collection[Filter], Collection[Root]]  # the conditions, and the roots they name


def allowed_embeddings(model_id: str, filters: Filters) -> Select[Any]:
    """The ids, in order, of the model's embeddings behind a present photo that passes."""
    passing = (
        select(photos.c.content_id)
        .join(contents, contents.c.id == photos.c.content_id)
        .where(PRESENT, matching(*filters))
    )
    return (
        select(embeddings.c.id)
        .where(embeddings.c.model_id == model_id, embeddings.c.content_id.in_(passing))
        .order_by(embeddings.c.id)
    )


def photos_of(embedding_ids: Sequence[int], filters: Filters) -> Select[Any]:
    """`embedding_id` and photo for each present photo behind these embeddings that passes."""
    return (
        photo(embeddings.c.id.label("embedding_id"))
        .join(embeddings, embeddings.c.content_id == photos.c.content_id)
        .where(embeddings.c.id.in_(embedding_ids), PRESENT, matching(*filters))
    )


def newest(filters: Filters, limit: int) -> Select[Any]:
    """The present photos that pass, newest first."""
    return (
        photo()
        .where(PRESENT, matching(*filters))
        .order_by(photo_time.desc(), photos.c.id)
        .limit(limit)
    )


def photo(*more: Any) -> Select[Any]:
    """A photo with everything known of it; `read_photo` reads the row."""
    return (
        select(
            *more,
            photos.c.id,
            roots.c.path.label("root"),
            photos.c.path,
            photos.c.size_bytes,
            photos.c.mtime_ns,
            photos.c.missing_since,
            contents.c.sha256,
            *(contents.c[name] for name in FACTS),
        )
        .select_from(photos)
        .join(roots, roots.c.id == photos.c.root_id)
        .join(contents, contents.c.id == photos.c.content_id)
    )


def read_photo(row: Row[Any]) -> Photo:
    """The photo in a row of `photo`."""
    return Photo(
        id=row.id,
        path=Path(row.root) / row.path,
        size_bytes=row.size_bytes,
        mtime_ns=row.mtime_ns,
        sha256=row.sha256,
        facts=Facts(**{name: getattr(row, name) for name in FACTS}),
        missing_since=row.missing_since,
    )
