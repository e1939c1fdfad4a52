"""What the command line prints: JSON for scripts, lines for people."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from indexer.cli.output import (
    failures_document,
    prune_text,
    search_document,
    search_table,
    search_text,
    stopped_text,
)
from indexer.cli.status_output import daemon_document, status_text
from indexer.records.changes import Failure, Pruned
from indexer.records.photos import Facts, Photo
from indexer.records.results import Hit, SearchResult
from indexer.records.status import DaemonState, IndexStatus, LibraryStatus, RootStatus

SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")
MIDNIGHT, FRACTION = datetime(2019, 6, 30), datetime(2019, 6, 30, 12, 0, 0, 123_456)


def photo(name: str, taken_at: datetime | None) -> Photo:
    facts = Facts(4, 3, "PNG", taken_at=taken_at)
    return Photo(1, Path("/photos", name), 1, 1_500_000_000_123_456_789, bytes(32), facts)


def test_times_in_json_are_always_to_the_second() -> None:
    photos = [photo("a.png", MIDNIGHT), photo("b.png", FRACTION), photo("c.png", None)]
    hits = tuple(Hit(1, one, None, None) for one in photos)
    documents = search_document(SearchResult("", "", 1.0, hits, "listed"))["hits"]
    times = [hit["date"] for hit in documents]
    times += [hit["taken_at"] for hit in documents if hit["taken_at"]]
    times += [one["since"] for one in failures_document(([Failure(Path("/a"), "", FRACTION)], []))]
    daemon = daemon_document(DaemonState(1, "nas", FRACTION, last_reconcile=MIDNIGHT))
    times += [daemon["since"], daemon["last_reconcile"]]
    assert len(times) == 8
    assert all(map(SECONDS.fullmatch, times)), times


def test_a_table_keeps_numbers_and_names() -> None:
    evil = photo("a.png", None)
    result = SearchResult("", "", 1.0, (Hit(1, evil, -0.25, -25.0, 0.0),), "none")
    names, (row,) = search_table(result)
    assert dict(zip(names, row, strict=True))["score"] == -0.25
    assert dict(zip(names, row, strict=True))["path"] == "/photos/a.png"


def test_one_is_one() -> None:
    roots = (RootStatus(Path("/photos"), 1, 1, None, {".mov": 1}),)
    status = LibraryStatus("/l", "starter-2", roots, 1, 1, 1, 0, 0, IndexStatus(1, "exact", "so"))
    text = "\n".join(status_text(status))
    pruned = "\n".join(prune_text(Pruned((Path("/a"),), 1, 1, 1)))
    assert not re.search(r"\b1 (photos|vectors|files|contents|embeddings)\b", text + pruned)
    assert "root        /photos  (1 photo)" in text
    assert "skipped     1 file of another format: 1 .mov" in text
    assert "1 file left" in stopped_text(1)
    assert "2 files left" in stopped_text(2)


def test_a_video_says_when_it_matches() -> None:
    facts = Facts(4, 3, "MP4", duration_s=5000.0)
    film = Photo(1, Path("/photos/a.mp4"), 1, 1, bytes(32), facts)
    hits = (
        Hit(1, film, 0.3, 30.0, 0.9, moment_s=83.4, range_s=(80.0, 3700.5)),
        Hit(2, film, 0.3, 30.0, 0.9, moment_s=3.0),
        Hit(3, photo("b.png", None), 0.3, 30.0, 0.9),
    )
    result = SearchResult("", "", 1.0, hits, "confident")
    endings = [line.partition("/photos/")[2] for line in search_text(result)]
    assert endings == ["a.mp4  at 1:23 (1:20-1:01:40)", "a.mp4  at 0:03", "b.png"]
    names, rows = search_table(result)
    cells = [dict(zip(names, row, strict=True)) for row in rows]
    assert [one["range_s"] for one in cells] == ["80.0..3700.5", None, None]
    assert [one["moment_s"] for one in cells] == [83.4, 3.0, None]
    documents = search_document(result)["hits"]
    assert [one["range_s"] for one in documents] == [[80.0, 3700.5], None, None]
    assert [one["duration_s"] for one in documents] == [5000.0, 5000.0, None]
