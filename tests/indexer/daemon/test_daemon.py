"""The daemon over real folders: what it notices, how often it embeds, what it leaves alone."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from indexer.daemon.daemon import Daemon
from indexer.library.control import Control, FileControl
from indexer.library.library import Library, open_library
from indexer.records.status import Activity, DaemonState, Work
from tests.depth import deeper
from tests.fakes import ColourEncoder
from tests.forks import context
from tests.indexer.taking_in import keep_in_line
from tests.photos import make_photo
from tests.waiting import eventually

pytestmark = pytest.mark.slow

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    make_photo(tmp_path / "photos" / "first.png", "red")
    return tmp_path / "photos"


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    """What a searcher sees; the daemon has its own."""
    opened = open_library(
        place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    opened.add_root(photos)
    yield opened
    opened.close()


def has_reconciled(library: Library) -> bool:
    """Whether a daemon has compared the folders with the library."""
    status = library.status().daemon
    return status is not None and bool(status.last_reconcile)


@contextmanager
def daemon(library: Library, encoder: ColourEncoder) -> Iterator[Daemon]:
    own = open_library(library.path, open_encoder=lambda _: encoder)
    running = Daemon(own)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        eventually(lambda: has_reconciled(library))
        yield running
    finally:
        running.stop()
        thread.join(30)
        own.close()
    assert not thread.is_alive()


def test_daemon_prepares_the_model_before_anybody_searches(
    library: Library, encoder: ColourEncoder
) -> None:
    with daemon(library, encoder):
        assert library.is_prepared


def names(library: Library) -> set[str]:
    return {hit.photo.path.name for hit in library.search("red", 2000).hits}


def has(library: Library, name: str) -> bool:
    return name in names(library)


def test_new_moved_changed_and_deleted_photos_are_noticed(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    with daemon(library, encoder):
        make_photo(photos / "new folder" / "deep" / "green.png", "green")
        eventually(lambda: names(library) == {"first.png", "green.png"})
        make_photo(photos / "new folder" / "deep" / "blue.png", "blue")  # watched by now
        eventually(lambda: "blue.png" in names(library))
        shutil.move(make_photo(tmp_path / "white.png", "white"), photos / "white.png")
        eventually(lambda: "white.png" in names(library))
        before = encoder.embedded
        (photos / "new folder").rename(photos / "renamed")
        (photos / "white.png").rename(photos / "renamed" / "snow.png")
        eventually(lambda: names(library) == {"first.png", "green.png", "blue.png", "snow.png"})
        (photos / "renamed" / "deep" / "green.png").unlink()
        eventually(lambda: "green.png" not in names(library))
        assert encoder.embedded == before
        make_photo(photos / "first.png", "yellow", seed=1)
        eventually(lambda: library.search("yellow", 1).hits[0].photo.path.name == "first.png")
        assert encoder.embedded == before + 1


@pytest.mark.slow
def test_hundreds_of_photos_at_once_lose_no_event(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    count = deeper(300)
    for number in range(count):
        make_photo(tmp_path / "card" / f"{number}.png", "green", size=(16, 12), seed=number)
    with daemon(library, encoder):
        for photo in (tmp_path / "card").iterdir():
            shutil.copy(photo, photos)
        eventually(lambda: library.status().photos == count + 1, within_s=300)
        assert encoder.embedded == count + 1
        for number in range(count):
            (photos / f"{number}.png").rename(photos / f"holiday {number}.png")
        eventually(
            lambda: sum(name.startswith("holiday") for name in names(library)) == count,
            within_s=300,
        )
        assert library.status().photos == count + 1
        assert encoder.embedded == count + 1


def test_files_written_slowly_are_embedded_once_and_whole(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    data = make_photo(tmp_path / "slow.jpg", "green", size=(640, 480)).read_bytes()
    other = make_photo(tmp_path / "slow too.jpg", "blue", size=(640, 480)).read_bytes()
    with daemon(library, encoder), ExitStack() as stack:
        (photos / "new folder").mkdir()
        one = stack.enter_context((photos / "slow.jpg").open("wb", buffering=0))
        two = stack.enter_context((photos / "new folder" / "slow too.jpg").open("wb", buffering=0))
        for part in range(5):
            for file, whole in ((one, data), (two, other)):
                file.write(whole[part * len(whole) // 5 : (part + 1) * len(whole) // 5])
            later = make_photo(photos / f"part {part}.png", "white", seed=part)
            eventually(partial(has, library, later.name))  # longer than paths take to settle
        stack.close()
        eventually(lambda: {"slow.jpg", "slow too.jpg"} <= names(library))
        assert encoder.embedded == 3 + 5
        assert library.failures() == []


def test_it_is_not_up_to_date_while_a_file_is_still_written(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    data = make_photo(tmp_path / "slow.jpg", "green", size=(640, 480)).read_bytes()
    with daemon(library, encoder):
        eventually(lambda: library.status().photos == 1 and doing(library) is Activity.WATCHING)
        with (photos / "slow.jpg").open("wb", buffering=0) as file:
            file.write(data[:100])
            library.control.request_scan()
            eventually(lambda: doing(library) is Activity.WAITING)
            file.write(data[100:])
        seen = set()
        while (now := library.progress()).photos == 1:
            assert now.daemon is not None
            seen.add(now.daemon.doing)
        assert Activity.WAITING in seen
        assert Activity.WATCHING not in seen
        eventually(lambda: doing(library) is Activity.WATCHING)


def doing(library: Library) -> Activity | None:
    now = library.progress().daemon
    return now and now.doing


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere whole trees are watched")
def test_folders_that_are_left_out_are_not_watched(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    make_photo(photos / "raw" / "x.png", "blue")
    make_photo(photos / "@eaDir" / "x.png", "blue")
    library.add_root(photos, ["raw/"])
    before = watches()
    with daemon(library, encoder):
        assert watches() - before == 1
        (photos / "more").mkdir()
        (photos / ".hidden").mkdir()
        eventually(lambda: watches() - before == 2)
        make_photo(photos / "more" / "later.png", "lime")  # an event after those of the folders
        eventually(lambda: "later.png" in names(library))
        assert watches() - before == 2


def watches() -> int:
    """How many inotify watches this process has."""
    told = [path.read_text() for path in Path("/proc/self/fdinfo").iterdir() if path.exists()]
    return sum(text.count("\ninotify wd:") for text in told)


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_new_link_to_a_photo_in_a_hidden_folder_is_noticed(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    with daemon(library, encoder):
        key = make_photo(photos / ".git" / "annex" / "key.png", "blue")
        (photos / "panda.png").symlink_to(key.relative_to(photos))
        eventually(lambda: names(library) == {"first.png", "panda.png"})


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere whole trees are watched")
def test_folder_that_holds_a_library_is_not_watched(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    make_photo(photos / "other" / "thumbnails" / "x.png", "blue")
    for name in ("library.db", "writer.json"):
        (photos / "other" / name).touch()
    before = watches()
    with daemon(library, encoder):
        assert watches() - before == 1
        eventually(lambda: names(library) == {"first.png"})  # once it has settled


def test_a_changed_set_of_patterns_is_honoured_while_the_daemon_runs(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    make_photo(photos / "raw" / "x.png", "blue")
    with daemon(library, encoder):
        eventually(lambda: names(library) == {"first.png", "x.png"})  # once they have settled
        library.add_root(photos, ["raw/"])
        make_photo(photos / "raw" / "y.png", "white")
        make_photo(photos / "later.png", "lime")
        eventually(lambda: "later.png" in names(library))
        assert "y.png" not in names(library)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
def test_an_overflow_of_the_event_queue_loses_nothing(library: Library, photos: Path) -> None:
    limit = int(QUEUE.read_text())
    if limit > 50_000:
        pytest.skip(f"{limit} events fit into the queue: too many to fill it here")
    process = context.Process(target=keep_in_line, args=(library.path,))
    process.start()
    assert process.pid is not None
    try:
        eventually(lambda: names(library) == {"first.png"})
        eventually(lambda: has_reconciled(library))
        os.kill(process.pid, signal.SIGSTOP)
        for number in range(limit // 2):  # two events each, at the least
            (photos / f"{number}.txt").touch()
        for number in range(5):
            make_photo(photos / f"late {number}.png", "blue", seed=number)
        os.kill(process.pid, signal.SIGCONT)
        eventually(lambda: len(names(library)) == 6)
        os.kill(process.pid, signal.SIGTERM)
        process.join(30)
        assert process.exitcode == 0
    finally:
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
def test_a_root_for_which_watches_ran_out_is_polled(
    library: Library,
    photos: Path,
    encoder: ColourEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    blue = make_photo(tmp_path / "blue.png", "blue")  # moved there it is whole at each look

    def none_left() -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr("indexer.daemon.inotify.InotifyFD", none_left)
    monkeypatch.setattr("indexer.daemon.schedule.POLL_S", 0.2)
    with caplog.at_level(logging.WARNING), daemon(library, encoder):
        blue.rename(photos / blue.name)
        eventually(lambda: "blue.png" in names(library))
        (photos / "first.png").unlink()
        eventually(lambda: names(library) == {"blue.png"})
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "max_user_instances" in told[0]


def test_an_unmounted_root_is_kept_and_comes_back_unembedded(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    photos.rename(tmp_path / "away")
    photos.mkdir()
    with daemon(library, encoder):
        assert encoder.embedded == 0
    photos.rmdir()
    (tmp_path / "away").rename(photos)
    with daemon(library, encoder):
        assert names(library) == {"first.png"}
        assert encoder.embedded == 1
        photos.rename(tmp_path / "away")
        eventually(lambda: bool(library.status().roots[0].notice))
        assert names(library) == {"first.png"}
        (tmp_path / "away").rename(photos)
    with daemon(library, encoder):
        assert library.status().roots[0].notice is None
        assert encoder.embedded == 1


def test_root_that_comes_back_is_seen_at_once_and_watched_again(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    with daemon(library, encoder):  # which scans everything again in 15 minutes
        photos.rename(tmp_path / "away")
        eventually(lambda: bool(library.status().roots[0].notice))
        make_photo(tmp_path / "away" / "blue.png", "blue")
        (tmp_path / "away").rename(photos)
        eventually(lambda: names(library) == {"first.png", "blue.png"})
        eventually(lambda: library.status().roots[0].notice is None)
        make_photo(photos / "lime.png", "lime")
        eventually(lambda: "lime.png" in names(library))


@pytest.mark.skipif(sys.platform != "linux", reason="mounts")
def test_drive_that_is_mounted_at_a_root_is_seen_at_once_and_watched(
    library: Library, photos: Path, encoder: ColourEncoder, tmp_path: Path
) -> None:
    make_photo(tmp_path / "drive" / "blue.png", "blue")
    bind = ["mount", "--bind", str(tmp_path / "drive"), str(photos)]
    with daemon(library, encoder):
        if os.geteuid() != 0 or subprocess.run(bind, capture_output=True, check=False).returncode:
            pytest.skip("only root may mount")
        try:
            eventually(lambda: "blue.png" in names(library))
            make_photo(photos / "lime.png", "lime")
            eventually(lambda: "lime.png" in names(library))
        finally:
            subprocess.run(["umount", "--lazy", str(photos)], check=True)
        eventually(lambda: "first.png" in names(library))


def test_folder_added_while_the_daemon_runs_is_taken_in_without_waiting_for_its_time(
    library: Library, encoder: ColourEncoder, tmp_path: Path
) -> None:
    make_photo(tmp_path / "more" / "later.png", "lime")
    with daemon(library, encoder):
        library.add_root(tmp_path / "more")
        eventually(lambda: "later.png" in names(library))


def test_scan_for_an_added_folder_names_that_folder_alone(
    library: Library, encoder: ColourEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(tmp_path / "more" / "later.png", "lime")
    reported: list[Work] = []
    report = FileControl.report

    def noted(control: FileControl, state: DaemonState) -> None:
        reported.append(state.work)
        report(control, state)

    with daemon(library, encoder):
        eventually(lambda: _doing(library) is Activity.WATCHING)
        monkeypatch.setattr(FileControl, "report", noted)
        library.add_root(tmp_path / "more")
        eventually(lambda: "later.png" in names(library))
    scans = {work for work in reported if work.doing is Activity.SCANNING}
    assert scans == {Work(Activity.SCANNING, str(tmp_path / "more"))}


def test_added_folder_is_never_scanned_without_its_excludes(
    library: Library, encoder: ColourEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(tmp_path / "more" / "later.png", "lime")
    make_photo(tmp_path / "more" / "raw" / "excluded.png", "blue")
    kind = type(library.control)
    request_scan = kind.request_scan

    def and_wait(control: Control, folder: Path | None = None) -> None:
        """The slowest of threads: the daemon has scanned before it goes on."""
        request_scan(control, folder)
        eventually(lambda: not control.requested_scan() and _doing(library) is Activity.WATCHING)

    with daemon(library, encoder):
        eventually(lambda: _doing(library) is Activity.WATCHING)
        monkeypatch.setattr(kind, "request_scan", and_wait)
        library.add_root(tmp_path / "more", ["raw/"])
        eventually(lambda: names(library) == {"first.png", "later.png"})
    assert encoder.embedded == 2  # the excluded one never was


def _doing(library: Library) -> Activity | None:
    daemon = library.status().daemon
    return daemon.doing if daemon else None


def test_failure_is_tried_again_by_the_running_daemon_when_that_is_asked(
    library: Library, photos: Path, encoder: ColourEncoder
) -> None:
    good = make_photo(photos / ".hidden.png", "lime").read_bytes()
    bad = photos / "bad.png"
    bad.write_bytes(bytes(len(good)))
    with daemon(library, encoder):
        eventually(lambda: len(library.failures()) == 1)
        stat = bad.stat()
        bad.write_bytes(good)
        os.utime(bad, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # nothing seems to have changed
        library.forget_failures()
        eventually(lambda: not library.failures())
