"""What the page says of the daemon, and of its progress."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.i18n.language import speaking, translated
from app.library.daemon_status import detail, headline_of, in_one_line, progress, time_left
from clipcore.messages import literal
from indexer.daemon.daemon import ON_BATTERY, PAUSED
from indexer.library.library import Library
from indexer.paths import this_host
from indexer.records.status import Activity, DaemonState, LibraryStatus, Work
from tests.app.test_main import damage, ingested, reopened

DAEMON = DaemonState(1, "here", datetime(2024, 1, 1), work=Work(Activity.WATCHING))


def status_of(**changes: object) -> LibraryStatus:
    plain = LibraryStatus(Path("/library"), "starter-1", (), 300, 300, 300, 0, 0, daemon=DAEMON)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_progress_is_told_with_rate_and_time_left() -> None:
    busy = replace(
        DAEMON,
        work=Work(Activity.INDEXING),
        queue=100,
        photos_per_s=2.5,
        left_s=40,
        last_error=literal("x"),
    )
    status = status_of(daemon=busy)
    assert headline_of(status)[1] == "Indexing photos"
    assert detail(status) == "100 to go · 2.5 photos/s · 40 s left"
    assert progress(status) == 0.75
    assert progress(status_of()) is None


def test_each_state_of_the_daemon_has_its_words() -> None:
    assert headline_of(status_of())[1] == "Up to date"
    assert headline_of(status_of(daemon=None))[1] == "The daemon is not running"
    assert headline_of(status_of(paused=True, daemon=None))[1] == "Paused"
    scans = replace(DAEMON, work=Work(Activity.SCANNING, "s3://bucket/p"))
    assert headline_of(status_of(daemon=scans))[1] == "Scanning p"
    scans = replace(DAEMON, work=Work(Activity.SCANNING))
    assert headline_of(status_of(daemon=scans))[1] == "Scanning all folders"
    battery = replace(DAEMON, work=Work(Activity.ON_BATTERY), paused=ON_BATTERY)
    assert headline_of(status_of(daemon=battery))[1] == "On hold"
    assert detail(status_of(daemon=battery)) == "paused while the machine runs on battery"
    full = replace(DAEMON, work=Work(Activity.NO_ROOM), last_error=literal("no room for x"))
    assert detail(status_of(daemon=full)) == "no room for x"


def test_each_state_is_in_the_visitors_language() -> None:
    scans = replace(DAEMON, work=Work(Activity.REMOVING, "/photos/旅行"))
    with speaking("zh"):
        assert headline_of(status_of(daemon=scans))[1] == "正在移除 旅行"
        for doing in Activity:
            assert not translated(Work(doing).message).isascii()


def test_a_daemon_that_reads_photos_again_is_named_where_people_look_for_it_alone() -> None:
    status = status_of(daemon=replace(DAEMON, work=Work(Activity.READING_AGAIN)))
    assert headline_of(status)[1] == "Reading photos again"
    assert detail(status) == "This version reads more from photo files. Search works as before."
    assert in_one_line(status) is None


def test_a_search_page_tells_progress_and_pauses_alone() -> None:
    assert in_one_line(status_of()) is None
    assert in_one_line(status_of(daemon=None)) is None
    busy = replace(DAEMON, work=Work(Activity.INDEXING), queue=100)
    assert "Indexing photos · 100 to go" in str(in_one_line(status_of(daemon=busy)))
    paused = replace(DAEMON, work=Work(Activity.PAUSED), paused=PAUSED)
    assert "Paused · New photos wait" in str(in_one_line(status_of(paused=True, daemon=paused)))


@pytest.mark.parametrize(
    ("seconds", "said"), [(9.4, "9 s"), (60, "1 min"), (3599, "1 h 0 min"), (12_000, "3 h 20 min")]
)
def test_time_left_is_told_in_two_units_at_most(seconds: float, said: str) -> None:
    assert time_left(seconds) == said


def progress_line_over(library: Library) -> AppTest:
    def script(library: object) -> None:
        from app.library.daemon_status import progress_line

        progress_line(library)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30).run()
    assert not test.exception
    return test


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = reopened(ingested(tmp_path))
    yield library
    library.close()


@pytest.mark.slow
def test_line_below_a_search_is_there_while_photos_are_indexed(library: Library) -> None:
    assert not progress_line_over(library).caption
    busy = replace(DAEMON, pid=os.getpid(), host=this_host(), work=Work(Activity.INDEXING), queue=9)
    library.control.report(busy)
    assert "Indexing photos · 9 to go" in progress_line_over(library).caption[0].value


@pytest.mark.slow
def test_damage_that_progress_meets_is_told_in_its_line(library: Library) -> None:
    damage(library)
    assert "is damaged" in progress_line_over(library).error[0].value
