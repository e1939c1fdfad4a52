"""Reads the facts of known photos again that older readers have read. Embeds nothing.

A batch is read by the threads of this machine and committed at once, so a run that is killed loses
a batch, and the next one goes on. Hosts that share a library divide the batches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from clipcore.engines.cpu import cores
from indexer.errors import Undecodable
from indexer.faults import ends_the_run
from indexer.imaging.decode import content_hash, decoded_bytes, read_facts_alone
from indexer.imaging.memory_budget import Room, free_for_decoding
from indexer.ingest.claims import Share
from indexer.ingest.films import film_facts
from indexer.ingest.ingest import Progress
from indexer.ingest.shard import Job
from indexer.location import Location
from indexer.records.changes import Row, ScannedFile
from indexer.records.photos import Facts
from indexer.sources.films import FilmFile
from indexer.sources.originals import Originals
from indexer.sources.reading import stable
from indexer.store.store import Store

log = logging.getLogger(__name__)

AT_ONCE: Final = 32  # contents in a batch: some seconds, for a daemon that has other work to do

Content = tuple[bytes, list[Row]]  # a hash, and the photos that have these bytes


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of one content: facts, or the reader's failure; else it is left for the next run.

    `changed`: photos whose files hold other bytes than the library knows.
    """

    is_done: bool = False
    facts: Facts | None = None
    changed: tuple[Row, ...] = ()


class Rereading:
    """One run over the outdated contents whose photos lie in `folders`."""

    def __init__(self, store: Store, folders: Mapping[int, Location], share: Share) -> None:
        self._store = store
        self._folders = folders
        self._share = share
        self._file = Originals(folders)
        self._room = Room(free_for_decoding())
        self._after = 0  # the content behind which this run goes on

    def run(self, progress: Progress | None, stop: Callable[[], bool]) -> int:
        """Read all that is outdated, until `stop()`; how many photos' facts were read."""
        total = self._store.facts.count_outdated(list(self._folders))
        done = read = 0
        while total and not stop():
            if progress:
                progress(min(done, total), total)
            batch = self.step()
            if batch is None:
                break
            done += AT_ONCE
            read += batch
        if total and progress:
            progress(total, total)
        return read

    def step(self) -> int | None:
        """Read the next batch; how many photos' facts that were, None where there is none."""
        after = self._after
        contents = self._outdated(after)
        if not contents:
            return None
        self._after = max(row.content_id or 0 for _, rows in contents for row in rows)
        hold = self._share.take([_job(row) for _, rows in contents for row in rows])
        try:
            mine = {job.row.id for job in hold.mine if job.row}
            # once more: another host may have been quicker before they were ours
            return self._read(
                [
                    (sha256, kept)
                    for sha256, rows in self._outdated(after)
                    if (kept := [row for row in rows if row.id in mine])
                ]
            )
        finally:
            hold.release()

    def _outdated(self, after: int) -> list[Content]:
        return self._store.facts.outdated(list(self._folders), after, AT_ONCE)

    def _read(self, contents: Sequence[Content]) -> int:
        started = time.monotonic()
        with ThreadPoolExecutor(cores(), thread_name_prefix="facts") as pool:
            read = list(pool.map(self._read_one, contents))
        pairs = zip(contents, read, strict=True)
        done = {sha256: one.facts for (sha256, _), one in pairs if one.is_done}
        self._store.facts.record(done, [row for one in read for row in one.changed])
        count = sum(facts is not None for facts in done.values())
        log.info("the facts of %d photos read again, %.1f s", count, time.monotonic() - started)
        return count

    def _read_one(self, content: Content) -> _Read:
        """What one content's bytes say, from the first of its files that can be read."""
        sha256, rows = content
        changed: list[Row] = []
        for row in rows:
            try:
                with self._opened(row, sha256) as (is_same, facts):
                    if is_same:
                        return _Read(True, self._facts(facts, row), tuple(changed))
            except Exception as error:
                if ends_the_run(error):
                    raise
                log.info("%s: %s", row.path, error)  # tried again in the next run
                continue
            changed.append(row)
        return _Read(changed=tuple(changed))

    @contextmanager
    def _opened(self, row: Row, sha256: bytes) -> Iterator[tuple[bool, Callable[[], Facts]]]:
        """Whether the photo's file has these bytes, and what reads its facts meanwhile.

        A film on this machine has them as long as its size and time are the same: reading all of it
        may take minutes.
        """
        data = self._file(_job(row).found)
        if not isinstance(data, FilmFile):
            with self._room.of(len(data) + decoded_bytes(data)):
                yield content_hash(data) == sha256, partial(read_facts_alone, data)
        elif data.path is not None:
            with stable(data.path, row.stat):
                yield True, partial(film_facts, data.path, data.format.name)
        else:
            with data.hashed() as film:
                yield film.sha256 == sha256, partial(film_facts, film.path, data.format.name)

    def _facts(self, read: Callable[[], Facts], row: Row) -> Facts | None:
        """None where the readers fail: they would fail again, so that counts as read."""
        try:
            return read()
        except Undecodable as error:
            log.warning("%s: %s; its facts stay as they are", row.path, error)
            return None


def _job(row: Row) -> Job:
    return Job(ScannedFile(row.root_id, row.path, row.stat), row)
