"""Looks at the photo directories: what must be done, and what had better not be believed.

Nothing is taken for gone because it cannot be seen. A directory that is unreadable, or suddenly
empty, or has lost many of its photos at once, looks unmounted: its photos are kept, and it says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from indexer.reconcile import reconcile
from indexer.records import Found, Plan, Root, Row
from indexer.scan import Scan, scan, shown_path
from indexer.store import Store

LOST_SHARE: Final = 0.2  # more than this gone at once looks like a drive that is not there
LOST_LEAST: Final = 10  # but a handful may go at once in any folder


@dataclass(frozen=True, slots=True)
class Survey:
    """What must be done, and for each root looked at why nothing is done there, if so."""

    plan: Plan
    notices: dict[int, str | None]


@dataclass(frozen=True, slots=True)
class _Look:
    """What one root shows beside what the store has of the same places."""

    found: list[Found]
    rows: list[Row]
    notice: str | None


def survey(
    store: Store,
    library: Path,
    paths: Collection[Path] | None = None,
    *,
    accept_gone: bool = False,
) -> Survey:
    """Look at all roots, or only at `paths`, and compare with the store.

    `library`: the library's own directory, which is never looked into. `accept_gone`: believe
    that many photos have gone from a root that can be read.
    """
    roots = store.roots()
    looks: dict[int, _Look] = {}
    for root in roots:
        # what lies in a root below, or in the library itself, is not this root's
        others = [other.path for other in roots if root.path in other.path.parents]
        under = [""] if paths is None else _within(paths, root.path, [*others, library])
        if under:
            looks[root.id] = _look(store, root, roots, under, library, accept_gone)
    found = [file for look in looks.values() for file in look.found]
    rows = [row for look in looks.values() for row in look.rows]
    notices = {root_id: look.notice for root_id, look in looks.items()}
    plan = reconcile(found, rows)
    if accept_gone:
        return Survey(plan, notices)
    lost = _lost_too_many(store, plan)
    by_id = {root.id: root for root in roots}
    notices |= {root_id: _unmounted(by_id[root_id], count) for root_id, count in lost.items()}
    kept = tuple(row for row in plan.gone if row.root_id not in lost)
    return Survey(replace(plan, gone=kept), notices)


def _look(
    store: Store,
    root: Root,
    roots: list[Root],
    under: list[str],
    library: Path,
    accept_gone: bool,
) -> _Look:
    rows = store.rows(root.id, [shown_path(path) for path in under])
    try:
        seen = scan(root, roots, under, skip=[library])
    except OSError as error:
        kept = store.present_photos().get(root.id, 0)
        why = f"{root.path} cannot be read ({error.strerror})"
        return _Look([], [], f"{why}: {kept} photos kept" if kept else why)
    kept = sum(row.missing_since is None for row in rows)
    if "" in under and not seen.found and kept and not accept_gone:
        return _Look([], [], _unmounted(root, kept))
    seen_rows = [row for row in rows if seen.covers(row.path)]
    return _Look(seen.found, seen_rows, _partly_unseen(root, seen, under))


def _partly_unseen(root: Root, seen: Scan, under: list[str]) -> str | None:
    if seen.unseen:
        return f"{root.path}: {len(seen.unseen)} folders cannot be read, their photos kept"
    return None if "" in under else root.notice


def _lost_too_many(store: Store, plan: Plan) -> dict[int, int]:
    """The roots that have lost suspiciously many photos at once, with the number they had."""
    gone = Counter(row.root_id for row in plan.gone)
    if not gone or max(gone.values()) <= LOST_LEAST:
        return {}
    present = store.present_photos()
    return {
        root_id: present[root_id]
        for root_id, count in gone.items()
        if count > max(LOST_LEAST, LOST_SHARE * present[root_id])
    }


def _unmounted(root: Root, kept: int) -> str:
    return f"{root.path} looks unmounted: {kept} photos kept"


def _within(paths: Collection[Path], root: Path, others: list[Path]) -> list[str]:
    """Those of `paths` that lie in `root` and in none of `others`, relative to it."""
    return [
        "" if path == root else path.relative_to(root).as_posix()
        for path in paths
        if path.is_relative_to(root) and not any(path.is_relative_to(other) for other in others)
    ]
