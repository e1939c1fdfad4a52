"""Which files a walk finds, which it passes by, and what it says of those it could not see."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.records.photos import FileStat, Root
from indexer.sources.scan import Scan, scan

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and byte names")

NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Root:
    path = tmp_path / "root"
    path.mkdir()
    return Root(1, path)


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a scan opens no file")
    return path


def paths(seen: Scan) -> list[str]:
    return [file.path for file in seen.found]


def test_photos_are_found_with_size_and_time_in_a_fixed_order(root: Root) -> None:
    for name in ("b/2.PNG", "b/1.jpeg", "z.tif", "a.jpg", "c/d/e.webp"):
        os.utime(put(root.path / name), ns=(0, 1_234_567_890))
    seen = scan(root)
    assert paths(seen) == ["a.jpg", "z.tif", "b/1.jpeg", "b/2.PNG", "c/d/e.webp"]
    assert {(file.root_id, file.stat) for file in seen.found} == {(1, FileStat(20, 1_234_567_890))}
    assert seen.unseen == []


def test_what_is_no_photo_by_its_name_is_passed_by(root: Root) -> None:
    for name in (".hidden.jpg", "._x.jpg", "notes.txt", "jpg", ".jpg", "x.jpg.part"):
        put(root.path / name)
    (root.path / "folder.jpg").mkdir()
    os.mkfifo(root.path / "x.jpg")
    assert scan(root) == Scan()
    assert scan(root, under=["x.jpg", "._x.jpg", "notes.txt"]) == Scan()


def test_what_matches_a_roots_patterns_is_left_out(root: Root) -> None:
    for name in ("a/raw/x.jpg", "raw.jpg", "a/x.tif", "keep.tif", "top/x.jpg", "a/top/x.jpg"):
        put(root.path / name)
    picky = replace(root, excludes=("raw/", "*.tif", "!keep.tif", "/top"))
    assert paths(scan(picky)) == ["keep.tif", "raw.jpg", "a/top/x.jpg"]
    assert scan(picky, under=["a/raw", "a/raw/x.jpg", "a/x.tif", "top/x.jpg"]) == Scan()


def test_only_folders_that_count_are_entered(root: Root, tmp_path: Path) -> None:
    for name in ("a/b/x.jpg", "a/.thumbnails/x.jpg", "@eaDir/x.jpg", "raw/deep/x.jpg"):
        put(root.path / name)
    put(tmp_path / "outside" / "y.jpg")
    (root.path / "link").symlink_to(tmp_path / "outside")
    (root.path / "twice").symlink_to(tmp_path / "outside")
    entered: list[Path] = []
    scan(replace(root, excludes=("raw",)), entered=entered.append)
    assert entered == [root.path / name for name in ("", "a", "a/b", "link")]


@pytest.mark.parametrize(
    "folder",
    [".cache", "@eaDir", "a/#recycle", "a/lost+found/b", ".thumbnails", ".Trash-1000", "@Recycle"],
)
def test_skipped_folders_are_not_looked_into(root: Root, folder: str) -> None:
    put(root.path / folder / "x.jpg")
    assert scan(root) == Scan()
    assert scan(root, under=[folder, f"{folder}/x.jpg"]) == Scan()


def test_links_that_lead_nowhere_are_not_there(root: Root) -> None:
    (root.path / "dangling.jpg").symlink_to("gone.jpg")
    (root.path / "dangling").symlink_to("gone")
    (root.path / "circular.jpg").symlink_to("circular.jpg")
    (root.path / "one").symlink_to("two")
    (root.path / "two").symlink_to("one")
    links = ["circular.jpg", "dangling", "dangling.jpg", "one", "two"]
    assert scan(root) == Scan(links=links)
    assert scan(root, under=links) == Scan(links=links)
    assert scan(root, under=["dangling/x.jpg"]) == Scan(links=["dangling"])


def test_links_into_the_root_are_passed_by(root: Root) -> None:
    photo = put(root.path / "a" / "x.jpg")
    (root.path / "loop").symlink_to(root.path)
    (root.path / "folder").symlink_to(photo.parent)
    (root.path / "link.jpg").symlink_to(photo)
    (photo.parent / "up").symlink_to("..")
    assert paths(scan(root)) == ["a/x.jpg"]
    under = ["loop", "folder", "link.jpg", "a/up", "folder/x.jpg", "loop/a/x.jpg", "a/up/a/x.jpg"]
    for path in under:
        assert scan(root, under=[path]) == Scan(), path


def test_links_into_what_the_root_leaves_out_are_photos(root: Root) -> None:
    """As git-annex keeps them; a folder that is linked to twice is walked once."""
    objects = root.path / ".git" / "annex" / "objects"
    for name in ("2019/panda.jpg", "2019/same.jpg", "2020/koala.jpg"):
        key = put(objects / "F8" / f"{name[:4]}--key.jpg" / f"{name[:4]}--key.jpg")
        (root.path / name).parent.mkdir(exist_ok=True)
        (root.path / name).symlink_to(os.path.relpath(key, (root.path / name).parent))
    (root.path / "no key.jpg").symlink_to(put(root.path / "KEY"))
    put(root.path / "raw" / "x.jpg")
    (root.path / "raw" / "up").symlink_to("..")
    (root.path / "album").symlink_to("raw")
    (root.path / "again").symlink_to("raw")
    picky = replace(root, excludes=("raw/",))
    expected = ["no key.jpg", "2019/panda.jpg", "2019/same.jpg", "2020/koala.jpg", "again/x.jpg"]
    assert paths(scan(picky)) == expected
    for path in expected:
        assert paths(scan(picky, under=[path])) == [path]
    assert paths(scan(root)) == [*expected[:-1], "raw/x.jpg"]


def test_links_to_the_outside_are_followed_once(root: Root, tmp_path: Path) -> None:
    photo = put(tmp_path / "outside" / "x.jpg")
    (root.path / "a").symlink_to(photo.parent)
    (root.path / "b").symlink_to(photo.parent)
    (root.path / "single.jpg").symlink_to(put(tmp_path / "y.jpg"))
    (photo.parent / "back").symlink_to(photo.parent)
    assert paths(scan(root)) == ["single.jpg", "a/x.jpg"]
    assert paths(scan(root, under=["a/x.jpg"])) == ["a/x.jpg"]


def test_nested_roots_are_left_to_themselves(root: Root, tmp_path: Path) -> None:
    inner, other = Root(2, root.path / "inner"), Root(3, tmp_path / "other")
    put(inner.path / "x.jpg")
    put(other.path / "y.jpg")
    put(root.path / "z.jpg")
    (root.path / "link").symlink_to(other.path)
    (root.path / "up").symlink_to(tmp_path)
    (root.path / "link.jpg").symlink_to(inner.path / "x.jpg")
    roots = [root, inner, other]
    assert paths(scan(root, roots)) == ["z.jpg"]
    assert paths(scan(inner, roots)) == ["x.jpg"]
    assert scan(root, roots, under=["inner", "inner/x.jpg", "link/y.jpg", "link.jpg"]) == Scan()


def test_skipped_paths_are_not_looked_into_however_they_are_reached(
    root: Root, tmp_path: Path
) -> None:
    own = root.path / "library" / "thumbnails"
    put(own / "ab" / "x.jpg")
    put(root.path / "library" / "mine.jpg")
    (tmp_path / "alias").symlink_to(root.path)
    (root.path / "link").symlink_to(own)
    skip = [tmp_path / "alias" / "library" / "thumbnails", tmp_path / "not there"]
    assert paths(scan(root, skip=skip)) == ["library/mine.jpg"]
    under = ["library/thumbnails", "library/thumbnails/ab/x.jpg", "link/ab/x.jpg"]
    assert scan(root, under=under, skip=skip) == Scan()


def test_a_name_that_is_no_text_is_found_with_its_problem(root: Root) -> None:
    bad = os.fsencode(root.path) + b"/\xff.jpg"
    inside = os.fsencode(root.path) + b"/\xfe"
    try:
        put(Path(os.fsdecode(bad)))
        put(Path(os.fsdecode(inside + b"/x.jpg")))
    except OSError:
        pytest.skip("this file system takes no such names")
    found = scan(root).found
    assert [file.path for file in found] == ["\\xff.jpg", "\\xfe/x.jpg"]
    assert all("UTF-8" in str(file.problem) for file in found)
    assert all(file.path.encode() for file in found)


def test_what_no_file_system_can_name_is_recorded_and_costs_no_other(root: Root) -> None:
    put(root.path / "x.jpg")
    seen = scan(root, under=["a\0.jpg", "b\0", "x.jpg"])
    broken, whole = seen.found
    assert (whole.path, whole.problem) == ("x.jpg", None)
    assert "null byte" in str(broken.problem)
    assert seen.unseen == ["b\0"]


def test_only_what_is_asked_for_is_looked_at(root: Root) -> None:
    for name in ("a/x.jpg", "a/b/y.jpg", "c/z.jpg", "w.jpg"):
        put(root.path / name)
    assert paths(scan(root, under=["a/b"])) == ["a/b/y.jpg"]
    assert paths(scan(root, under=["w.jpg", "c"])) == ["w.jpg", "c/z.jpg"]
    assert scan(root, under=["gone.jpg", "gone/x.jpg", "w.jpg/x.jpg"]) == Scan()
    assert scan(root, under=[]) == Scan()


def test_what_is_asked_for_twice_is_found_once(root: Root) -> None:
    put(root.path / "a" / "b" / "x.jpg")
    asked = ["a/b/x.jpg", "a/b", "a", "a/b/x.jpg", "", "a/b"]
    for under in (asked, asked[::-1]):
        assert paths(scan(root, under=under)) == ["a/b/x.jpg"]


def test_a_root_that_is_not_there_does_not_look_empty(root: Root) -> None:
    root.path.rmdir()
    with pytest.raises(FileNotFoundError):
        scan(root)
    root.path.write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        scan(root)


def test_a_folder_that_vanishes_during_the_walk_is_unseen(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root.path / "a" / "x.jpg")
    put(root.path / "b" / "y.jpg")
    listing = os.scandir

    def scandir(path: Any) -> Any:
        if path == root.path / "a":
            shutil.rmtree(path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    seen = scan(root)
    assert (paths(seen), seen.unseen) == (["b/y.jpg"], ["a"])
    assert not seen.covers("a/x.jpg")
    assert not seen.covers("a")
    assert seen.covers("b/y.jpg")
    assert seen.covers("ab.jpg")


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of a user whom permissions bind."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() != 0:
        yield folder
    else:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        yield folder
        os.seteuid(0)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


def test_what_may_not_be_looked_into_is_unseen(ordinary_user: Path) -> None:
    root = Root(1, ordinary_user / "root")
    put(root.path / "open" / "x.jpg")
    put(root.path / "shut" / "y.jpg")
    put(ordinary_user / "far" / "folder" / "z.jpg")
    (root.path / "link").symlink_to(ordinary_user / "far" / "folder")
    (root.path / "link.jpg").symlink_to(ordinary_user / "far" / "folder" / "z.jpg")
    (root.path / "shut").chmod(0)
    (ordinary_user / "far").chmod(0)
    seen = scan(root)
    assert paths(seen) == ["open/x.jpg"]
    assert sorted(seen.unseen) == ["link", "link.jpg", "shut"]
    assert not seen.covers("shut/y.jpg")
    assert not seen.covers("link/z.jpg")
    asked = scan(root, under=["shut/y.jpg", "link/z.jpg"])
    assert (paths(asked), asked.unseen) == ([], ["shut/y.jpg", "link/z.jpg"])


def test_a_root_that_cannot_be_seen_is_no_hindrance_to_another(ordinary_user: Path) -> None:
    root, other = Root(1, ordinary_user / "root"), Root(2, ordinary_user / "shut" / "other")
    put(root.path / "x.jpg")
    put(other.path / "y.jpg")
    other.path.parent.chmod(0)
    assert paths(scan(root, [root, other], skip=[other.path / "thumbnails"])) == ["x.jpg"]


def test_a_root_that_may_not_be_listed_does_not_look_empty(ordinary_user: Path) -> None:
    root = Root(1, ordinary_user / "root")
    put(root.path / "x.jpg")
    root.path.chmod(0)
    with pytest.raises(PermissionError):
        scan(root)
