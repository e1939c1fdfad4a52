"""Daemons of tests look more often than those of people: nobody waits for their next look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

# in their proportions; a file that is being written waits as long as everywhere
SHORT_S: Final = {
    "indexer.daemon.dirty_paths.SETTLE_S": 0.2,
    "indexer.daemon.daemon.SETTLE_S": 0.2,
    "indexer.daemon.daemon.POLL_S": 0.1,
    "indexer.daemon.daemon.CHECK_S": 0.2,
    "indexer.daemon.daemon.NO_SERVER_S": 0.2,
    "indexer.daemon.daemon.NO_ROOM_S": 0.2,
    "indexer.library.control.REPORT_EVERY_S": 0.1,
}


@contextmanager
def short_intervals() -> Iterator[None]:
    """Meanwhile the daemons of this process wait for a fifth of a second at most."""
    with ExitStack() as patched:
        for name, seconds in SHORT_S.items():
            patched.enter_context(patch(name, seconds))
        yield
