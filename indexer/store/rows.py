"""How rows become records, and the conditions that several queries share. Opens no connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Row as SqlRow
from sqlalchemy import Select, func, select

from indexer.location import location
from indexer.records.changes import Row
from indexer.records.photos import Facts, FileStat, Photo
from indexer.store.schema import contents, photos, roots

FACTS: Final = tuple(field.name for field in fields(Facts))
PRESENT: Final = photos.c.missing_since.is_(None)
# not in whose place another file of the same photo is shown
SHOWN: Final = photos.c.stack_of.is_(None)
FAILED: Final = photos.c.error.is_not(None) & PRESENT


def is_under(path: str) -> Any:
    """`path` itself or what lies in it; a range, since LIKE would not use the index."""
    return (photos.c.path == path) | (
        (photos.c.path >= path + "/") & (photos.c.path < path + chr(ord("/") + 1))
    )


def root_query() -> Select[Any]:
    """The roots, each with the number of its `photos` that are there, and that of their `files`."""
    is_there = (photos.c.root_id == roots.c.id) & PRESENT & photos.c.content_id.is_not(None)
    return (
        select(
            roots,
            func.count(photos.c.id).filter(SHOWN).label("photos"),
            func.count(photos.c.id).label("files"),
        )
        .outerjoin(photos, is_there)
        .group_by(roots.c.id)
        .order_by(roots.c.id)
    )


def failure_query() -> Select[Any]:
    """The present files that could not be indexed, with the path of their `root`."""
    return (
        select(roots.c.path.label("root"), photos.c.path, photos.c.error, photos.c.failed_at)
        .join(roots, roots.c.id == photos.c.root_id)
        .where(FAILED)
        .order_by(roots.c.path, photos.c.path)
    )


def oddity_query() -> Select[Any]:
    """The present photos whose files are odd, with the path of their `root`."""
    return (
        select(roots.c.path.label("root"), photos.c.path, contents.c.notice)
        .join(roots, roots.c.id == photos.c.root_id)
        .join(contents, contents.c.id == photos.c.content_id)
        .where(PRESENT, contents.c.notice.is_not(None))
        .order_by(roots.c.path, photos.c.path)
    )


def row_query() -> Select[Any]:
    """What the store remembers of files, for to_row()."""
    return select(
        photos.c.id,
        photos.c.root_id,
        photos.c.path,
        photos.c.size_bytes,
        photos.c.mtime_ns,
        photos.c.etag,
        photos.c.content_id,
        photos.c.error,
        photos.c.missing_since,
    )


def to_row(row: Sequence[Any]) -> Row:
    """What the store remembers of a file, from a row of row_query(); by position: it is quick."""
    number, root_id, path, size_bytes, mtime_ns, etag, content_id, error, missing_since = row
    return Row(
        number,
        root_id,
        path,
        FileStat(size_bytes, mtime_ns, etag),
        content_id,
        error,
        missing_since,
    )


def photo_query(*more: Any) -> Select[Any]:
    """The photos with all their facts, which are the last columns; `more` ones go before."""
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


def to_photo(row: SqlRow[Any]) -> Photo:
    """A photo, from a row of photo_query()."""
    return Photo(
        id=row.id,
        path=location(row.root) / row.path,
        size_bytes=row.size_bytes,
        mtime_ns=row.mtime_ns,
        sha256=row.sha256,
        facts=Facts(*row[-len(FACTS) :]),
        missing_since=row.missing_since,
    )
