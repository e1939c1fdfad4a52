"""The control channel between the daemons of all hosts of a library: tables of its database.

Written past the store: no searcher has anything to catch up with.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, delete, extract, func, select, update

from indexer.json_files import parsed
from indexer.library.control import FileControl, is_alive
from indexer.location import Location
from indexer.paths import this_host
from indexer.records.status import DaemonState, Work
from indexer.store.dialects import upsert
from indexer.store.shared_schema import daemons, shared

log = logging.getLogger(__name__)


class PostgresControl:
    """The control channel of all hosts: tables; and the files of this one, for what is its own."""

    def __init__(self, files: FileControl, engine: Engine) -> None:
        self._files = files
        self._engine = engine
        self._host = this_host()
        self._mine = daemons.c.host == self._host

    def pause(self) -> None:
        self._set_paused(True)

    def resume(self) -> None:
        self._set_paused(False)

    def is_paused(self) -> bool:
        with self._engine.connect() as connection:
            return bool(connection.execute(select(shared.c.paused)).scalar())

    def request_scan(self, folder: Location | None = None) -> None:
        self._files.request_scan(folder)  # this host knows for which folder
        with self._engine.begin() as connection:
            connection.execute(update(daemons).values(look=True))

    def requested_scan(self) -> str | None:
        requested = select(daemons.c.look).where(self._mine)
        with self._engine.connect() as connection:
            if not connection.execute(requested).scalar():
                return None
        return self._files.requested_scan() or ""

    def take_scan_request(self) -> None:
        granted = update(daemons).where(self._mine, daemons.c.look).values(look=False)
        with self._engine.begin() as connection:
            connection.execute(granted)
        self._files.take_scan_request()

    @contextmanager
    def making_way(self, work: Work) -> Iterator[None]:
        """The daemons of all hosts make way; those of the others are paused meanwhile."""
        was_paused = self.is_paused()
        with self._files.making_way(work):
            self.pause()
            try:
                yield
            finally:
                if not was_paused:
                    self.resume()

    def makes_way_for(self) -> Work | None:
        return self._files.makes_way_for()

    def report(self, state: DaemonState) -> None:
        self._files.report(state)  # for what belongs to this machine alone, as its service does
        values = {
            "state": json.dumps(asdict(state), default=datetime.isoformat),
            "told_at": func.timezone("UTC", func.now()),  # the clocks of hosts differ
        }
        insertion = upsert(self._engine.dialect, daemons).values(
            host=self._host, look=False, **values
        )
        with self._engine.begin() as connection:
            connection.execute(
                insertion.on_conflict_do_update(index_elements=["host"], set_=values)
            )

    def report_end(self) -> None:
        self._files.report_end()
        with self._engine.begin() as connection:
            connection.execute(delete(daemons).where(self._mine))

    def daemon(self) -> DaemonState | None:
        return self._files.daemon() or next(iter(self.daemons()), None)

    def daemons(self) -> list[DaemonState]:
        age_s = extract("epoch", func.timezone("UTC", func.now()) - daemons.c.told_at)
        query = select(daemons.c.state, age_s).order_by(daemons.c.host)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        now_s = time.time()
        known = [(_parsed(state), now_s - float(age)) for state, age in rows]
        return [one for one, at_s in known if one and is_alive(one.pid, one.host, at_s)]

    def _set_paused(self, paused: bool) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(shared).values(paused=paused))


def _parsed(state: str) -> DaemonState | None:
    """The state that a daemon wrote; None of one of another version that is not understood."""
    try:
        return parsed(state, DaemonState)
    except ValueError as error:
        log.warning("what another daemon wrote is not understood: %s", error)
        return None
