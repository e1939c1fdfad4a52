"""Adds and removes photo directories, and refuses what cannot be one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from indexer.daemon_state import Desk
from indexer.errors import RootError
from indexer.excludes import checked
from indexer.location import Location, RemotePath, relative_to
from indexer.records import Root
from indexer.remote import check_url
from indexer.store import Store


def add_root(store: Store, desk: Desk, directory: Location, excludes: Iterable[str] | None) -> Root:
    """See Library.add_root."""
    patterns = None if excludes is None else checked(excludes)
    root = _known_or_new(store, desk.directory, directory)
    desk.ask_for_look()
    if patterns is None:
        return root
    if root.path != _resolved(directory):
        raise RootError(f"{directory} belongs to {root.path}: say there what to leave out")
    store.set_excludes(root.id, patterns)
    desk.ask_for_look()
    return replace(root, excludes=patterns)


def remove_root(store: Store, directory: Location) -> None:
    """See Library.remove_root."""
    path = _resolved(directory)
    for root in store.roots():
        if root.path == path:
            return store.remove_root(root.id)
    raise RootError(f"{directory} is no photo directory of this library")


def _known_or_new(store: Store, library: Path, directory: Location) -> Root:
    path = _resolved(directory)
    if isinstance(path, RemotePath):
        check_url(path)
    elif not path.is_dir():
        raise RootError(f"{directory} is no directory that can be seen")
    elif path.is_relative_to(library):
        raise RootError(f"{directory} is the library itself: it holds no photos of yours")
    for root in store.roots():
        if relative_to(path, root.path) is not None:
            store.see_root(root.id)
            return root
    return store.add_root(path)


def _resolved(directory: Location) -> Location:
    """As the library keeps it: absolute, and without links."""
    return directory.expanduser().resolve() if isinstance(directory, Path) else directory
