"""A scan behind a URL keeps the rules of one on disk; what is there is a file system in memory."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest

from indexer.location import RemotePath
from indexer.records.photos import Root
from indexer.sources.scan import THUMBNAILS, Scan
from indexer.sources.scan_remote import scan_remote

ROOT = Root(1, RemotePath("memory://photos"), excludes=("raw/", "*.tif"))
LIBRARY = ("library.db", "writer.lock")


@pytest.fixture(autouse=True)
def system() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/photos", recursive=True)


def put(system: fsspec.AbstractFileSystem, *names: str) -> None:
    for name in names:
        system.pipe_file(f"/photos/{name}", b"a scan opens no file")


def paths(seen: Scan) -> list[str]:
    return [file.path for file in seen.found]


def test_what_matches_a_roots_patterns_is_left_out_and_other_formats_are_counted(
    system: fsspec.AbstractFileSystem,
) -> None:
    put(system, "x.jpg", "x.tif", "raw/y.jpg", "a/b.svg", "a/c.svg", "a/notes.txt")
    seen = scan_remote(ROOT)
    assert paths(seen) == ["x.jpg"]
    assert seen.others == {".svg": 2}


def test_only_what_is_asked_for_is_looked_at(system: fsspec.AbstractFileSystem) -> None:
    put(system, "w.jpg", "a/x.jpg", "a/b/y.jpg", "c/z.jpg", "raw/v.jpg")
    assert paths(scan_remote(ROOT, under=["a/b"])) == ["a/b/y.jpg"]
    assert paths(scan_remote(ROOT, under=["w.jpg", "c"])) == ["c/z.jpg", "w.jpg"]
    gone = ["gone/x.jpg", "gone.jpg", "raw", "raw/v.jpg"]
    assert scan_remote(ROOT, under=gone) == Scan()


def test_what_is_asked_for_twice_is_found_once(system: fsspec.AbstractFileSystem) -> None:
    put(system, "a/x.jpg", "a/y.jpg")
    assert paths(scan_remote(ROOT, under=["a", "a/x.jpg"])) == ["a/x.jpg", "a/y.jpg"]


def test_a_folder_that_holds_a_library_is_passed_by(system: fsspec.AbstractFileSystem) -> None:
    put(system, "x.jpg", *(f"other/{name}" for name in (*LIBRARY, "y.jpg", "thumbnails/z.jpg")))
    seen = scan_remote(ROOT)
    assert paths(seen) == ["x.jpg"]
    assert seen.libraries == ["other"]


def test_of_a_root_that_holds_a_library_only_its_thumbnails_are_passed_by(
    system: fsspec.AbstractFileSystem,
) -> None:
    put(system, *LIBRARY, "x.jpg", f"{THUMBNAILS}/ab/y.jpg", f"a/{THUMBNAILS}/z.jpg")
    seen = scan_remote(ROOT)
    assert paths(seen) == ["x.jpg", f"a/{THUMBNAILS}/z.jpg"]
    assert seen.libraries == [THUMBNAILS]


def test_what_lies_behind_a_slash_after_a_slash_is_passed_by_and_costs_no_other(
    system: fsspec.AbstractFileSystem,
) -> None:
    put(system, "x.jpg", "a//y.jpg", "a/z.jpg", "/w.jpg")
    seen = scan_remote(ROOT)
    assert paths(seen) == ["x.jpg", "a/z.jpg"]
    assert seen.unseen == []
