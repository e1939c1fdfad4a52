"""What a daemon does now: its last words, and the requests since then that it has yet to see.

Pure. A daemon sees a request within a second, pages and `indexer status` show it at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from indexer.location import Location
from indexer.records.status import DaemonState

WATCHING: Final = "watching"
SCANNING: Final = "scanning "  # and the folder
REMOVING: Final = "removing "
SCANNING_ALL: Final = "scanning all folders"
PAUSING: Final = "pausing"
RESUMING: Final = "resuming"
PAUSED: Final = "paused: 'indexer resume' lets it go on"


def scanning(folder: Location | str) -> str:
    """What a daemon does that scans this folder."""
    return f"scanning {folder}"


def removing(folder: Location) -> str:
    """What goes on while this folder is removed from the library."""
    return f"removing {folder}"


def daemon_now(
    last: DaemonState, *, is_paused: bool, makes_way_for: str | None, scan: str | None
) -> DaemonState:
    """What it does, by its last words and by what is requested of it.

    `makes_way_for`: what another process does meanwhile. `scan`: the folder of a requested scan,
    "" for all, None where none is requested.
    """
    if makes_way_for is not None:
        return _begun(last, makes_way_for)
    if is_paused:
        return last if last.paused else replace(last, doing=PAUSING)
    if last.paused == PAUSED or last.doing.startswith(REMOVING):
        return _begun(last, RESUMING)
    if scan is not None and last.doing.startswith((WATCHING, SCANNING)):
        return _begun(last, scanning(scan) if scan else SCANNING_ALL)
    return last


def _begun(last: DaemonState, doing: str) -> DaemonState:
    return replace(last, doing=doing, paused=None, queue=0, left_s=None)
