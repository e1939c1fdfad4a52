"""Scans the photo directories, plans what must be done, and distrusts sudden losses.

No photo counts as missing because its folder cannot be read. A directory that is unreadable or
suddenly empty, or has lost many photos at once, looks unmounted: its photos stay, with a notice.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

from clipcore.messages import N_, Message
from indexer.location import Location, on_this_machine, relative_to, shown_path
from indexer.packages import is_met
from indexer.records.changes import Plan, Row, ScannedFile
from indexer.records.photos import Root
from indexer.sources.excludes import Excludes, folders_above
from indexer.sources.scan import Scan, is_under, scan
from indexer.sources.scan_remote import scan_remote
from indexer.store.store import Store
from indexer.sync.reconcile import reconcile

LOST_SHARE: Final = 0.2  # more than this missing at once looks like a drive that is not there
NAMED: Final = 3  # folders in one notice; the others are counted
LOST_LEAST: Final = 10  # but a handful may go at once in any folder


@dataclass(frozen=True, slots=True)
class Survey:
    """What must be done, and for each root looked at why nothing is done there, if so.

    `others`: for each root of which all was seen, the files of other formats, by suffix.
    """

    plan: Plan
    notices: dict[int, Message | None]
    others: dict[int, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Watching:
    """What a scan and a watcher exchange.

    `entered` is called with each folder that counts before it is listed, `left` with one that turns
    out to be a library. `waiting()` are the paths that another process still writes to: they are
    deferred. So are files written less than `fresh_s` ago, perhaps before their folder was watched;
    `later` is called with those. `scanning` is called with each root before it is listed.
    """

    entered: Callable[[Path], None] = lambda _folder: None
    left: Callable[[Path], None] = lambda _folder: None
    waiting: Callable[[], Collection[Path]] = frozenset
    fresh_s: float = 0.0
    later: Callable[[Collection[Path]], None] = lambda _paths: None
    scanning: Callable[[Location], None] = lambda _root: None


NOT_WATCHING: Final = Watching()


@dataclass(frozen=True, slots=True)
class _RootScan:
    """What a scan of one root found, next to what the store has of the same places."""

    found: Collection[ScannedFile]
    rows: Iterable[Row]  # read from the store one by one: most are not worth keeping
    notice: Message | None
    others: dict[str, int] | None = None  # None where only a part was scanned
    libraries: Collection[str] = ()  # excluded folders


@dataclass(frozen=True, slots=True)
class _Context:
    """The arguments that all roots share."""

    store: Store
    roots: list[Root]
    library: Path
    accept_missing: bool
    watching: Watching


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage, a quarter of a scan's time: it makes values without cycles."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@_uncollected()
def survey(
    store: Store,
    library: Path,
    paths: Collection[Location] | None = None,
    *,
    accept_missing: bool = False,
    watching: Watching = NOT_WATCHING,
) -> Survey:
    """Scan all roots that this host sees, or only `paths`, and compare with the store.

    `library`: the library's own directory, which is never scanned. `accept_missing`: believe
    that many photos are missing from a root that can be read.
    """
    roots = store.roots.all()
    context = _Context(store, roots, library, accept_missing, watching)
    scans: dict[int, _RootScan] = {}
    for root in store.roots.here():
        # what lies in a root below, or in the library itself, is not this root's
        others = [other.path for other in roots if root.path in other.path.parents]
        under = [""] if paths is None else _within(paths, root.path, [*others, library])
        if under:
            watching.scanning(root.path)
            scans[root.id] = _scan_root(context, root, under)
    seen = [scan.found for scan in scans.values()]
    found: Iterable[ScannedFile] = chain.from_iterable(seen)
    rows: Iterable[Row] = chain.from_iterable(scan.rows for scan in scans.values())
    if fresh := _fresh(roots, chain.from_iterable(seen), watching.fresh_s):
        watching.later(fresh)
    if waiting := _inside(roots, [*watching.waiting(), *fresh]):
        found = (file for file in found if (file.root_id, file.path) not in waiting)
        rows = (row for row in rows if (row.root_id, row.path) not in waiting)
    notices = {root_id: scan.notice for root_id, scan in scans.items()}
    other_formats = {
        root_id: scan.others for root_id, scan in scans.items() if scan.others is not None
    }
    plan = reconcile(found, rows, count=sum(map(len, seen)), retry=cache(is_met))
    if accept_missing:
        return Survey(plan, notices, other_formats)
    excludes = {root.id: Excludes(root.excludes) for root in roots}
    excluded = {
        row
        for row in plan.missing
        if _is_excluded(row, excludes[row.root_id], scans[row.root_id].libraries)
    }
    lost = _lost_too_many(store, (row for row in plan.missing if row not in excluded))
    by_id = {root.id: root for root in roots}
    notices |= {root_id: _unmounted(by_id[root_id].path, count) for root_id, count in lost.items()}
    missing = tuple(row for row in plan.missing if row.root_id not in lost or row in excluded)
    return Survey(replace(plan, missing=missing), notices, other_formats)


def _scan_root(context: _Context, root: Root, under: list[str]) -> _RootScan:
    shown = [shown_path(path) for path in under]
    try:
        seen = _seen(root, context, under)
    except OSError as error:
        kept = context.store.ingest.count_present().get(root.id, 0)
        return _RootScan([], [], _unreadable(root, error, kept))
    dark: dict[str, int] = {}
    if not context.accept_missing:
        if "" in under and not seen.found and (kept := _counted(root, seen, context.store)):
            return _RootScan([], [], _unmounted(root.path, kept))
        if seen.links:
            dark = _dark_links(seen, context.store.ingest.rows(root.id, shown))
    notice = _partly_unseen(root, seen, under)
    for link, kept in dark.items():
        notice = _unmounted(root.path / link, kept)
        seen.unseen.append(link)
    rows: Iterable[Row] = context.store.ingest.rows(root.id, shown)
    if seen.unseen:
        rows = (row for row in rows if seen.covers(row.path))
    others = dict(+seen.others) if "" in under else None
    return _RootScan(seen.found, rows, notice, others, seen.libraries)


def _counted(root: Root, seen: Scan, store: Store) -> int:
    """How many of a root's files should be there: not missing before, not left out."""
    excludes = Excludes(root.excludes)
    return sum(
        row.missing_since is None and not _is_excluded(row, excludes, seen.libraries)
        for row in store.ingest.rows(root.id)
    )


