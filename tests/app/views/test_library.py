"""The library page and the welcome, in Streamlit's own test harness, over real libraries."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.library.daemon_status import headline_of
from app.library.roots import PATIENCE_S, remove
from app.views.library import about
from app.views.welcome import WELCOMING, title
from indexer.daemon.daemon import Daemon
from indexer.environment import FOLDERS
from indexer.errors import LibraryBusy
from indexer.library.control import FileControl
from indexer.library.library import Library, open_library
from indexer.records.status import Activity, DiskUse, LibraryStatus, RootStatus
from tests.app.library.test_daemon_status import DAEMON, status_of
from tests.app.test_main import component, damage, ingested, items, page_over, reopened
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.raw_photos import dng
from tests.waiting import eventually

HOSTILE = "**[x](http:a)** $x$ :smile:"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A good photo and a bad one in `photos`; `tmp_path` is where folders may be chosen."""
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    return ingested(tmp_path)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv(FOLDERS, str(tmp_path / "home"))
    make_photo(tmp_path / "home" / HOSTILE / "red.jpg", "red")
    return open_library(
        tmp_path / "library", create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )


def library_page_over(library: Library) -> AppTest:
    def script(library: object) -> None:
        from app.views.library import library_page

        library_page(library)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    test.session_state["failures"] = True  # they are looked at
    test.run()
    assert not test.exception
    return test


@contextmanager
def daemon(library: Library) -> Iterator[None]:
    own = open_library(library.path, open_encoder=lambda _: ColourEncoder())
    running = Daemon(own)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield
    finally:
        running.stop()
        thread.join(30)
        own.close()


def words(test: AppTest) -> str:
    markdown = (test.markdown, test.caption, test.error, test.get("html"))
    shown = [element.proto.body for kind in markdown for element in kind]
    return "\n".join(shown).replace("\\", "")


def test_page_tells_folders_model_index_and_sizes(library: Library) -> None:
    said = words(library_page_over(library))
    for fact in ("photos", "1 photo", "colour-1", "exact · 1 vector", "Thumbnails", "written"):
        assert fact in said


def test_failure_is_told_with_its_reason_and_is_tried_again_when_asked(
    library: Library, tmp_path: Path
) -> None:
    test = library_page_over(library)
    assert "bad.jpg" in words(test)
    assert "since" in words(test)
    bad = tmp_path / "photos" / "bad.jpg"
    make_photo(bad, "blue")
    test.button(key="retry").click().run()
    with library.writing():
        library.update()
    assert "bad.jpg" not in words(test.run())
    assert library.status().photos == 2


