"""Who may come in: the doorkeeper's memory and patience."""

from __future__ import annotations

import pytest

from app.doorkeeper import LASTS_S, Doorkeeper, MustWait


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def wrong() -> bool:
    return False


def right() -> bool:
    return True


def test_right_password_gives_a_pass_that_ends_and_can_be_taken_back() -> None:
    clock = Clock()
    door = Doorkeeper(clock)
    first, second = door.try_password("a", right), door.try_password("a", right)
    assert first != second
    assert door.knows(first)
    door.take_back(first)
    assert not door.knows(first)
    clock.now_s += LASTS_S + 1
    assert not door.knows(second)


@pytest.mark.parametrize("shown", [None, "", "made up"])
def test_what_is_no_pass_opens_nothing(shown: str | None) -> None:
    assert not Doorkeeper().knows(shown)


def test_each_wrong_password_doubles_the_wait_and_the_right_one_is_not_looked_at_meanwhile() -> (
    None
):
    clock = Clock()
    door = Doorkeeper(clock)
    waits = []
    for _ in range(9):
        assert door.try_password("a", wrong) is None
        with pytest.raises(MustWait) as early:
            door.try_password("a", right)
        waits.append(early.value.wait_s)
        clock.now_s += early.value.wait_s
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert door.try_password("a", right)


def test_one_visitors_wrong_password_lets_no_other_wait() -> None:
    door = Doorkeeper(Clock())
    door.try_password("a", wrong)
    assert door.try_password("b", right)


def test_right_password_ends_the_waiting() -> None:
    clock = Clock()
    door = Doorkeeper(clock)
    door.try_password("a", wrong)
    clock.now_s += 1
    door.try_password("a", right)
    door.try_password("a", wrong)
    with pytest.raises(MustWait) as early:
        door.try_password("a", right)
    assert early.value.wait_s == 1