def _is_excluded(row: Row, excludes: Excludes, libraries: Collection[str]) -> bool:
    """Whether the file is missing because it does not count: that is believed of any number."""
    return excludes.covers(row.path) or any(is_under(row.path, folder) for folder in libraries)


def _seen(root: Root, context: _Context, under: Collection[str]) -> Scan:
    """What a walk of the root sees; no watch follows a URL. Raises OSError, as scan() does."""
    if isinstance(root.path, Path):
        watching = context.watching
        return scan(root, context.roots, under, [context.library], watching.entered, watching.left)
    folder = on_this_machine(root.path)
    if not isinstance(folder, Path):
        return scan_remote(root, context.roots, under)
    roots = [replace(one, path=on_this_machine(one.path)) for one in context.roots]
    return scan(replace(root, path=folder), roots, under, [context.library])


def _dark_links(seen: Scan, rows: Iterable[Row]) -> dict[str, int]:
    """The links behind which there is nothing, with the number of photos there were."""
    links = set(seen.links)

    def behind(path: str) -> set[str]:
        return links.intersection((*folders_above(path), path))

    lit = {link for file in seen.found for link in behind(file.path)}
    had = Counter(link for row in rows if row.missing_since is None for link in behind(row.path))
    return {link: count for link, count in had.items() if link not in lit}


def _partly_unseen(root: Root, seen: Scan, under: list[str]) -> Message | None:
    if not seen.unseen:
        return None if "" in under else root.notice
    names = sorted(set(seen.unseen))
    if len(names) == 1:
        sentence = N_("{path}: the folder {folder} cannot be read, its photos kept")
        return Message(sentence, path=root.path, folder=names[0])
    listed: str | Message = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        more = len(names) - NAMED
        listed = Message(N_("{names} and {count} more"), names=listed, count=more)
    sentence = N_("{path}: {count} folders cannot be read, their photos kept: {names}")
    return Message(sentence, path=root.path, count=len(names), names=listed)


def _lost_too_many(store: Store, missing: Iterable[Row]) -> dict[int, int]:
    """The roots that have lost suspiciously many photos at once, with the number they had."""
    counted = Counter(row.root_id for row in missing)
    if not counted or max(counted.values()) <= LOST_LEAST:
        return {}
    present = store.ingest.count_present()
    return {
        root_id: present[root_id]
        for root_id, count in counted.items()
        if count > max(LOST_LEAST, LOST_SHARE * present[root_id])
    }


def _unmounted(folder: Location, kept: int) -> Message:
    sentence = N_(
        "{path} looks unmounted: {kept}; if they were deleted: indexer rebuild --accept-missing"
    )
    return Message(sentence, path=folder, kept=_photos_kept(kept))


def _unreadable(root: Root, error: OSError, kept: int) -> Message:
    if not kept:
        return Message(N_("{path} cannot be read ({why})"), path=root.path, why=error.strerror)
    sentence = N_("{path} cannot be read ({why}): {kept}")
    return Message(sentence, path=root.path, why=error.strerror, kept=_photos_kept(kept))


def _photos_kept(count: int) -> Message:
    if count == 1:
        return Message(N_("1 photo kept"))
    return Message(N_("{count} photos kept"), count=count)


def _within(paths: Collection[Location], root: Location, others: Collection[Location]) -> list[str]:
    """Those of `paths` that lie in `root` and in none of `others`, relative to it.

    A link to a folder widens the scan to all of the root: other links may lead there too.
    """
    return [
        "" if _leads_to_a_folder(path) else relative
        for path in paths
        if (relative := relative_to(path, root)) is not None
        and all(relative_to(path, other) is None for other in others)
    ]


def _fresh(roots: list[Root], found: Iterable[ScannedFile], fresh_s: float) -> list[Path]:
    """The files on disk written within the last `fresh_s`; a time to come says nothing."""
    if not fresh_s:
        return []
    now_ns = time.time_ns()
    folders = {root.id: root.path for root in roots if isinstance(root.path, Path)}
    return [
        folders[file.root_id] / file.path
        for file in found
        if file.root_id in folders and 0 <= now_ns - file.stat.mtime_ns < fresh_s * 1e9
    ]


def _inside(roots: list[Root], paths: Collection[Path]) -> set[tuple[int, str]]:
    """(root, path in it) for each of the paths, by whichever root it may be reached."""
    return {
        (root.id, shown_path(relative))
        for path in paths
        for root in roots
        if (relative := relative_to(path, root.path)) is not None
    }


def _leads_to_a_folder(path: Location) -> bool:
    try:
        return isinstance(path, Path) and path.is_symlink() and path.is_dir()
    except OSError:  # it cannot be looked at: the scan will say so
        return False
