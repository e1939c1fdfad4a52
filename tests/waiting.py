"""Waits for conditions, never for a time."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Final, TypeVar

import pytest

POLL_S: Final = 0.05
WITHIN_S: Final = 300.0  # the machine may be busy; nobody waits so long for what works

Found = TypeVar("Found")


def eventually(
    condition: Callable[[], Found], *, within_s: float = WITHIN_S, every_s: float = POLL_S
) -> Found:
    """The value of the condition as soon as it is true; the test fails where it never is.

    The failure has the last value and the source of the condition.
    """
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"within {within_s:g} s never true, last {found!r}: {_source(condition)}")
        time.sleep(every_s)
    return found


def _source(condition: Callable[[], object]) -> str:
    try:
        return " ".join(inspect.getsource(condition).split())
    except (OSError, TypeError):  # typed into an interpreter, or of no Python function
        return repr(condition)
