"""Files on disk against rows in the store: what must be done?

Pure comparison. Knows nothing of the disk, of SQL or of images.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from indexer.records import Found, Plan, Row


def reconcile(found: Iterable[Found], rows: Iterable[Row]) -> Plan:
    """Compare what a scan saw with what the store has of the very same folders.

    A file counts as unchanged when its size and its time, or its ETag, are the ones remembered,
    whether it could be read then or not: one that failed is tried again only after it changed.
    """
    files = {(file.root_id, file.path): file for file in found}
    changed: list[tuple[Row, Found]] = []
    gone: list[Row] = []
    back: list[Row] = []
    for row in rows:
        file = files.pop((row.root_id, row.path), None)
        if file is None:
            if row.missing_since is None:
                gone.append(row)
            continue
        if file.stat != row.stat and file.stat.mark != row.stat.mark:
            changed.append((row, file))
        elif row.missing_since is not None:
            back.append(row)
    new = files  # what no row knows
    moved = _pair_moved(gone, list(new.values()))
    gone_ids = {row.id for row, _ in moved}
    for _, file in moved:
        del new[file.root_id, file.path]
    return Plan(
        new=tuple(new.values()),
        changed=tuple(changed),
        moved=tuple(moved),
        gone=tuple(row for row in gone if row.id not in gone_ids),
        back=tuple(back),
    )


def _pair_moved(gone: list[Row], new: list[Found]) -> list[tuple[Row, Found]]:
    """Pair rows and files of equal size and time or ETag, where exactly one of each has them."""
    by_mark: dict[tuple[int, int | str], tuple[list[Row], list[Found]]] = defaultdict(
        lambda: ([], [])
    )
    for row in gone:
        if row.content_id is not None:
            by_mark[row.stat.mark][0].append(row)
    for file in new:
        by_mark[file.stat.mark][1].append(file)
    return [
        (rows[0], files[0])
        for rows, files in by_mark.values()
        if len(rows) == 1 and len(files) == 1
    ]
