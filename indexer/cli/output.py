"""The command line's output: public JSON documents, and plain text for people.

A line may hold a name with a line break: terminal.py prints it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from rich.cells import cell_len

from clipcore.messages import Message
from indexer.cli.documents import (
    DaemonDocument,
    FailureDocument,
    HitDocument,
    PruneDocument,
    RootDocument,
    SearchDocument,
    StatusDocument,
)
from indexer.plurals import counted
from indexer.records.changes import Copied, Failure, IngestReport, Oddity, Pruned
from indexer.records.models import ModelRequest
from indexer.records.photos import Root
from indexer.records.results import Hit, SearchResult
from indexer.records.status import DaemonState, LibraryStatus
from indexer.serving.access import Access, is_loopback
from indexer.spreadsheet import harmless

HIT_COLUMNS: Final = tuple(HitDocument.__annotations__)


def search_document(result: SearchResult) -> SearchDocument:
    """The public form of `indexer search --json`."""
    return {
        "query": result.query,
        "model": result.model_id,
        "took_ms": round(result.took_ms, 1),
        "verdict": result.verdict,
        "hits": [_hit_document(hit) for hit in result.hits],
    }


def _hit_document(hit: Hit) -> HitDocument:
    facts = hit.photo.facts
    return {
        "rank": hit.rank,
        "photo_id": hit.photo.id,
        "path": str(hit.photo.path),
        "score": _rounded(hit.score, 6),
        "logit": _rounded(hit.logit, 4),
        "strength": _rounded(hit.strength, 3),
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "taken_at": _second(facts.taken_at) if facts.taken_at else None,
        "date": _second(hit.photo.date),
        "date_source": hit.photo.date_source,
    }


def _second(time: datetime) -> str:
    """A time as JSON has it: always to the second."""
    return time.isoformat(timespec="seconds")


def _utc(time: datetime) -> str:
    return f"{_second(time)}Z"


def search_table(result: SearchResult) -> tuple[list[str], list[list[Any]]]:
    """The form of `indexer search --csv`: the same values as in JSON, a row a hit."""
    return list(HIT_COLUMNS), [
        [harmless(value) for value in _hit_document(hit).values()] for hit in result.hits
    ]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def status_document(status: LibraryStatus) -> StatusDocument:
    """The public form of `indexer status --json`."""
    return {
        "library": str(status.library),
        "model": status.model_id,
        "roots": [
            {"path": str(root.path), "photos": root.photos, "notice": message_text(root.notice)}
            for root in status.roots
        ],
        "photos": status.photos,
        "embeddings": status.embeddings - status.awaiting_prune,
        "awaiting_prune": status.awaiting_prune,
        "failed": status.failed,
        "missing": status.missing,
        "other_formats": dict(status.other_formats),
        "index": {
            "vectors": status.index.vectors,
            "kind": status.index.kind,
            "reason": str(status.index.reason),
        },
        "paused": status.paused,
        "switching_to": status.switching_to,
        "daemon": daemon_document(status.daemon) if status.daemon else None,
    }


def daemon_document(daemon: DaemonState) -> DaemonDocument:
    """A running daemon's state, as `indexer status --json` has it."""
    return {
        "pid": daemon.pid,
        "host": daemon.host,
        "since": _utc(daemon.since),
        "doing": str(daemon.work.message),
        "paused": message_text(daemon.paused),
        "queue": daemon.queue,
        "photos_per_s": daemon.photos_per_s,
        "left_s": daemon.left_s,
        "last_reconcile": _utc(daemon.last_reconcile) if daemon.last_reconcile else None,
        "last_error": message_text(daemon.last_error),
    }


def message_text(message: Message | None) -> str | None:
    """The message in English; None stays None."""
    return None if message is None else str(message)


Listed = tuple[Sequence[Failure], Sequence[Oddity]]  # files that failed, and files that are odd


