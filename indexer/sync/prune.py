"""Removes for good what has been gone for long. Looks at the folders first: what is there again,
or may only be unmounted, is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from indexer.clock import now
from indexer.imaging.thumbnails import moment_key
from indexer.records.changes import Pruned
from indexer.store.store import Store
from indexer.sync.survey import survey


def prune(
    store: Store,
    library: Path,
    older_than: timedelta,
    forget_thumbnail: Callable[[bytes], None],
    *,
    dry_run: bool = False,
) -> Pruned:
    """Remove the photos that have been missing for longer than `older_than`.

    Their contents, embeddings and thumbnails go too, where no other photo has them, and those that
    have had no photo for as long, of folders that were removed or photos that were edited. The
    rows go in one transaction, before the thumbnails: a thumbnail left over does no harm.
    """
    before = now() - older_than
    missing = store.prune.missing_before(before)
    seen = survey(store, library)
    doubtful = {root_id for root_id, notice in seen.notices.items() if notice}
    there = {row.id for row in seen.plan.restored} | {row.id for row, _ in seen.plan.changed}
    sure = seen.notices.keys() - doubtful  # nobody knows of roots that other hosts see
    rows = [row for row in missing if row.root_id in sure and row.id not in there]
    folders = {root.id: root.path for root in store.roots.all()}
    removed = store.prune.prunable(rows, before) if dry_run else store.prune.prune(rows, before)
    if not dry_run:
        for key in (*removed.hashes, *(moment_key(*moment) for moment in removed.moments)):
            forget_thumbnail(key)
    return Pruned(
        paths=tuple(folders[row.root_id] / row.path for row in rows),
        contents=len(removed.hashes),
        embeddings=removed.embeddings,
        kept=len(missing) - len(rows),
    )
