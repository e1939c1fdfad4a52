"""Keeps the library in line with its folders: when something happens there, and when it is time.

While it is paused it lets go of the writer's lock, so that a rebuild or a prune may run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from clipcore.errors import ClipcoreError
from clipcore.messages import N_, Message
from indexer.clock import now
from indexer.daemon.dirty_paths import SETTLE_S, DirtyPaths
from indexer.daemon.presence import CHECK_S, Presence
from indexer.daemon.schedule import EVERY_MIN, Due, Timetable
from indexer.daemon.watch import Watcher, open_watcher
from indexer.errors import DatabaseUnreachable, DiskFull, LibraryBusy
from indexer.ingest.rereading import Rereading
from indexer.library.control import StateReporter
from indexer.library.indexing import RebuildOptions
from indexer.library.library import Library
from indexer.location import Location
from indexer.plurals import counted
from indexer.records.changes import IngestReport
from indexer.records.models import ModelRequest
from indexer.records.status import Activity, Work
from indexer.sync.survey import Watching

log = logging.getLogger(__name__)

PAUSED: Final = Message(N_("paused: 'indexer resume' continues"))
ON_BATTERY: Final = Message(N_("paused while the machine runs on battery"))
POLL_S: Final = 0.5  # how soon a stop, a pause or a resume is seen
NO_ROOM_S: Final = 10.0  # how soon a full disk is tried again
NO_SERVER_S: Final = 10.0  # and a server that has gone away
SNAPSHOT_EVERY: Final = 1_000  # embeddings; a searcher adds so many from SQLite in milliseconds


class Daemon:
    """One run of the daemon over a library. `stop()` may be called from any thread."""

    def __init__(
        self,
        library: Library,
        every_s: float = 60 * EVERY_MIN,
        on_battery: Callable[[], bool] = lambda: False,
        stopped: threading.Event | None = None,
    ) -> None:
        self._library = library
        self._every_s = every_s
        self._on_battery = on_battery
        self._stopped = stopped or threading.Event()
        self._notices: set[Message] = set()  # those that were logged already
        self._request: ModelRequest | None = None  # for another model, as this turn began
        self._left = 0  # files that the last run did not come to
        self._beyond_snapshot = 0  # embeddings since the index was written last

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._stopped.set()

    def run(self) -> None:
        """Watch until stopped.

        Raises LibraryBusy if the library has a daemon, or another process is writing to it now,
        LibraryMissing as soon as it was removed, moved or replaced.
        """
        try:
            self._run()
        except Exception:
            if not self._library.is_in_place:  # all else may come of that
                self._library.check_identity()
            raise

    def _run(self) -> None:
        with self._library.daemon() as reporter:
            if not self._idle():
                self._turn(reporter)
            while not self._stopped.is_set():
                try:
                    self._library.check_identity()
                    if idle := self._idle():
                        self._rest(reporter, *idle)
                    else:
                        self._turn(reporter)
                except LibraryBusy as error:  # whoever came while it was paused may finish
                    self._rest(reporter, Work(Activity.NOT_ALONE), error.message)
                except DatabaseUnreachable as error:
                    self._wait_for_server(reporter, error)
        left = f"; {counted(self._left, 'file')} left for the next start" if self._left else ""
        log.info("stopped%s", left)

    def _idle(self) -> tuple[Work, Message | None] | None:
        """The activity while nothing may be indexed, and the reason of a pause; else None."""
        if other := self._library.control.makes_way_for():
            return other, None
        if self._library.control.is_paused():
            return Work(Activity.PAUSED), PAUSED
        return (Work(Activity.ON_BATTERY), ON_BATTERY) if self._on_battery() else None

    def _rest(self, reporter: StateReporter, work: Work, why: Message | None) -> None:
        if (reporter.state.work, reporter.state.paused) != (work, why):
            log.info("%s", why or work.message)
        reporter.set(work=work, paused=why)
        self._stopped.wait(POLL_S)

    def _interrupted(self) -> bool:
        if self._stopped.is_set() or not self._library.is_in_place or self._idle() is not None:
            return True
        return self._library.models.request() != self._request

    def _turn(self, reporter: StateReporter) -> None:
        """Keep the library in line, or switch to another model.

        Until stopped or paused, until another model is requested, or something is amiss.
        """
        try:
            self._library.follow_model()
            self._request = self._library.models.request()
            if self._request is None or self._request.refused:
                self._keep_in_line(reporter)
            else:
                self._switch(self._request.source, reporter)
        except DiskFull as error:  # what was committed stays; the next turn looks at everything
            log.error("%s; trying again when there is room", error)
            reporter.set(work=Work(Activity.NO_ROOM), last_error=error.message)
            self._stopped.wait(NO_ROOM_S)
        except DatabaseUnreachable as error:  # its lock is gone as well
            self._wait_for_server(reporter, error)

    def _wait_for_server(self, reporter: StateReporter, error: DatabaseUnreachable) -> None:
        if reporter.state.last_error != error.message:
            log.error("%s; trying again until it does", error)
        reporter.set(work=Work(Activity.NO_SERVER), last_error=error.message)
        self._stopped.wait(NO_SERVER_S)

    def _keep_in_line(self, reporter: StateReporter) -> None:
        dirty = DirtyPaths()
        watcher = open_watcher(dirty)
        with self._library.writing():
            reporter.set(paused=None, work=Work(Activity.LOADING))
            self._library.encoder.load_images()
            self._prepare_search(reporter)
            watcher.start()
            try:
                self._loop(watcher, dirty, reporter)
            finally:
                watcher.stop()

    def _prepare_search(self, reporter: StateReporter) -> None:
        """Once for each model: a search of the first photos need not wait for it."""
        try:
            if not self._library.is_prepared:
                reporter.set(work=Work(Activity.PREPARING))
                self._library.prepare_search(self._interrupted)
        except ClipcoreError as error:
            log.warning("cannot prepare the model for searches: %s", error)

    def _switch(self, source: str, reporter: StateReporter) -> None:
        """Embed all photos with another model; when that is done, searches switch to it."""
        reporter.set(paused=None, work=Work(Activity.LOADING))
        models = self._library.models
        try:
            with self._library.switching_to(source) as other, other.writing():
                log.info("switching to the model %s", source)
                other.encoder.load_images()
                pace = _Pace(reporter, Activity.EMBEDDING)
                options = RebuildOptions(pace, stop=self._interrupted, preparing=pace.preparing)
                done = other.rebuild(options)
                self._left = done.left
                if not other.is_switching and models.request() == self._request:
                    models.cancel_request()
        except ClipcoreError as error:
            log.error("cannot switch to the model %s: %s", source, error)
            models.refuse(source, error.message)

    def _loop(self, watcher: Watcher, dirty: DirtyPaths, reporter: StateReporter) -> None:
        timetable = Timetable(self._every_s)
        presence = Presence(check_s=CHECK_S)
        # a path settles SETTLE_S after its last event, so what was watched is not that fresh
        watching = Watching(watcher.entered, watcher.left, dirty.waiting, SETTLE_S / 2, dirty.mark)
        facts: Rereading | None = None
        while not self._interrupted():
            due = timetable.due(events_lost=dirty.take_events_lost())
            if reporter.requested_scan is not None or due is Due.EVERYTHING:
                dirty.take_settled()  # seen as well
                presence.renew(roots := self._local_roots())
                with watcher.renewing(roots):
                    self._scan_all(reporter, watching)
                facts = self._library.rereading()
            elif presence.changed():
                log.info("a photo directory was mounted, unmounted or moved")
                presence.renew(roots := self._local_roots())
                with watcher.renewing(roots):
                    self._scan_all(reporter, watching, set(roots))
            elif due is Due.POLLED and watcher.polled():
                self._check(watcher.polled(), reporter, watching)
            elif dirty.wait(min(POLL_S, timetable.wait_s())):
                if settled := dirty.take_settled():
                    self._check(settled, reporter, watching)
                else:
                    self._stopped.wait(min(POLL_S, dirty.settles_in_s()))
            elif facts is not None and not self._read_again(facts, reporter):
                facts = None  # until the next full scan

    def _scan_all(
        self, reporter: StateReporter, watching: Watching, only: set[Path] | None = None
    ) -> None:
        """Scan every photo directory, or `only` these.

        A scan for one folder names that one: somebody has just added it and looks for it.
        """
        folder = reporter.requested_scan if only is None else None
        reporter.set(work=Work(Activity.SCANNING, folder or None), queue=0, left_s=None)
        if only is None:  # only now: until then others see the request, from now on this
            reporter.take_scan_request()
        if not folder:

            def scanning(root: Location) -> None:
                reporter.set(work=Work(Activity.SCANNING, str(root)))

            watching = replace(watching, scanning=scanning)
        done = self._library.update(only, self._options(reporter, watching))
        self._notices &= set(done.notices)  # what is over may be said again
        reporter.set(last_error=None)
        if only is None:
            reporter.set(last_reconcile=now())
        self._report(reporter, done, watching)

    def _local_roots(self) -> list[Path]:
        """Those that can be watched. Each listing of object storage costs money: the full scan
        is enough for it.
        """
        return [root.path for root in self._library.roots_here() if isinstance(root.path, Path)]

    def _check(self, paths: set[Path], reporter: StateReporter, watching: Watching) -> None:
        reporter.set(work=Work(Activity.CHECKING))
        done = self._library.update(paths, self._options(reporter, watching))
        self._report(reporter, done, watching)

    def _options(self, reporter: StateReporter, watching: Watching) -> RebuildOptions:
        return RebuildOptions(_Pace(reporter), stop=self._interrupted, watching=watching)

    def _read_again(self, facts: Rereading, reporter: StateReporter) -> bool:
        """Read some facts again while there is nothing else to do; whether there were any left."""
        reporter.set(work=Work(Activity.READING_AGAIN))
        if facts.step() is not None:
            return True
        reporter.set(work=Work(Activity.WATCHING))
        return False

    def _report(self, reporter: StateReporter, report: IngestReport, watching: Watching) -> None:
        """Log each notice once; each batch has logged what it indexed.

        Deferred files keep the daemon from being up to date: they stay dirty until a check.
        """
        if report.missing or report.restored:
            log.info("%d missing, %d restored", report.missing, report.restored)
        for notice in report.notices:
            reporter.set(last_error=notice)
            if notice not in self._notices:
                log.warning("%s", notice)
        self._notices |= set(report.notices)
        self._left = report.left
        self._beyond_snapshot += report.embedded
        if self._beyond_snapshot >= SNAPSHOT_EVERY:
            self._library.save_index()
            self._beyond_snapshot = 0
        rest = Activity.WAITING if watching.waiting() else Activity.WATCHING
        reporter.set(work=Work(rest), queue=0, left_s=None)


class _Pace:
    """Tells a run's progress: files waiting, photos a second, seconds left."""

    def __init__(self, reporter: StateReporter, doing: Activity = Activity.INDEXING) -> None:
        self._reporter = reporter
        self._work = Work(doing)
        self._started = time.monotonic()

    def preparing(self) -> None:
        """From now on the model is prepared for searches."""
        self._reporter.set(work=Work(Activity.PREPARING), queue=0, left_s=None)

    def __call__(self, done: int, total: int) -> None:
        if not total:
            return
        per_s = done / max(time.monotonic() - self._started, 1e-3)
        self._reporter.set(
            work=self._work,
            queue=total - done,
            photos_per_s=round(per_s, 1),
            left_s=round((total - done) / per_s) if per_s else None,
        )