def failures_document(listed: Listed) -> list[FailureDocument]:
    """The public form of `indexer failures --json`."""
    failures, oddities = listed
    failed: list[FailureDocument] = [
        {
            "path": str(one.path),
            "reason": str(one.reason),
            "since": _utc(one.since),
            "indexed": False,
        }
        for one in failures
    ]
    odd: list[FailureDocument] = [
        {"path": str(one.path), "reason": str(one.notice), "since": None, "indexed": True}
        for one in oddities
    ]
    return failed + odd


def failures_text(listed: Listed) -> list[str]:
    """A line a file: since when, path and reason; then the files with warnings."""
    failures, oddities = listed
    lines = [f"{one.since:%Y-%m-%d %H:%M}Z  {one.path}: {one.reason}" for one in failures]
    if not failures:
        lines.append("no failures")
    if oddities:
        lines += ["", "Indexed with warnings:", *(f"{one.path}: {one.notice}" for one in oddities)]
    return lines


def search_text(result: SearchResult) -> list[str]:
    """A line a hit: rank, score, strength, date and path; "~" marks the date of a file.

    A line of its own stands where the weaker ones begin.
    """
    lines = [
        f"{hit.rank:>4}  {_figures(hit)}{_date(hit):11}  {hit.photo.path}" for hit in result.hits
    ]
    if not lines:
        return ["no photos found"]
    strong = sum(hit.is_strong for hit in result.hits)
    if not strong:
        lines.insert(0, "no strong match; closest results:")
    elif strong < len(lines):
        lines.insert(strong, "weaker matches:")
    return lines


def _figures(hit: Hit) -> str:
    if hit.score is None or hit.strength is None:
        return ""
    return f"{hit.score:.3f}  {hit.strength:>4.0%}  "


def _date(hit: Hit) -> str:
    mark = "~" if hit.photo.date_source == "file" else ""
    return f"{mark}{hit.photo.date:%Y-%m-%d}"


def pointer(query: str, column: int) -> list[str]:
    """The query in one line, and below it a caret at the column."""
    line = "".join(" " if char.isspace() or not char.isprintable() else char for char in query)
    return [f"  {line}", f"  {' ' * cell_len(line[:column])}^"]


def status_text(status: LibraryStatus) -> list[str]:
    """The library in a few lines."""
    lines = [
        f"library     {status.library}",
        f"model       {status.model_id}",
        f"photos      {status.photos}",
        f"embeddings  {status.embeddings - status.awaiting_prune}{_awaiting(status)}",
        f"failed      {status.failed}{'  (indexer failures lists them)' if status.failed else ''}",
        f"missing     {status.missing}",
        *_other_formats(status.other_formats),
        f"index       {_index_text(status)}",
    ]
    for root in status.roots:
        lines.append(f"root        {root.path}  ({counted(root.photos, 'photo')})")
        if root.notice:
            lines.append(f"            {root.notice}")
    return [*lines, *_request_lines(status.request), *_daemon_lines(status)]


def _awaiting(status: LibraryStatus) -> str:
    if not status.awaiting_prune:
        return ""
    return f", and {status.awaiting_prune} without a photo  (indexer prune removes them)"


def _index_text(status: LibraryStatus) -> str:
    index = status.index
    others = min(index.vectors, status.awaiting_prune)
    without = f", {others} of them without a photo" if others else ""
    return f"{counted(index.vectors, 'vector')}{without}, {index.kind} ({index.reason})"


def _other_formats(counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    files = counted(sum(counts.values()), "file of another format", "files of other formats")
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in counts.items())
    return [f"skipped     {files}: {kinds}"]


def _request_lines(request: ModelRequest | None) -> list[str]:
    if request is None:
        return []
    line = (
        f"not {request.source}: {request.refused}"
        if request.refused
        else f"switching to {request.source}"
    )
    return [f"            {line}"]