def test_of_very_many_failures_some_are_listed(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.library.FAILURES_SHOWN", 1)
    (tmp_path / "photos" / "worse.jpg").write_bytes(b"no photo either")
    with library.writing():
        library.update()
    text = words(library_page_over(library))
    assert ("bad.jpg" in text) != ("worse.jpg" in text)
    assert "and 1 more: 'indexer failures' lists them all" in text


def test_files_of_one_photo_are_shown_one_by_one_where_that_is_chosen(library: Library) -> None:
    test = library_page_over(library)
    test.toggle(key="stacks").set_value(False).run()
    assert not library.status().stacks
    assert not test.run().toggle(key="stacks").value


def test_damage_that_the_page_meets_is_told(library: Library) -> None:
    library = reopened(library)
    damage(library)
    assert "is damaged" in words(library_page_over(library))


@pytest.mark.slow
def test_pause_and_resume_are_said_to_the_daemon(library: Library) -> None:
    with daemon(library):
        eventually(lambda: library.status().daemon)
        test = library_page_over(library)
        test.button(key="pause").click().run()
        assert library.control.is_paused()
        eventually(lambda: (now := library.status().daemon) and now.paused)
        assert "Paused" in words(test.run())
        test.button(key="resume").click().run()
        assert not library.control.is_paused()
        assert "On hold" not in words(test)
        eventually(lambda: (now := library.status().daemon) and now.doing is Activity.WATCHING)
        assert "Up to date" in words(test.run())


@pytest.mark.slow
def test_folder_is_removed_only_after_it_was_confirmed_while_the_daemon_runs(
    library: Library,
) -> None:
    with daemon(library):
        eventually(lambda: (now := library.status().daemon) and now.doing is Activity.WATCHING)
        test = library_page_over(library)
        (root,) = library.roots()
        test.button(key=f"remove_{root.id}").click().run()
        assert library.roots() == []
        assert not library.control.is_paused()
        assert "No folders yet" in words(test)
        assert "On hold" not in words(test)
        eventually(lambda: (now := library.status().daemon) and now.doing is Activity.WATCHING)


def messages_until(library: Library, holds: Callable[[LibraryStatus], object]) -> list[str]:
    """What the page says of the daemon, again and again, until that holds."""
    messages: list[str] = []

    def holds_now() -> object:
        status = library.progress()
        messages.append(headline_of(status)[1])
        return holds(status)

    eventually(holds_now, every_s=0.005)
    return messages[:-1]


def is_watching(status: LibraryStatus) -> bool:
    return status.daemon is not None and status.daemon.doing is Activity.WATCHING


@contextmanager
def followed(library: Library) -> Iterator[list[LibraryStatus]]:
    """Its states for the page: one after each change of what its daemon does or is asked for."""
    states: list[LibraryStatus] = []

    def noting(change: Callable[..., None]) -> Callable[..., None]:
        def noted(*args: object) -> None:
            change(*args)
            states.append(library.progress())

        return noted

    with ExitStack() as patched:
        for change in (FileControl.report, FileControl.request_scan, FileControl.take_scan_request):
            patched.enter_context(patch.object(FileControl, change.__name__, noting(change)))
        yield states


@pytest.mark.slow
def test_a_removal_is_told_and_never_as_a_rest(library: Library) -> None:
    with daemon(library), followed(library) as states:
        eventually(lambda: is_watching(library.progress()))
        (root,) = library.roots()
        removal = threading.Thread(target=remove, args=(library, root.path, PATIENCE_S))
        removal.start()
        messages = messages_until(library, lambda now: not removal.is_alive() and is_watching(now))
        removal.join()
    messages += [headline_of(state)[1] for state in states]
    assert "Removing photos" in messages
    assert not {"On hold", "Paused"} & set(messages)


def test_a_first_folder_is_scanned_from_the_first_moment(empty: Library, tmp_path: Path) -> None:
    with daemon(empty):
        eventually(lambda: is_watching(empty.progress()))
        with followed(empty) as states:
            empty.add_root(tmp_path / "home")
            messages = messages_until(empty, lambda now: now.photos)
    assert headline_of(states[0])[1] == "Scanning home"
    assert title(states[0]) == "Looking for photos…"
    messages += [headline_of(state)[1] for state in states if not state.photos]
    assert "Up to date" not in messages


@pytest.mark.slow
def test_removal_gives_up_with_who_is_writing_and_leaves_the_daemon_as_it_was(
    library: Library, tmp_path: Path
) -> None:
    writer = open_library(library.path, open_encoder=lambda _: ColourEncoder())
    with writer.writing(), pytest.raises(LibraryBusy):
        remove(library, tmp_path / "photos", patience_s=0.2)
    assert len(library.roots()) == 1
    assert not library.control.is_paused()


def test_folder_that_could_not_be_removed_says_why_until_it_is(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.library.roots.PATIENCE_S", 0)
    test = library_page_over(library)
    (root,) = library.roots()
    writer = open_library(library.path, open_encoder=lambda _: ColourEncoder())
    with writer.writing():
        test.button(key=f"remove_{root.id}").click().run()
        assert not test.exception
        assert "is being written by" in words(test.run())
    test.button(key=f"remove_{root.id}").click().run()
    assert library.roots() == []


def test_folder_that_was_not_there_at_the_last_scan_is_told(
    library: Library, tmp_path: Path
) -> None:
    (tmp_path / "photos").rename(tmp_path / "unmounted")
    with library.writing():
        library.update()
    test = library_page_over(library)
    assert [warning.value for warning in test.warning] == ["At the last scan:"]
    assert "photos" in test.text[0].value


def test_folder_that_was_removed_meanwhile_is_not_listed(library: Library) -> None:
    def script(library: object, status: object) -> None:
        from app.library.roots import root_list

        root_list(library, status)

    kwargs = {"library": library, "status": library.status()}
    test = AppTest.from_function(script, kwargs=kwargs, default_timeout=30).run()
    assert test.button
    library.remove_root(library.roots()[0].path)
    test.run()
    assert not test.exception
    assert not test.button


def test_patterns_are_saved_and_a_wrong_one_is_told(library: Library) -> None:
    test = library_page_over(library)
    (root,) = library.roots()
    test.text_area(key=f"patterns_{root.id}").set_value("raw/\n*.gif")
    test.button(key=f"save_{root.id}").click().run()
    assert library.roots()[0].excludes == ("raw/", "*.gif")
    test.text_area(key=f"patterns_{root.id}").set_value("# all")
    test.button(key=f"save_{root.id}").click().run()
    test.run()  # the page draws itself again every other second
    assert "excludes nothing" in words(test)
    assert library.roots()[0].excludes == ("raw/", "*.gif")
    test.text_area(key=f"patterns_{root.id}").set_value("").run()
    assert "excludes nothing" not in words(test)


def test_second_folder_is_chosen_step_by_step_with_its_patterns(
    library: Library, tmp_path: Path
) -> None:
    make_photo(tmp_path / "drive" / "2020" / "lime.jpg", "lime")
    test = library_page_over(library)
    test.button(key="add").click().run()
    press(test, "drive")
    press(test, "2020")
    test.text_area(key="picker_excludes").set_value("*.gif")
    test.button(key="picker_add").click().run()
    assert [root.path for root in library.roots()] == [
        tmp_path / "photos",
        tmp_path / "drive" / "2020",
    ]
    assert library.roots()[1].excludes == ("*.gif",)
    assert "picker_add" not in [button.key for button in test.button]


def test_folder_whose_name_is_not_utf8_hides_no_other(library: Library, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    test = library_page_over(library)
    test.button(key="add").click().run()
    assert not test.exception
    shown = [_as_typed(button.label) for button in test.button if "folder_" in (button.key or "")]
    assert shown == ["library", "photos"]


def test_folder_that_cannot_be_one_is_told(library: Library) -> None:
    test = library_page_over(library)
    test.button(key="add").click().run()
    press(test, "library")
    test.button(key="picker_add").click().run()
    assert "is the library itself" in words(test.run())
    assert len(library.roots()) == 1
    test.button(key="cancel").click().run()
    test.button(key="add").click().run()
    press(test, "library")
    assert "is the library itself" not in words(test)


@pytest.mark.slow
def test_empty_library_asks_for_a_folder_and_shows_its_photos(empty: Library) -> None:
    test = page_over(empty)
    assert "Where are your photos?" in test.header[0].value
    press(test, HOSTILE)
    test.button(key="picker_add").click().run()
    assert test.header[0].value == "No photos yet"  # no daemon runs
    with daemon(empty):
        eventually(lambda: empty.status().photos)
        test.run()
    assert "1 photo so far" in test.header[0].value
    assert [item["name"] for item in items(test)] == ["red.jpg"]
    test.button(key="start_searching").click().run()
    assert component(test, "recollect_query_box") is not None


def test_photo_can_be_opened_while_others_come_in(library: Library) -> None:
    photo = library.search("red", 1).hits[0].photo
    test = page_over(library, photo=str(photo.id))
    test.session_state[WELCOMING] = True
    test.run()
    assert test.header[0].value == "1 photo so far"
    assert component(test, "recollect_detail") is not None


def test_damage_is_told_while_photos_come_in(library: Library, tmp_path: Path) -> None:
    def script(library: object, status: object) -> None:
        from app.views.welcome import welcome

        welcome(library, status)

    library = reopened(library)
    damage(library)
    status = status_of(roots=(RootStatus(tmp_path / "photos", 1, 1, None),))
    kwargs = {"library": library, "status": status}
    test = AppTest.from_function(script, kwargs=kwargs, default_timeout=30).run()
    assert not test.exception
    assert "is damaged" in words(test)


def press(test: AppTest, folder: str) -> None:
    (button,) = [
        button
        for button in test.button
        if (button.key or "").startswith("picker_folder") and _as_typed(button.label) == folder
    ]
    button.click().run()


def _as_typed(label: str) -> str:
    return label.replace("\\", "")


def test_files_that_need_a_package_are_one_line_and_no_failures_one_by_one(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for colour in ("green", "blue"):
        (tmp_path / "photos" / f"{colour}.dng").write_bytes(dng(Image.new("RGB", (64, 48), colour)))
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with library.writing():
        library.rebuild()
    page = library_page_over(library)
    assert [one.value for one in page.info] == [
        "2 RAW files need a package that is not installed: `pip install 'recollect-photos[raw]'`"
    ]
    assert page.expander[0].label == "1 could not be read"
    assert "green" not in str([one.value for one in page.markdown])


def test_sizes_follow_the_library(library: Library, tmp_path: Path) -> None:
    test = library_page_over(library)
    before = dict(about(library.status(), library.disk_use()))["Thumbnails"]
    assert before in words(test)
    make_photo(tmp_path / "photos" / "blue.jpg", "blue")
    with library.writing():
        library.update()
    after = dict(about(library.status(), library.disk_use()))["Thumbnails"]
    assert after != before
    eventually(lambda: after in words(test.run()))  # counted aside where the first count took long


def test_files_are_counted_where_they_are_more_than_the_photos() -> None:
    use = DiskUse(1, 2, 3)
    assert dict(about(status_of(), use))["Photos"] == "300 photos"
    assert dict(about(status_of(files=310), use))["Photos"] == "300 photos (310 files)"


def test_gone_photos_are_told_only_where_there_are_any() -> None:
    use = DiskUse(1, 2, 3)
    assert "Missing" not in dict(about(status_of(), use))
    assert dict(about(status_of(missing=7), use))["Missing"].startswith("7 photos")


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (DiskUse(1, 0, 0), "not written yet"),
        (DiskUse(1, 2_000_000, 0), "2 MB"),  # within a database
        (DiskUse(1, None, 0), None),  # which needs none
    ],
)
def test_index_is_told_where_there_is_or_will_be_one(use: DiskUse, told: str | None) -> None:
    assert dict(about(status_of(), use)).get("Index file") == told


def test_last_full_look_is_told_in_the_time_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    daemon = replace(DAEMON, last_reconcile=datetime(2024, 1, 31, 20, 15))
    told = dict(about(status_of(daemon=daemon), DiskUse(1, 2, 3)))
    monkeypatch.undo()
    time.tzset()
    assert told["Last full scan"] == "1 February 2024, 04:15"
    assert "Last full scan" not in dict(about(status_of(), DiskUse(1, 2, 3)))
