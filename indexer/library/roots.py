"""Adds and removes photo directories, and refuses what cannot be one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from clipcore.messages import N_
from indexer.errors import LibraryError, RootError
from indexer.library.control import Control
from indexer.location import Location, RemotePath, expanded, is_utf8, relative_to, shown_path
from indexer.paths import is_library, own_directory
from indexer.records.photos import Root
from indexer.sources.excludes import Excludes, checked
from indexer.sources.object_storage import check_url
from indexer.store.store import Store


def add_root(
    store: Store,
    control: Control,
    library: Path,
    directory: Location,
    excludes: Iterable[str] | None,
) -> Root:
    """See Library.add_root."""
    patterns = None if excludes is None else checked(excludes)
    path = check_directory(library, directory)
    root = _holder(store.roots.all(), path)
    if root is None:
        root = store.roots.add(path, patterns or ())
    elif patterns is None:
        store.roots.see(root.id)
    elif root.path != path:
        raise RootError(
            N_("{path} belongs to {root}: set its excludes there"), path=directory, root=root.path
        )
    else:
        store.roots.see(root.id)
        store.roots.set_excludes(root.id, patterns)
        root = replace(root, excludes=patterns)
    control.request_scan(root.path)  # last of all: a daemon scans at once
    return root


def remove_root(store: Store, directory: Location) -> None:
    """See Library.remove_root."""
    path = _resolved(directory)
    for root in store.roots.all():
        if root.path == path:
            return store.roots.remove(root.id)
    raise RootError(
        N_("{path} is not a photo directory of this library"), path=shown_path(str(directory))
    )


def check_directory(library: Path, directory: Location, *, is_new: bool = False) -> Location:
    """The photo directory as the library stores it. Raises RootError for what cannot be one.

    A library inside a photo directory is left out of it. One that `is_new` is refused there: a
    photo directory is never written to.
    """
    path = _resolved(directory)
    if not is_utf8(str(path)):
        raise RootError(
            N_("{path}: its name is not valid UTF-8: rename it"), path=shown_path(str(path))
        )
    if isinstance(path, RemotePath):
        check_url(path)
        return path
    library = library.resolve()
    if not path.is_dir():
        raise RootError(N_("{path} is not a visible directory"), path=directory)
    if path.is_relative_to(library):
        raise RootError(
            N_("{path} is the library itself: it holds no photos of yours"), path=directory
        )
    if holder := next(filter(is_library, _libraries_of(path)), None):
        raise RootError(N_("{path} is a library: the pictures in it are thumbnails"), path=holder)
    if is_new and not library.is_relative_to(own_directory()):
        _refuse_inside(library, Root(0, path), RootError)
    return path


def refuse_inside(library: Path, roots: Iterable[Root]) -> None:
    """Raises LibraryError where a library in that directory would lie in a photo directory."""
    for root in roots:
        _refuse_inside(library.resolve(), root, LibraryError)


def _refuse_inside(library: Path, root: Root, kind: type[LibraryError | RootError]) -> None:
    inside = relative_to(library, root.path)
    if inside is not None and not (inside and Excludes(root.excludes).covers_folder(inside)):
        raise kind(
            N_(
                "the library {library} would lie in the photo directory {root}, which is never "
                "written to: choose a place outside it"
            ),
            library=library,
            root=root.path,
        )


def _libraries_of(path: Path) -> list[Path]:
    """The folders that would be libraries if `path` were part of one."""
    above = [folder.parent for folder in (path, *path.parents) if folder.name == "thumbnails"]
    return [path, *above]


def _holder(roots: Iterable[Root], path: Location) -> Root | None:
    """The root that finds the photos in this directory already."""
    for root in roots:
        inside = relative_to(path, root.path)
        # a folder that another one leaves out is found only as a root of its own
        if inside is not None and not Excludes(root.excludes).covers_folder(inside):
            return root
    return None


def _resolved(directory: Location) -> Location:
    """As the library stores it: absolute, and without links."""
    return expanded(directory).resolve() if isinstance(directory, Path) else directory
