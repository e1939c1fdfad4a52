"""What a daemon does now, by its last words and by what is requested since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from clipcore.messages import literal
from indexer.library.daemon_now import daemon_now
from indexer.records.status import Activity, DaemonState, Work

WATCHES = DaemonState(1, "here", datetime(2024, 1, 1), work=Work(Activity.WATCHING))
INDEXES = replace(WATCHES, work=Work(Activity.INDEXING), queue=7, left_s=3.0)
RESTS = replace(WATCHES, work=Work(Activity.PAUSED), paused=literal("why"))
ON_BATTERY = replace(WATCHES, work=Work(Activity.ON_BATTERY), paused=literal("no mains"))
REMOVING = Work(Activity.REMOVING, "/photos")


def now(
    last: DaemonState,
    *,
    is_paused: bool = False,
    makes_way_for: Work | None = None,
    scan: str | None = None,
) -> tuple[Work, str | None]:
    state = daemon_now(last, is_paused=is_paused, makes_way_for=makes_way_for, scan=scan)
    return state.work, state.paused and str(state.paused)


@pytest.mark.parametrize("last", [WATCHES, INDEXES, ON_BATTERY])
def test_a_daemon_without_requests_does_what_it_says(last: DaemonState) -> None:
    assert now(last) == (last.work, last.paused and str(last.paused))


def test_a_resumed_daemon_is_no_longer_said_to_be_paused() -> None:
    assert now(RESTS) == (Work(Activity.RESUMING), None)
    assert now(RESTS, is_paused=True) == (Work(Activity.PAUSED), "why")


def test_a_daemon_that_is_to_pause_finishes_its_photos_first() -> None:
    assert now(INDEXES, is_paused=True) == (Work(Activity.PAUSING), None)


@pytest.mark.parametrize("last", [WATCHES, INDEXES, RESTS])
def test_a_removal_is_named_and_over_when_it_is_over(last: DaemonState) -> None:
    assert now(last, makes_way_for=REMOVING) == (REMOVING, None)
    assert now(replace(last, work=REMOVING, paused=None)) == (Work(Activity.RESUMING), None)


def test_a_requested_scan_is_named_before_the_daemon_sees_the_request() -> None:
    assert now(WATCHES, scan="/photos") == (Work(Activity.SCANNING, "/photos"), None)
    assert now(WATCHES, scan="") == (Work(Activity.SCANNING), None)
    assert now(INDEXES, scan="/photos") == (Work(Activity.INDEXING), None)


def test_a_requested_scan_is_named_though_the_daemon_scans_another_folder() -> None:
    scans = replace(WATCHES, work=Work(Activity.SCANNING, "/old"))
    assert now(scans, scan="/new") == (Work(Activity.SCANNING, "/new"), None)
    assert now(scans, scan="") == (Work(Activity.SCANNING), None)
    assert now(scans) == (Work(Activity.SCANNING, "/old"), None)
