"""How deep the tests look that try random examples: `make test-long` multiplies their number."""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "RECOLLECT_TEST_DEPTH"
DEPTH: Final = int(os.environ.get(VARIABLE, "1"))


def deeper(count: int) -> int:
    """How many, where a run of everyday has `count`."""
    return count * DEPTH
