"""The state of a library and its daemon, put together from rows, control channel and requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.library.control import Control
from indexer.library.daemon_now import daemon_now
from indexer.records.status import DaemonState, LibraryStatus
from indexer.store.status_cache import StatusCache
from indexer.store.store import Store

if TYPE_CHECKING:
    from indexer.library.models import Models


def library_state(
    numbers: StatusCache, store: Store, control: Control, models: Models
) -> LibraryStatus:
    """The library in numbers, without its index, which takes a moment to load."""
    paused = control.is_paused()
    daemon = _daemon(control, paused)  # before the numbers: what it has finished is in them
    return replace(numbers.now(store), paused=paused, request=models.request(), daemon=daemon)


def _daemon(control: Control, paused: bool) -> DaemonState | None:
    makes_way_for, scan = control.makes_way_for(), control.requested_scan()
    last = control.daemon()  # after the requests: a daemon reports first, and takes them then
    if last is None:
        return None
    return daemon_now(last, is_paused=paused, makes_way_for=makes_way_for, scan=scan)
