"""The longer SELECTs: which embeddings a filter allows, photos with their facts, roots.

Builds statements; search_store.py runs them, rows.py reads what they yield.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
)

from indexer.location import Location, relative_to
from indexer.query.query import Filter
from indexer.records.photos import FIRST_NS, Root
from indexer.store.dialects import among
from indexer.store.filter_sql import called, matching, of_any_file, photo_time
from indexer.store.ingest_sql import embedding_of
from indexer.store.rows import PRESENT, SHOWN, photo_query, row_query
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
    """The id of the content with the hash `sha256`, and whether the model has embedded it."""
    embedded = exists().where(embedding_of(contents.c.id, model_id))
    return select(contents.c.id, embedded).where(contents.c.sha256 == bindparam("sha256"))


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
    """`embedding_id`, `moment_ms` and photo for each present photo behind these that passes."""
    return (
        photo_query(embeddings.c.id.label("embedding_id"), embeddings.c.moment_ms)
        .join(embeddings, embeddings.c.content_id == photos.c.content_id)
        .where(among(embeddings.c.id, embedding_ids), PRESENT, matching(*filters))
    )


def covers(model_id: str, photos_each: int = 1) -> Select[Any]:
    """The ids, in order, of one embedding of each content that so many present photos have.

    Files in whose place others are shown do not count. Of a film it is that of its cover.
    """
    cover = func.min(embeddings.c.id)
    shown = select(photos.c.content_id).where(PRESENT, SHOWN).group_by(photos.c.content_id)
    enough = shown.having(func.count() >= photos_each)
    return (
        select(cover)
        .where(embeddings.c.model_id == model_id, embeddings.c.content_id.in_(enough))
        .group_by(embeddings.c.content_id)
        .order_by(cover)
    )


def frames(model_id: str, content_hashes: Collection[bytes]) -> Select[Any]:
    """Hash, moment and vector of each embedding of these contents, in the order of the moments."""
    return (
        select(contents.c.sha256, embeddings.c.moment_ms, embeddings.c.vector)
        .join(contents, contents.c.id == embeddings.c.content_id)
        .where(embeddings.c.model_id == model_id, contents.c.sha256.in_(content_hashes))
        .order_by(contents.c.sha256, embeddings.c.moment_ms)
    )


def moments(model_id: str, sha256: bytes) -> Select[Any]:
    """The moments of a content's embeddings, in their order."""
    return (
        select(embeddings.c.moment_ms)
        .join(contents, contents.c.id == embeddings.c.content_id)
        .where(embeddings.c.model_id == model_id, contents.c.sha256 == sha256)
        .order_by(embeddings.c.moment_ms)
    )


def moments_by_any_model(which: ColumnElement[bool]) -> Select[Any]:
    """Hash and moment of each frame of those of these contents that are films."""
    return (
        select(contents.c.sha256, embeddings.c.moment_ms)
        .join(contents, contents.c.id == embeddings.c.content_id)
        .where(which, contents.c.duration_s.is_not(None))
    )


def newest(filters: Filters, limit: int, file_name: str | None = None) -> Select[Any]:
    """The present photos that pass, and whose file is called so, newest first."""
    named = true() if file_name is None else of_any_file(called(file_name), filters[0])
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
