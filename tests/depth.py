"""How deep the tests look: `make test-long` takes more examples, and more cases of each."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

VARIABLE: Final = "RECOLLECT_TEST_DEPTH"
DEPTH: Final = int(os.environ.get(VARIABLE, "1"))


def deeper(count: int) -> int:
    """How many, where a run of everyday has `count`."""
    return count * DEPTH


def at_depth(*cases: object) -> list[Any]:
    """Cases of a parameter for `make test-long`: they take the same path as those of every day."""
    return [pytest.param(case, marks=pytest.mark.long) for case in cases]
