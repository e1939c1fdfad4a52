"""What the operating system's events make dirty, and when it counts as settled."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.daemon import dirty_paths
from indexer.daemon.dirty_paths import DirtyPaths
from indexer.daemon.mounts import Polled
from indexer.daemon.watch import TreeWatcher, Watcher, open_watcher
from tests.waiting import eventually

Mount = namedtuple("Mount", ["mountpoint", "fstype"])


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_path_settles_when_it_has_been_quiet_for_long_enough() -> None:
    clock, path = Clock(), Path("a.jpg")
    dirty = DirtyPaths(clock)
    dirty.mark([path], being_written=True)
    clock.now = dirty_paths.SETTLE_S
    assert dirty.take_settled() == set()
    assert dirty.waiting() == {path}
    dirty.mark([path])  # closed: whole at last
    assert dirty.take_settled() == set()
    clock.now += dirty_paths.SETTLE_S
    assert dirty.take_settled() == {path}
    assert dirty.take_settled() == dirty.waiting() == set()


def test_first_path_to_settle_says_how_long_that_takes() -> None:
    clock = Clock()
    dirty = DirtyPaths(clock)
    dirty.mark([Path("written.jpg")], being_written=True)
    assert dirty.settles_in_s() == dirty_paths.WRITING_S
    dirty.mark([Path("a.jpg")])
    assert dirty.settles_in_s() == dirty_paths.SETTLE_S
    clock.now += 2 * dirty_paths.SETTLE_S
    assert dirty.settles_in_s() == 0


def test_lost_events_end_the_wait_and_are_told_once() -> None:
    dirty = DirtyPaths()
    dirty.lose_events()
    with ThreadPoolExecutor() as threads:
        wait = threads.submit(dirty.wait, 60)
        eventually(wait.done, within_s=30)
    assert not wait.result()
    assert dirty.take_events_lost()
    assert not dirty.take_events_lost()


@pytest.fixture
def dirty() -> DirtyPaths:
    return DirtyPaths()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("root/a/b", "root/raw", "away"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path / "root"


@contextmanager
def watching(dirty: DirtyPaths, root: Path) -> Iterator[Watcher]:
    watcher = open_watcher(dirty)
    watcher.start()
    look(watcher, root, "", "a", "a/b")
    yield watcher
    watcher.stop()


@pytest.fixture
def watcher(dirty: DirtyPaths, root: Path) -> Iterator[Watcher]:
    with watching(dirty, root) as watcher:
        yield watcher


def look(watcher: Watcher, root: Path, *folders: str) -> None:
    with watcher.renewing([root]):
        for folder in folders:
            watcher.entered(root / folder)


def dirtied(dirty: DirtyPaths, path: Path, by: Callable[[], object]) -> bool:
    """Whether `by` makes this path dirty; something else tells that all events have come."""
    eventually(lambda: is_quiet(dirty))  # of what was done before
    by()
    eventually(lambda: {path.name, "sentinel"} & {seen.name for seen in dirty.waiting()})
    return path in dirty.waiting()


def is_quiet(dirty: DirtyPaths) -> bool:
    dirty.take_settled()
    return not dirty.waiting()


def all_events_come(dirty: DirtyPaths, root: Path) -> None:
    """Wait until those of all that was done so far are here: they come in their order."""
    sentinel = root / f"sentinel {len(list(root.iterdir()))}"
    sentinel.touch()
    eventually(lambda: sentinel in dirty.waiting())


linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere whole trees are watched")


@pytest.mark.slow
def test_what_happens_to_a_file_makes_it_dirty(
    watcher: Watcher, dirty: DirtyPaths, root: Path
) -> None:
    path, other = root / "a" / "b" / "x.jpg", root / "y.jpg"
    assert dirtied(dirty, path, lambda: path.write_bytes(b"x"))
    assert dirtied(dirty, other, lambda: path.rename(other))
    assert dirtied(dirty, path, lambda: os.link(other, path))
    assert dirtied(dirty, other, other.unlink)
    assert dirtied(dirty, path, lambda: os.utime(path, (1, 1)))


@linux
def test_a_folder_that_was_not_entered_is_not_watched(
    watcher: Watcher, dirty: DirtyPaths, root: Path
) -> None:
    def write() -> None:
        (root / "raw" / "x.jpg").write_bytes(b"x")
        (root / "sentinel").touch()

    assert not dirtied(dirty, root / "raw" / "x.jpg", write)


@linux
def test_a_folder_that_a_new_look_does_not_enter_is_watched_no_longer(
    watcher: Watcher, dirty: DirtyPaths, root: Path
) -> None:
    def write() -> None:
        (root / "a" / "b" / "x.jpg").write_bytes(b"x")
        (root / "sentinel").touch()

    look(watcher, root, "", "a")
    assert not dirtied(dirty, root / "a" / "b" / "x.jpg", write)
    look(watcher, root, "", "a", "a/b")
    path = root / "a" / "b" / "y.jpg"
    assert dirtied(dirty, path, lambda: path.write_bytes(b"y"))


@linux
def test_a_renamed_folder_is_known_by_its_new_name_once_it_was_entered(
    watcher: Watcher, dirty: DirtyPaths, root: Path
) -> None:
    assert dirtied(dirty, root / "c", lambda: (root / "a").rename(root / "c"))
    watcher.entered(root / "c")
    watcher.entered(root / "c" / "b")
    path = root / "c" / "b" / "x.jpg"
    assert dirtied(dirty, path, lambda: path.write_bytes(b"x"))


@linux
def test_a_folder_in_the_place_of_another_is_watched(
    watcher: Watcher, dirty: DirtyPaths, root: Path
) -> None:
    shutil.rmtree(root / "a")
    (root / "a").mkdir()
    watcher.entered(root / "a")
    path = root / "a" / "x.jpg"
    assert dirtied(dirty, path, lambda: path.write_bytes(b"x"))


@linux
def test_a_folder_behind_a_link_is_watched_under_the_links_name(
    watcher: Watcher, dirty: DirtyPaths, root: Path
) -> None:
    away = root.parent / "away"
    (root / "link").symlink_to(away)
    watcher.entered(root / "link")
    path = root / "link" / "x.jpg"
    assert dirtied(dirty, path, lambda: (away / "x.jpg").write_bytes(b"x"))


@linux
def test_a_file_being_written_waits_until_it_is_closed(root: Path) -> None:
    clock, path = Clock(), root / "a" / "x.jpg"
    dirty = DirtyPaths(clock)
    with watching(dirty, root):
        with path.open("wb", buffering=0) as file:
            file.write(b"half")
            all_events_come(dirty, root)
            clock.now += 3 * dirty_paths.SETTLE_S
            assert path not in dirty.take_settled()
            assert path in dirty.waiting()
        all_events_come(dirty, root)
        clock.now += 3 * dirty_paths.SETTLE_S
        assert path in dirty.take_settled()


def test_a_root_that_is_not_there_is_no_accident(watcher: Watcher, root: Path) -> None:
    look(watcher, root / "nowhere", "")
    assert watcher.polled() <= {root / "nowhere"}


def test_whole_trees_are_watched_where_that_costs_nothing(dirty: DirtyPaths, root: Path) -> None:
    with watching_trees(dirty, root):
        path = root / "a" / "b" / "x.jpg"
        assert dirtied(dirty, path, lambda: path.write_bytes(b"x"))


@contextmanager
def watching_trees(dirty: DirtyPaths, root: Path) -> Iterator[Watcher]:
    watcher = TreeWatcher(dirty)
    watcher.start()
    try:
        look(watcher, root)
        yield watcher
    finally:
        watcher.stop()


def test_tree_in_the_place_of_another_is_watched(dirty: DirtyPaths, root: Path) -> None:
    with watching_trees(dirty, root) as watcher:
        root.rename(root.with_name("old"))
        root.mkdir()
        look(watcher, root)
        path = root / "x.jpg"
        assert dirtied(dirty, path, lambda: path.write_bytes(b"x"))


def test_tree_that_cannot_be_watched_is_polled(dirty: DirtyPaths, root: Path) -> None:
    with watching_trees(dirty, root / "nowhere") as watcher:
        assert watcher.polled() == {root / "nowhere"}
        look(watcher, root)
        assert watcher.polled() == set()


@pytest.mark.parametrize(
    ("mounts", "polled"),
    [
        ([("/", "ext4")], False),
        ([("/", "ext4"), ("/photos", "nfs4")], True),
        ([("/", "nfs4"), ("/photos", "ext4")], False),
        ([("/", "ext4"), ("/photos/2024", "fuse.sshfs")], True),
        ([("/", "ext4"), ("/photosphere", "cifs")], False),
        ([], False),
    ],
)
def test_network_file_systems_are_polled(mounts: list[tuple[str, str]], polled: bool) -> None:
    seen = Polled(lambda: [Mount(*mount) for mount in mounts])
    seen.renew([Path("/photos")])
    assert seen.roots == ({Path("/photos")} if polled else set())


def test_that_a_root_is_polled_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    seen = Polled(lambda: [Mount("/", "nfs")])
    for _ in range(3):
        seen.renew([Path("/photos"), Path("/more")])
    assert [record.args[0] for record in caplog.records if record.args] == [
        Path("/photos"),
        Path("/more"),
    ]


@linux
def test_a_root_whose_watches_ran_out_keeps_none_and_is_tried_again(
    dirty: DirtyPaths,
    root: Path,
    watcher: Watcher,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def none_left(*_: object) -> int:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    with monkeypatch.context() as patched:
        patched.setattr("watchdog.observers.inotify_c.InotifyFD.add_callback", none_left)
        for _ in range(2):
            look(watcher, root, "", "a")
            assert watcher.polled() == {root}
    assert [record.getMessage().count("max_user_watches") for record in caplog.records] == [1]
    path = root / "a" / "x.jpg"
    path.write_bytes(b"x")
    look(watcher, root, "", "a")
    assert watcher.polled() == set()
    all_events_come(dirty, root)
    assert path not in dirty.waiting()
    assert dirtied(dirty, path, path.unlink)
