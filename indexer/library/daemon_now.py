"""A daemon's present state, from its last report and the requests since then.

Pure. A daemon sees a request within a second, pages and `indexer status` show it at once.
"""

from __future__ import annotations

from dataclasses import replace

from indexer.records.status import Activity, DaemonState, Work


def daemon_now(
    last: DaemonState, *, is_paused: bool, makes_way_for: Work | None, scan: str | None
) -> DaemonState:
    """Its state, from its last report and the pending requests.

    `makes_way_for`: what another process does meanwhile. `scan`: the folder of a requested scan,
    "" for all, None where none is requested.
    """
    if makes_way_for is not None:
        return _begun(last, makes_way_for)
    if is_paused:
        return last if last.paused else replace(last, work=Work(Activity.PAUSING))
    if last.doing in (Activity.PAUSED, Activity.REMOVING):
        return _begun(last, Work(Activity.RESUMING))
    if scan is not None and (last.is_settled or last.doing is Activity.SCANNING):
        return _begun(last, Work(Activity.SCANNING, scan or None))
    return last


def _begun(last: DaemonState, work: Work) -> DaemonState:
    return replace(last, work=work, paused=None, queue=0, left_s=None)
