"""The longer SELECTs: which embeddings a filter allows, photos with their facts, roots.

Builds statements; search_store.py runs them, rows.py reads what they yield.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, false, func, or_, select, true

from indexer.location import Location, relative_to
from indexer.query.query import Filter
from indexer.records.photos import FIRST_NS, Root
from indexer.store.dialects import among
from indexer.store.filter_sql import called, matching, photo_time
from indexer.store.ingest_sql import embedding_of
from indexer.store.rows import PRESENT, photo_query, row_query
from indexer.store.schema import contents, embeddings, photos

Filters = tuple[Collection[Filter], Collection[Root]]  # the conditions, and the roots they name


def allowed_embeddings(model_id: str, filters: Filters) -> Select[Any]:
    """The ids, in order, of the model's embeddings behind a present photo that passes."""
    return (
        select(embeddings.c.id)
        .where(embeddings.c.model_id == model_id, passes(filters))
        .order_by(embeddings.c.id)
    )


@lru_cache  # it is asked for each photo that is indexed
def known(model_id: str) -> Select[Any]:
    """The id of the content with the hash `sha256`, and that of its embedding or NULL."""
    return (
        select(contents.c.id, embeddings.c.id)
        .outerjoin(embeddings, embedding_of(contents.c.id, model_id))
        .where(contents.c.sha256 == bindparam("sha256"))
    )


def vectors(model_id: str, condition: ColumnElement[bool]) -> Select[Any]:
    """The ids, in order, and the vectors of the model's embeddings that meet a condition."""
    return (
        select(embeddings.c.id, embeddings.c.vector)
        .where(embeddings.c.model_id == model_id, condition)
        .order_by(embeddings.c.id)
    )


def unembedded(model_id: str) -> Select[Any]:
    """The rows of the present photos whose content the model has not embedded, nor failed to."""
    return (
        row_query()
        .outerjoin(embeddings, embedding_of(photos.c.content_id, model_id))
        .where(PRESENT, photos.c.content_id.is_not(None), embeddings.c.id.is_(None))
        .where(photos.c.error.is_(None))  # the model could not, and said so
    )


def passes(filters: Filters) -> ColumnElement[bool]:
    """The condition that a present photo that passes is behind an embedding."""
    passing = (
        select(photos.c.content_id)
        .join(contents, contents.c.id == photos.c.content_id)
        .where(PRESENT, matching(*filters))
    )
    return embeddings.c.content_id.in_(passing)


def photos_of(embedding_ids: Sequence[int], filters: Filters) -> Select[Any]:
    """`embedding_id` and photo for each present photo behind these embeddings that passes."""
    return (
        photo_query(embeddings.c.id.label("embedding_id"))
        .join(embeddings, embeddings.c.content_id == photos.c.content_id)
        .where(among(embeddings.c.id, embedding_ids), PRESENT, matching(*filters))
    )


def copied_embeddings(model_id: str) -> Select[Any]:
    """The ids of the model's embeddings behind which there are several present photos."""
    return (
        select(embeddings.c.id)
        .join(photos, photos.c.content_id == embeddings.c.content_id)
        .where(embeddings.c.model_id == model_id, PRESENT)
        .group_by(embeddings.c.id)
        .having(func.count() > 1)
        .order_by(embeddings.c.id)
    )


def newest(filters: Filters, limit: int, file_name: str | None = None) -> Select[Any]:
    """The present photos that pass, and whose file is called so, newest first."""
    named = true() if file_name is None else called(file_name)
    # photo_time is to the second; a file's time tells more
    within = case((contents.c.taken_at.is_(None), photos.c.mtime_ns), else_=FIRST_NS)
    return (
        photo_query()
        .where(PRESENT, matching(*filters), named)
        .order_by(photo_time.desc(), within.desc(), photos.c.id)
        .limit(limit)
    )


def lying_at(place: Location, roots: Collection[Root]) -> Select[Any]:
    """The photo whose file lies there, missing or not."""
    inside = ((root.id, relative_to(place, root.path)) for root in roots)
    here = ((photos.c.root_id == id) & (photos.c.path == path) for id, path in inside if path)
    return photo_query().where(or_(false(), *here))
