"""Files on disk against rows in the store: what must be done?

Pure comparison. Knows nothing of the disk, of SQL or of images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from clipcore.messages import Message
from indexer.records.changes import Plan, Row, ScannedFile
from indexer.spool import IN_MEMORY, Spool, dealt

SMALLER: Final = 4  # a part than what fits: there is more in memory than the part


def reconcile(
    found: Iterable[ScannedFile],
    rows: Iterable[Row],
    *,
    count: int = 0,
    in_memory: int = IN_MEMORY,
    retry: Callable[[Message], bool] = lambda _failure: False,
) -> Plan:
    """Compare what a scan saw with what the store has of the very same folders.

    A file counts as unchanged when its size and its time, or its ETag, are the ones remembered,
    whether it could be read then or not: one that failed is tried again only after it changed, or
    where `retry` says of its failure that its cause has gone. `count`: how many files were found.
    Where they are more than `in_memory`, they are compared in parts, each of which fits there.
    """
    todo = _Todo(in_memory, retry)
    if count <= in_memory:
        todo.compare(found, rows)
    else:
        parts = SMALLER * count // in_memory + 1
        for pair in zip(dealt(found, parts, _place), dealt(rows, parts, _place), strict=True):
            todo.compare(*pair)
    return todo.plan()


def _place(one: ScannedFile | Row) -> tuple[int, str]:
    return one.root_id, one.path


class _Todo:
    """A plan in the making."""

    def __init__(self, in_memory: int, retry: Callable[[Message], bool]) -> None:
        self._retry = retry
        self._new: Spool[ScannedFile] = Spool(in_memory=in_memory)
        self._changed: Spool[tuple[Row, ScannedFile]] = Spool(in_memory=in_memory)
        self._missing: list[Row] = []
        self._restored: Spool[Row] = Spool(in_memory=in_memory)

    def compare(self, found: Iterable[ScannedFile], rows: Iterable[Row]) -> None:
        """Of each file or row of a place, the other one of the same place must be there too."""
        files = {(file.root_id, file.path): file for file in found}
        for row in rows:
            file = files.pop((row.root_id, row.path), None)
            if file is None:
                if row.missing_since is None:
                    self._missing.append(row)
                continue
            is_changed = file.stat != row.stat and file.stat.mark != row.stat.mark
            if is_changed or (row.error is not None and self._retry(row.error)):
                self._changed.append((row, file))
            elif row.missing_since is not None:
                self._restored.append(row)
        self._new.extend(files.values())  # what no row knows

    def plan(self) -> Plan:
        moved = _pair_moved(self._missing, self._new)
        missing_ids = {row.id for row, _ in moved}
        moved_to = {_place(file) for _, file in moved}
        new = self._new
        if moved:
            new = Spool(file for file in new if _place(file) not in moved_to)
        return Plan(
            new=new.collected(),
            changed=self._changed.collected(),
            moved=tuple(moved),
            missing=tuple(row for row in self._missing if row.id not in missing_ids),
            restored=self._restored.collected(),
        )


def _pair_moved(
    missing: Iterable[Row], new: Iterable[ScannedFile]
) -> list[tuple[Row, ScannedFile]]:
    """Pair rows and files of equal size and time or ETag, where exactly one of each has them."""
    by_mark: dict[tuple[int, int | str], tuple[list[Row], list[ScannedFile]]] = {}
    for row in missing:
        if row.content_id is not None:
            by_mark.setdefault(row.stat.mark, ([], []))[0].append(row)
    for file in new if by_mark else ():
        if pair := by_mark.get(file.stat.mark):
            pair[1].append(file)
    return [
        (rows[0], files[0])
        for rows, files in by_mark.values()
        if len(rows) == 1 and len(files) == 1
    ]
