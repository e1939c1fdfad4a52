"""What a daemon does now, by its last words and by what is requested since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from indexer.library.daemon_now import PAUSED, PAUSING, RESUMING, WATCHING, daemon_now
from indexer.records.status import DaemonState

WATCHES = DaemonState(1, "here", datetime(2024, 1, 1), doing=WATCHING)
INDEXES = replace(WATCHES, doing="indexing photos", queue=7, left_s=3.0)
RESTS = replace(WATCHES, doing="paused", paused=PAUSED)
ON_BATTERY = replace(RESTS, paused="paused while the machine runs on battery")


def now(
    last: DaemonState,
    *,
    is_paused: bool = False,
    makes_way_for: str | None = None,
    scan: str | None = None,
) -> tuple[str, str | None]:
    state = daemon_now(last, is_paused=is_paused, makes_way_for=makes_way_for, scan=scan)
    return state.doing, state.paused


@pytest.mark.parametrize("last", [WATCHES, INDEXES, ON_BATTERY])
def test_a_daemon_without_requests_does_what_it_says(last: DaemonState) -> None:
    assert now(last) == (last.doing, last.paused)


def test_a_resumed_daemon_is_no_longer_said_to_be_paused() -> None:
    assert now(RESTS) == (RESUMING, None)
    assert now(RESTS, is_paused=True) == ("paused", PAUSED)


def test_a_daemon_that_is_to_pause_finishes_its_photos_first() -> None:
    assert now(INDEXES, is_paused=True) == (PAUSING, None)


@pytest.mark.parametrize("last", [WATCHES, INDEXES, RESTS])
def test_a_removal_is_named_and_over_when_it_is_over(last: DaemonState) -> None:
    assert now(last, makes_way_for="removing /photos") == ("removing /photos", None)
    assert now(replace(last, doing="removing /photos", paused=None)) == (RESUMING, None)


def test_a_requested_scan_is_named_before_the_daemon_sees_the_request() -> None:
    assert now(WATCHES, scan="/photos") == ("scanning /photos", None)
    assert now(WATCHES, scan="") == ("scanning all folders", None)
    assert now(INDEXES, scan="/photos") == ("indexing photos", None)


def test_a_requested_scan_is_named_though_the_daemon_scans_another_folder() -> None:
    scans = replace(WATCHES, doing="scanning /old")
    assert now(scans, scan="/new") == ("scanning /new", None)
    assert now(scans, scan="") == ("scanning all folders", None)
    assert now(scans) == ("scanning /old", None)
