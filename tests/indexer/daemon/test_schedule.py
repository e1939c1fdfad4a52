"""When everything is looked at, and when only what can be polled."""

from __future__ import annotations

import pytest

from indexer.daemon.schedule import CHECK_S, POLL_S, SLEPT_S, Due, Timetable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def awake() -> Clock:
    return Clock()


@pytest.fixture
def always() -> Clock:
    return Clock()


@pytest.fixture
def timetable(awake: Clock, always: Clock) -> Timetable:
    timetable = Timetable(900, awake, always)
    assert timetable.due() is Due.EVERYTHING
    return timetable


def test_everything_is_due_at_first_and_then_from_time_to_time(
    timetable: Timetable, awake: Clock, always: Clock
) -> None:
    seen = []
    for _ in range(1800 // 5):
        awake.now += 5
        always.now += 5
        if due := timetable.due():
            seen.append((awake.now - 100, due))
    assert [at for at, due in seen if due is Due.EVERYTHING] == [900, 1800]
    assert [at for at, due in seen if due is Due.POLLED][:2] == [POLL_S, 2 * POLL_S]
    assert len(seen) == 2 + 28


def test_lost_events_make_everything_due(timetable: Timetable) -> None:
    assert timetable.due() is None
    assert timetable.due(events_lost=True) is Due.EVERYTHING
    assert timetable.due() is None


def test_a_sleep_makes_everything_due_once(timetable: Timetable, always: Clock) -> None:
    always.now += SLEPT_S / 2  # a clock that was put right
    assert timetable.due() is None
    always.now += 2 * SLEPT_S
    assert timetable.due() is Due.EVERYTHING
    assert timetable.due() is None


def test_nobody_waits_so_long_that_a_sleep_goes_unnoticed(
    timetable: Timetable, awake: Clock
) -> None:
    assert timetable.wait_s() == CHECK_S
    awake.now += POLL_S - 1
    assert timetable.wait_s() == 1
    awake.now += 10
    assert timetable.wait_s() == 0
