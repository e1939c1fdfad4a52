"""How many cores may compute here."""

from __future__ import annotations

import os

import pytest

from clipcore.engines.cpu import cores


@pytest.fixture(autouse=True)
def two_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 64 cores, of which this process may use two."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 7}, raising=False)


def test_as_many_as_this_process_may_use() -> None:
    assert cores() == 2


def test_as_many_as_the_machine_has_where_a_process_is_not_confined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.mark.parametrize(("wanted", "expected"), [("5", 5), ("0", 2), ("-1", 2), ("many", 2)])
def test_the_environment_names_another_number(
    monkeypatch: pytest.MonkeyPatch, wanted: str, expected: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert cores() == expected
