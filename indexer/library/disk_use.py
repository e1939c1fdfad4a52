"""The size of a library's files, and the time of its last snapshot. Only reads."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from indexer.records.status import DiskUse


def disk_use(database: Path, snapshot: Path, thumbnails: Path) -> DiskUse:
    """The sizes of these; the database with its write-ahead log, what is not there is 0."""
    log = database.with_name(f"{database.name}-wal")
    written = snapshot.stat() if snapshot.exists() else None
    return DiskUse(
        database_bytes=sum(map(_size, (database, log))),
        index_bytes=written.st_size if written else 0,
        thumbnails_bytes=_below(thumbnails),
        snapshot_at=datetime.fromtimestamp(written.st_mtime, UTC) if written else None,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # a log is folded in, a thumbnail pruned
        return 0


def _below(directory: Path) -> int:
    return sum(
        _size(Path(folder, name)) for folder, _, names in os.walk(directory) for name in names
    )