def _daemon_lines(status: LibraryStatus) -> list[str]:
    daemon = status.daemon
    if daemon is None:
        paused = ", indexing is paused" if status.paused else ""
        return [f"daemon      not running{paused}"]
    lines = [
        f"daemon      {daemon.paused or daemon.work.message}",
        f"            process {daemon.pid} on {daemon.host} since {daemon.since:%Y-%m-%d %H:%M}Z",
    ]
    if daemon.queue:
        left = "" if daemon.left_s is None else f", {timedelta(seconds=round(daemon.left_s))} left"
        lines.append(f"            {daemon.queue} waiting, {daemon.photos_per_s} photos/s{left}")
    if daemon.last_reconcile:
        lines.append(f"            last full scan {daemon.last_reconcile:%Y-%m-%d %H:%M}Z")
    if daemon.last_error:
        lines.append(f"            last error: {daemon.last_error}")
    return lines


def page_text(access: Access, port: int) -> list[str]:
    """The page's address, and the machines that can reach it."""
    host = f"[{access.host}]" if ":" in access.host else access.host
    lines = [f"The page: http://{host}:{port}  (Ctrl-C stops it)"]
    if not is_loopback(access.host):
        login = "an OpenID login" if access.oidc else "the password"
        lines += [
            f"Other machines can reach it too; it requires {login}.",
            "This is plain HTTP: on a network you do not trust, put a TLS proxy in front of it.",
        ]
    return lines


def prune_document(pruned: Pruned, *, dry_run: bool) -> PruneDocument:
    """The public form of `indexer prune --json`."""
    return {
        "dry_run": dry_run,
        "paths": [str(path) for path in pruned.paths],
        "contents": pruned.contents,
        "embeddings": pruned.embeddings,
        "kept": pruned.kept,
    }


def prune_text(pruned: Pruned, *, dry_run: bool = False) -> list[str]:
    """The counts of what is removed, or would be."""
    what = "would be removed" if dry_run else "removed"
    contents = counted(pruned.contents, "content")
    lines = [
        f"{what}: {counted(len(pruned.paths), 'photo')}, {contents} that no other photo has, "
        f"{counted(pruned.embeddings, 'embedding')}"
    ]
    if pruned.kept:
        kept = counted(pruned.kept, "photo")
        lines.append(f"kept: {kept}, restored or in folders that look unmounted")
    return lines


def copied_text(copied: Copied, place: str) -> str:
    """The counts of a verified copy."""
    return (
        f"copied to {place}: {counted(copied.photos, 'photo')}, "
        f"{counted(copied.contents, 'content')}, {counted(copied.embeddings, 'embedding')}, "
        "identical on both sides"
    )


def roots_document(roots: list[Root]) -> list[RootDocument]:
    """The public form of `indexer roots --json`."""
    return [
        {
            "path": str(root.path),
            "excludes": list(root.excludes),
            "notice": message_text(root.notice),
        }
        for root in roots
    ]


def roots_text(roots: list[Root]) -> list[str]:
    """The photo directories, each with its excludes."""
    return [line for root in roots for line in root_text(root)]


def root_text(root: Root) -> list[str]:
    """A photo directory, and indented below it its excludes."""
    return [str(root.path), *(f"    excludes {pattern}" for pattern in root.excludes)]


def ingest_text(report: IngestReport) -> str:
    """The one line that ends a rebuild; names only what happened, but always the failures."""
    counts = {
        "embedded": report.embedded,
        "unchanged": report.known,
        "moved": report.moved,
        "missing": report.missing,
        "restored": report.restored,
        "deferred": report.deferred,
        "read again": report.reread,
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count] or ["nothing to do"]
    seconds = report.seconds + report.reread_s
    rate = f" ({report.embedded / report.seconds:.1f} photos/s)" if report.embedded else ""
    return f"{', '.join(parts)}, {report.failed} failed in {seconds:.1f} s{rate}"


def stopped_text(left: int) -> str:
    """The rest of a rebuild after Ctrl-C, in words."""
    if left:
        return f"stopped: {counted(left, 'file')} left, the next rebuild continues there"
    return "stopped: all files are done, the next rebuild writes the index"
