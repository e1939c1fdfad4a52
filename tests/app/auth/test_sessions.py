"""Logins and waits: what the server remembers of its visitors."""

from __future__ import annotations

import pytest

from app.auth.sessions import (
    LASTS_S,
    REMEMBERED,
    WRONG_AT_ONCE,
    MustWait,
    Sessions,
    name_of,
    network_of,
)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def wrong() -> bool:
    return False


def right() -> bool:
    return True


def is_a(basis: str) -> bool:
    return basis == "a"


def log_in(sessions: Sessions, address: str = "1.1.1.1") -> str:
    token = sessions.try_password(address, "a", right)
    assert token is not None
    return token


def test_login_holds_until_it_expires_or_is_ended() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    first, second = name_of(log_in(sessions)), name_of(log_in(sessions))
    assert first != second
    assert sessions.holds(first, is_a)
    sessions.end(first)
    assert not sessions.holds(first, is_a)
    assert sessions.holds(second, is_a)
    clock.now_s += LASTS_S + 1
    assert not sessions.holds(second, is_a)


def test_login_ends_with_what_it_rests_on_and_does_not_return() -> None:
    sessions = Sessions(Clock())
    name = name_of(log_in(sessions))
    assert not sessions.holds(name, lambda basis: basis == "another password")
    assert not sessions.holds(name, is_a)


@pytest.mark.parametrize("token", ["", "made up"])
def test_token_that_was_not_issued_is_no_login(token: str) -> None:
    sessions = Sessions()
    log_in(sessions)
    assert not sessions.holds(name_of(token), is_a)


def test_name_of_a_login_does_not_log_in() -> None:
    sessions = Sessions()
    name = name_of(log_in(sessions))
    assert not sessions.holds(name_of(name), is_a)


def test_each_wrong_password_doubles_the_wait_and_the_right_one_is_not_looked_at_meanwhile() -> (
    None
):
    clock = Clock()
    sessions = Sessions(clock)
    waits = []
    for _ in range(9):
        assert sessions.try_password("1.1.1.1", "a", wrong) is None
        with pytest.raises(MustWait) as early:
            sessions.try_password("1.1.1.1", "a", right)
        waits.append(early.value.wait_s)
        clock.now_s += early.value.wait_s
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert log_in(sessions)


def test_one_wrong_password_lets_no_other_network_wait() -> None:
    sessions = Sessions(Clock())
    sessions.try_password("1.1.1.1", "a", wrong)
    assert log_in(sessions, "1.1.1.2")


def test_right_password_ends_the_waiting() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    sessions.try_password("1.1.1.1", "a", wrong)
    clock.now_s += 1
    log_in(sessions)
    sessions.try_password("1.1.1.1", "a", wrong)
    with pytest.raises(MustWait) as early:
        sessions.try_password("1.1.1.1", "a", right)
    assert early.value.wait_s == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_addresses_of_one_network_wait_together(one: str, other: str) -> None:
    sessions = Sessions(Clock())
    sessions.try_password(one, "a", wrong)
    with pytest.raises(MustWait):
        sessions.try_password(other, "a", right)


def test_networks_differ_and_a_name_is_one_by_itself() -> None:
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("testclient") == "testclient"


def test_many_wrong_passwords_from_everywhere_let_everybody_wait() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    for number in range(WRONG_AT_ONCE):
        sessions.try_password(f"10.0.0.{number}", "a", wrong)
    with pytest.raises(MustWait) as early:
        sessions.try_password("10.1.1.1", "a", right)
    clock.now_s += early.value.wait_s
    assert log_in(sessions, "10.1.1.1")


def test_of_very_many_logins_the_oldest_is_forgotten() -> None:
    sessions = Sessions(Clock())
    first, second, *_ = [name_of(sessions.begin("a")) for _ in range(REMEMBERED + 1)]
    assert not sessions.holds(first, is_a)
    assert sessions.holds(second, is_a)
