"""The library and its daemon in numbers, as Prometheus reads them, on 127.0.0.1 only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from clipcore.messages import N_
from indexer.errors import IndexerError
from indexer.library.library import Library
from indexer.records.status import DaemonState, LibraryStatus
from indexer.serving.serve import HOST


class _LibraryCollector(Collector):
    """Asked at each scrape; keeps nothing itself."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge a number; those of the daemon only while it runs."""
        status = self._library.status()
        yield from _library_gauges(status)
        yield _gauge("daemon_up", "1 while a daemon runs", status.daemon is not None)
        if status.daemon:
            yield from _daemon_gauges(status.daemon)


@contextmanager
def metrics_served(library: Library, port: int) -> Iterator[int]:
    """Answer http://127.0.0.1:PORT/metrics meanwhile, at the port that this yields; 0 takes a free
    one. Raises IndexerError if the port is taken.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_LibraryCollector(library))
    try:
        server, thread = start_http_server(port, HOST, registry)
    except OSError as error:
        raise IndexerError(
            N_("port {port} on {host} cannot be used ({why}): choose another with --metrics"),
            port=port,
            host=HOST,
            why=error.strerror,
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _library_gauges(status: LibraryStatus) -> Iterator[GaugeMetricFamily]:
    yield _gauge("photos", "Photos that are there and searchable", status.photos)
    yield _gauge("files", "Files of these photos", status.files)
    yield _gauge("embeddings", "Embeddings of the library's model", status.embeddings)
    yield _gauge(
        "embeddings_awaiting_prune", "Those of them without a photo", status.awaiting_prune
    )
    yield _gauge("failed_files", "Files that could not be indexed", status.failed)
    yield _gauge("missing_photos", "Photos whose file is gone", status.missing)
    doubtful = sum(root.notice is not None for root in status.roots)
    yield _gauge("doubtful_roots", "Photo folders that look unmounted or unreadable", doubtful)


def _daemon_gauges(daemon: DaemonState) -> Iterator[GaugeMetricFamily]:
    yield _gauge("daemon_paused", "1 while it indexes nothing", daemon.paused is not None)
    yield _gauge("queue_files", "Files seen, but not indexed yet", daemon.queue)
    yield _gauge("photos_per_second", "Pace of the present or the last run", daemon.photos_per_s)
    if daemon.left_s is not None:
        yield _gauge("left_seconds", "Time until the queue is done", daemon.left_s)
    yield _gauge("daemon_start_time_seconds", "When it started", _unix(daemon.since))
    if daemon.last_reconcile:
        since = _unix(daemon.last_reconcile)
        yield _gauge("last_reconcile_time_seconds", "When the last full scan ended", since)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"recollect_{name}", documentation, float(value))


def _unix(utc: datetime) -> float:
    return utc.replace(tzinfo=UTC).timestamp()
