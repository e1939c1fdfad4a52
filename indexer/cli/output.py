"""The command line's output: public JSON documents, and plain text for people.

A line may hold a name with a line break: terminal.py prints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.cells import cell_len

from clipcore.messages import Message
from indexer.cli.documents import (
    FailureDocument,
    HitDocument,
    PruneDocument,
    RootDocument,
    SearchDocument,
)
from indexer.clock import clock_text
from indexer.plurals import counted
from indexer.records.changes import Copied, Failure, IngestReport, Oddity, Pruned
from indexer.records.photos import Root
from indexer.records.results import Hit, SearchResult
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
        "probability": _rounded(hit.probability, 6),
        "strength": _rounded(hit.strength, 3),
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "taken_at": _second(facts.taken_at) if facts.taken_at else None,
        "date": _second(hit.photo.date),
        "date_source": hit.photo.date_source,
        "other_files": [str(other.path) for other in hit.others],
        "duration_s": facts.duration_s,
        "moment_s": hit.moment_s,
        "range_s": None if hit.range_s is None else list(hit.range_s),
    }


def _second(time: datetime) -> str:
    """A time as JSON has it: always to the second."""
    return time.isoformat(timespec="seconds")


def utc_text(time: datetime) -> str:
    return f"{_second(time)}Z"


def search_table(result: SearchResult) -> tuple[list[str], list[list[Any]]]:
    """The form of `indexer search --csv`: the same values as in JSON, a row a hit."""
    return list(HIT_COLUMNS), [
        [_cell(value) for value in _hit_document(hit).values()] for hit in result.hits
    ]


def _cell(value: object) -> Any:
    """A list as one cell of a table: a range as the query language writes it, texts one a line."""
    if not isinstance(value, list):
        return harmless(value)
    is_range = any(isinstance(one, float) for one in value)
    return "..".join(map(str, value)) if is_range else harmless("\n".join(value))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


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
            "since": utc_text(one.since),
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
        f"{hit.rank:>4}  {_figures(hit)}{_date(hit):11}  {hit.photo.path}{_moment(hit)}"
        for hit in result.hits
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


def _moment(hit: Hit) -> str:
    """Where a video matches, behind its path: "  at 1:23 (1:20-1:31)"."""
    if hit.moment_s is None:
        return ""
    around = "" if hit.range_s is None else f" ({'-'.join(map(clock_text, hit.range_s))})"
    return f"  at {clock_text(hit.moment_s)}{around}"


def _date(hit: Hit) -> str:
    mark = "~" if hit.photo.date_source == "file" else ""
    return f"{mark}{hit.photo.date:%Y-%m-%d}"


def pointer(query: str, column: int) -> list[str]:
    """The query in one line, and below it a caret at the column."""
    line = "".join(" " if char.isspace() or not char.isprintable() else char for char in query)
    return [f"  {line}", f"  {' ' * cell_len(line[:column])}^"]


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
