"""What the command line prints: JSON for scripts, lines for people."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from clipcore.engines.choice import Trial
from clipcore.messages import literal
from indexer.cli.model_output import engines_document, engines_text, switch_text
from indexer.cli.output import (
    failures_document,
    page_text,
    prune_text,
    search_document,
    search_table,
    search_text,
    stopped_text,
)
from indexer.cli.status_output import daemon_document, status_text
from indexer.records.changes import Failure, Pruned
from indexer.records.models import ModelRequest, SwitchCost
from indexer.records.photos import Facts, Photo
from indexer.records.results import Hit, SearchResult
from indexer.records.status import (
    Activity,
    DaemonState,
    IndexStatus,
    LibraryStatus,
    RootStatus,
    Work,
)
from indexer.serving.access import Access

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


def test_what_a_rebuild_that_was_stopped_left_is_said() -> None:
    assert "3 files left" in stopped_text(3)
    assert "all files are done" in stopped_text(0)


@pytest.mark.parametrize(
    ("access", "address", "login"),
    [
        (Access(), "http://127.0.0.1:8501 ", None),
        (Access("::1"), "http://[::1]:8501 ", None),
        (Access("0.0.0.0"), "http://0.0.0.0:8501 ", "the password"),
        (Access("nas", Path("oidc.toml")), "http://nas:8501 ", "an OpenID login"),
    ],
)
def test_a_page_for_others_says_what_it_requires(
    access: Access, address: str, login: str | None
) -> None:
    first, *more = page_text(access, 8501)
    assert address in first
    assert bool(more) == bool(login)
    if login:
        assert f"requires {login}" in more[0]
        assert "TLS" in more[1]


def test_what_awaits_a_prune_is_counted_apart() -> None:
    status = LibraryStatus("/l", "starter-2", (), 0, 0, 5, 0, 0, awaiting_prune=2)
    assert any("3, and 2 without a photo" in line for line in status_text(status))
    rest = status_text(replace(status, awaiting_prune=0))
    assert "embeddings  5" in rest


def test_a_daemon_that_has_scanned_nothing_yet_names_no_scan() -> None:
    daemon = DaemonState(7, "nas", MIDNIGHT, Work(Activity.LOADING))
    lines = status_text(LibraryStatus("/l", "starter-2", (), 0, 0, 0, 0, 0, daemon=daemon))
    assert lines[-1] == "            process 7 on nas since 2019-06-30 00:00Z"


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


def test_a_daemon_at_work_is_told_of_in_full() -> None:
    work = Work(Activity.SCANNING, "/photos")
    daemon = DaemonState(
        *(7, "nas", MIDNIGHT, work),
        queue=40,
        photos_per_s=2.5,
        left_s=16,
        last_reconcile=MIDNIGHT,
        last_error=literal("the disk is full"),
    )
    roots = (RootStatus(Path("/photos"), 3, 4, literal("it is not there"), {}),)
    status = LibraryStatus("/l", "starter-2", roots, 3, 4, 3, 0, 0, daemon=daemon)
    lines = status_text(status)
    assert lines[lines.index("root        /photos  (3 photos, 4 files)") + 1 :] == [
        "            it is not there",
        f"daemon      {work.message}",
        "            process 7 on nas since 2019-06-30 00:00Z",
        "            40 waiting, 2.5 photos/s, 0:00:16 left",
        "            last full scan 2019-06-30 00:00Z",
        "            last error: the disk is full",
    ]


def test_a_model_that_is_asked_for_is_told_of() -> None:
    def line(request: ModelRequest) -> str:
        asked = LibraryStatus("/l", "starter-2", (), 0, 0, 0, 0, 0, request=request)
        return status_text(asked)[-2].strip()

    assert line(ModelRequest("ViT-B-32")) == "switching to ViT-B-32"
    assert line(ModelRequest("x", refused=literal("no such model"))) == "not x: no such model"


def test_engines_are_told_with_what_refuses_them_and_a_star_for_the_quickest() -> None:
    trials = [
        Trial("torch-bfloat16", 0.5, refused=literal("cosine 0.5")),
        Trial("openvino-float32", 0.99999, 50.0),
        Trial("torch-float32", 1.0, 15.0),
    ]
    examined = "starter-2", {"image": trials}
    assert engines_text(examined) == [
        "model  starter-2",
        "  image  torch-bfloat16     refused: cosine 0.5",
        "* image  openvino-float32       50.0 images/s  cosine 0.99999",
        "  image  torch-float32          15.0 images/s  cosine 1.00000",
        "* in use",
    ]
    documents = engines_document(examined)["engines"]["image"]
    assert [one["used"] for one in documents] == [False, True, False]
    assert documents[0]["refused"] == "cosine 0.5"


def test_a_switch_says_what_it_costs_and_who_does_it() -> None:
    known = SwitchCost(100, 2_000_000, photos_per_s=4.0, measured=True)
    first, second = switch_text("ViT-B-32", known, daemon_runs=True)
    assert first == "100 photos to embed with ViT-B-32, 2 MB, 0:00:25"
    assert "daemon is switching" in second
    guessed = SwitchCost(100, 2_000_000, photos_per_s=4.0)
    assert switch_text("x", guessed, daemon_runs=False)[0].endswith(", about 0:00:25")
    assert "rebuild --model x'" in switch_text("x", guessed, daemon_runs=False)[1]
    assert (
        switch_text("x", SwitchCost(1, 1), daemon_runs=False)[0] == "1 photo to embed with x, 0 MB"
    )
