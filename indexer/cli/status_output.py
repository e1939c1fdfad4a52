"""What `indexer status` prints: its public JSON document, and plain text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from indexer.cli.documents import DaemonDocument, StatusDocument
from indexer.cli.output import message_text, utc_text
from indexer.plurals import counted
from indexer.records.models import ModelRequest
from indexer.records.status import DaemonState, LibraryStatus, MissingReader, RootStatus


def status_document(status: LibraryStatus) -> StatusDocument:
    """The public form of `indexer status --json`."""
    return {
        "library": str(status.library),
        "model": status.model_id,
        "text_tower": status.text_tower,
        "roots": [
            {
                "path": str(root.path),
                "photos": root.photos,
                "files": root.files,
                "notice": message_text(root.notice),
            }
            for root in status.roots
        ],
        "photos": status.photos,
        "files": status.files,
        "stacks": status.stacks,
        "embeddings": status.embeddings - status.awaiting_prune,
        "awaiting_prune": status.awaiting_prune,
        "failed": status.failed,
        "missing": status.missing,
        "missing_readers": [
            {"format": one.format, "extra": one.extra, "files": one.files}
            for one in status.missing_readers
        ],
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
        "since": utc_text(daemon.since),
        "doing": str(daemon.work.message),
        "paused": message_text(daemon.paused),
        "queue": daemon.queue,
        "photos_per_s": daemon.photos_per_s,
        "left_s": daemon.left_s,
        "last_reconcile": utc_text(daemon.last_reconcile) if daemon.last_reconcile else None,
        "last_error": message_text(daemon.last_error),
    }


def status_text(status: LibraryStatus) -> list[str]:
    """The library in a few lines."""
    lines = [
        f"library     {status.library}",
        f"model       {status.model_id}",
        *([f"text tower  {status.text_tower}"] if status.text_tower else []),
        f"photos      {status.photos}{_of_files(status.photos, status.files)}",
        f"embeddings  {status.embeddings - status.awaiting_prune}{_awaiting(status)}",
        f"failed      {status.failed}{'  (indexer failures lists them)' if status.failed else ''}",
        *_missing_readers(status.missing_readers),
        f"missing     {status.missing}",
        *_other_formats(status.other_formats),
        f"index       {_index_text(status)}",
    ]
    for root in status.roots:
        lines.append(f"root        {root.path}  ({_root_count(root)})")
        if root.notice:
            lines.append(f"            {root.notice}")
    return [*lines, *_request_lines(status.request), *_daemon_lines(status)]


def _of_files(photos: int, files: int) -> str:
    """The number of files, where it is another one."""
    return "" if files == photos else f"  ({counted(files, 'file')})"


def _root_count(root: RootStatus) -> str:
    photos = counted(root.photos, "photo")
    return photos if root.files == root.photos else f"{photos}, {counted(root.files, 'file')}"


def _awaiting(status: LibraryStatus) -> str:
    if not status.awaiting_prune:
        return ""
    return f", and {status.awaiting_prune} without a photo  (indexer prune removes them)"


def _index_text(status: LibraryStatus) -> str:
    index = status.index
    others = min(index.vectors, status.awaiting_prune)
    without = f", {others} of them without a photo" if others else ""
    return f"{counted(index.vectors, 'vector')}{without}, {index.kind} ({index.reason})"


def _missing_readers(readers: Sequence[MissingReader]) -> list[str]:
    """Which of the failed files need a package."""
    files = {True: "file needs", False: "files need"}
    return [
        f"            {one.files:,} {one.format} {files[one.files == 1]} a package: {one.command}"
        for one in readers
    ]


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
