"""No file, row or name ends a run: that file's failure is recorded, and all others come in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection, Insert, Update
from sqlalchemy.exc import DataError, OperationalError

from clipcore.messages import N_, literal
from indexer.cli.output import search_document
from indexer.errors import DatabaseUnreachable, DiskFull, Undecodable
from indexer.faults import ends_the_run, reason
from indexer.imaging import decode, thumbnails
from indexer.imaging.decode import content_hash
from indexer.ingest import shard
from indexer.library.library import Library, open_library
from indexer.records.changes import IngestReport
from indexer.records.photos import FIRST_NS, LAST_NS, clamped_ns
from indexer.sources import reading
from indexer.sources.excludes import Excludes
from indexer.store import ingest_sql
from indexer.store.ingest_store import IngestStore
from indexer.store.schema import photos as photo_rows
from tests.conftest import on_sqlite
from tests.fakes import ColourEncoder, FloatArray
from tests.photos import make_photo

BAD = "bad.png"
GOOD = {"blue.png", "green.png", "yellow.png"}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in GOOD:
        make_photo(tmp_path / "photos" / name, name.removesuffix(".png"))
    return tmp_path / "photos"


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    encoder = ColourEncoder()
    opened = open_library(place, create=True, model="colour", open_encoder=lambda _: encoder)
    opened.add_root(photos)
    yield opened
    opened.close()


def rebuild(library: Library) -> IngestReport:
    with library.writing():
        return library.rebuild()


def found(library: Library) -> set[str]:
    return {hit.photo.path.name for hit in library.search("red", 99).hits}


def where(
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    is_bad: Callable[..., object],
    error: Exception,
) -> None:
    """Have the function `name` of `owner` raise `error` where its arguments are the bad photo's."""
    real = getattr(owner, name)

    def fails(*arguments: Any, **more: Any) -> Any:
        if is_bad(*arguments):
            raise error
        return real(*arguments, **more)

    monkeypatch.setattr(owner, name, fails)


@dataclass(frozen=True)
class Bad:
    """A photo for which one step of the ingest fails, and how that step knows it."""

    path: Path
    data: bytes
    size: tuple[int, int]

    @property
    def sha256(self) -> bytes:
        return content_hash(self.data)


def rows_of(name: str, statement: Any, rows: Any = None) -> list[dict[str, Any]]:
    """What the statement writes of the file with this name."""
    if not (isinstance(statement, Insert | Update) and statement.table is photo_rows):
        return []
    rows = rows if isinstance(rows, list) else [rows or {}]
    return [row for row in rows if row.get("path") == name]


# (owner, name, whether the arguments are those of the bad photo)
Step = tuple[Any, str, Callable[[Bad], Callable[..., bool]]]
STEPS: dict[str, Step] = {
    "scan": (Excludes, "file", lambda bad: lambda _, path: path == bad.path.name),
    "stat": (Path, "stat", lambda bad: lambda path, **_: path == bad.path),
    "read": (reading, "read_regular", lambda bad: lambda path: path == bad.path),
    "hash": (shard, "content_hash", lambda bad: lambda data: data == bad.data),
    "look up": (IngestStore, "known", lambda bad: lambda _, sha256: sha256 == bad.sha256),
    "header": (shard, "decoded_bytes", lambda bad: lambda data: data == bad.data),
    "decode": (shard, "decode", lambda bad: lambda data, _: data == bad.data),
    "facts": (decode, "read_facts", lambda bad: lambda _, size: size == bad.size),
    "thumbnail": (Image.Image, "thumbnail", lambda bad: lambda image, *_: image.size == bad.size),
    "thumbnail write": (
        thumbnails,
        "write_atomically",
        lambda bad: lambda path, _: path.stem == bad.sha256.hex(),
    ),
    "preprocess": (
        ColourEncoder,
        "preprocess",
        lambda bad: lambda _, image: image.size == bad.size,
    ),
    "embed": (ColourEncoder, "embed_images", lambda _: lambda _, pixels: is_dark(pixels)),
    "row": (
        Connection,
        "execute",
        lambda bad: (
            lambda _, statement, rows=None: any(
                row["content_id"] for row in rows_of(bad.path.name, statement, rows)
            )
        ),
    ),
    "vector": (ingest_sql, "pack", lambda _: lambda vector: vector.std() < 0.01),
}
COLOURS = {"embed": "black", "vector": "white"}
ERRORS = (
    RuntimeError("\0 one\nof many \udcff lines"),
    OSError(5, "Input/output error"),
    MemoryError(),
    DataError("INSERT", {}, Exception("out of range")),
)


def is_dark(pixels: FloatArray) -> bool:
    return bool((pixels.mean(axis=(1, 2, 3)) < 0.1).any())


def bad_photo(folder: Path, step: str) -> Bad:
    size = (70 + list(STEPS).index(step), 40)
    path = make_photo(folder / f"{step}.png", COLOURS.get(step, "orange"), size=size)
    return Bad(path, path.read_bytes(), size)


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@on_sqlite
def test_step_that_raises_anything_costs_only_its_file(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    # what the system does not let us scan is unseen, not failed: test_scan.py
    bad = [step for step in STEPS if not (step == "scan" and isinstance(error, OSError))]
    with monkeypatch.context() as patched:
        for step in bad:
            owner, name, is_bad = STEPS[step]
            where(patched, owner, name, is_bad(bad_photo(photos, step)), error)
        assert rebuild(library).embedded == len(GOOD)
        failures = library.failures()
        assert {failure.path.stem for failure in failures} == set(bad)
        assert all(str(failure.reason).isprintable() for failure in failures)
        assert rebuild(library).embedded == 0
        assert found(library) == GOOD
    with library.writing():
        assert library.retry_failures().embedded == len(bad)
    assert library.failures() == []


def test_row_that_no_database_takes_costs_only_its_file(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(photos / BAD, "black")
    execute = Connection.execute

    def too_large(connection: Connection, statement: Any, rows: Any = None, **more: Any) -> Any:
        for row in rows_of(BAD, statement, rows):
            if row["content_id"]:
                row["size_bytes"] = 2**70
        return execute(connection, statement, rows, **more)

    monkeypatch.setattr(Connection, "execute", too_large)
    assert (rebuild(library).embedded, found(library)) == (3, GOOD)
    (failure,) = library.failures()
    assert str(failure.reason).startswith("cannot be recorded: ")


@on_sqlite
def test_file_whose_very_failure_cannot_be_recorded_costs_only_itself(
    library: Library,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_photo(photos / BAD, "black")
    bad = RuntimeError("not even that")
    where(monkeypatch, Connection, "execute", lambda _, *written: rows_of(BAD, *written), bad)
    assert rebuild(library).failed == 1
    assert found(library) == GOOD
    assert f"{BAD}: its failure cannot be recorded: RuntimeError: not even that" in caplog.text


@on_sqlite
def test_run_in_which_not_one_row_can_be_written_ends(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes_photos(_: Connection, statement: Any, *_rows: Any) -> bool:
        return isinstance(statement, Insert) and statement.table is photo_rows

    where(monkeypatch, Connection, "execute", writes_photos, RuntimeError("no row at all"))
    with pytest.raises(RuntimeError, match="no row at all"):
        rebuild(library)


@on_sqlite
def test_photo_that_cannot_be_scanned_any_more_is_kept(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(photos / BAD, "black")
    rebuild(library)
    where(monkeypatch, Excludes, "file", lambda _, path: path == BAD, ValueError("odd"))
    report = rebuild(library)
    assert (report.deferred, report.failed, report.missing) == (1, 0, 0)
    assert found(library) == GOOD | {BAD}


@on_sqlite
@pytest.mark.parametrize(
    ("count", "named"), [(2, "folder 0, folder 1"), (5, "folder 0, folder 1, folder 2 and 2 more")]
)
def test_folders_that_cannot_be_scanned_are_named(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch, count: int, named: str
) -> None:
    for number in range(count):
        (photos / f"folder {number}").mkdir()
    where(monkeypatch, os, "scandir", lambda path=".": "folder" in Path(path).name, ValueError())
    assert [str(notice) for notice in rebuild(library).notices] == [
        f"{photos}: {count} folders cannot be read, their photos kept: {named}"
    ]


@on_sqlite
def test_folder_that_cannot_be_scanned_keeps_its_photos(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(photos / "more" / "white.png", "white")
    rebuild(library)
    make_photo(photos / "red.png", "red")
    where(monkeypatch, os, "scandir", lambda path=".": Path(path).name == "more", ValueError("odd"))
    report = rebuild(library)
    assert (report.embedded, report.missing) == (1, 0)
    (notice,) = report.notices
    assert str(notice) == f"{photos}: the folder more cannot be read, its photos kept"
    assert found(library) == GOOD | {"white.png", "red.png"}


@on_sqlite
def test_encoder_that_gives_no_finite_vector_costs_only_that_photo(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(photos / BAD, "black")
    embed = ColourEncoder.embed_images

    def embed_images(self: ColourEncoder, pixels: FloatArray) -> FloatArray:
        vectors = embed(self, pixels)
        vectors[pixels.mean(axis=(1, 2, 3)) < 0.1] = float("nan")
        return vectors

    monkeypatch.setattr(ColourEncoder, "embed_images", embed_images)
    rebuild(library)
    assert found(library) == GOOD
    assert "no finite vector" in str(library.failures()[0].reason)


@on_sqlite
def test_several_photos_that_the_encoder_refuses_do_not_end_the_run(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild(library)
    for seed in range(3):
        make_photo(photos / f"{seed}.png", "black", seed=seed)
    refused = RuntimeError("too dark")
    where(monkeypatch, ColourEncoder, "embed_images", lambda _, pixels: is_dark(pixels), refused)
    assert rebuild(library).failed == 3


LOCKED = OperationalError("INSERT", {}, Exception("database is locked"))


@pytest.mark.parametrize(
    "error",
    [DiskFull(literal("full")), DatabaseUnreachable(literal("lost")), LOCKED],
    ids=["full", "lost", "locked"],
)
@pytest.mark.parametrize("step", ["look up", "thumbnail write", "row"])
@on_sqlite
def test_full_disk_and_lost_database_are_errors_of_the_run(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    owner, name, is_bad = STEPS[step]
    where(monkeypatch, owner, name, is_bad(bad_photo(photos, step)), error)
    with pytest.raises(type(error)):
        rebuild(library)


def test_time_is_clamped_to_what_every_database_holds() -> None:
    assert clamped_ns(-(10**30)) == FIRST_NS
    assert clamped_ns(10**30) == LAST_NS
    assert clamped_ns(5) == 5


def test_whose_fault_an_exception_is() -> None:
    assert ends_the_run(LOCKED)
    assert not ends_the_run(DataError("INSERT", {}, Exception("out of range")))
    assert not ends_the_run(Undecodable(literal("damaged")))
    with pytest.raises(DiskFull):
        reason(DiskFull(literal("full")), N_("damaged: {why}"))


@pytest.mark.skipif(sys.platform == "win32", reason="times of Linux's file systems")
@pytest.mark.parametrize("ns", [2**63, -(2**63) - 1, 15_000_000_000 * 10**9, -(10**20)])
def test_time_that_no_database_holds_is_clamped(library: Library, photos: Path, ns: int) -> None:
    bad = make_photo(photos / BAD, "black")
    try:
        os.utime(bad, ns=(0, ns))
    except (OSError, OverflowError):
        pytest.skip("this file system has no such time")
    if FIRST_NS <= bad.stat().st_mtime_ns <= LAST_NS:
        pytest.skip("this file system has clamped it itself")
    assert rebuild(library).embedded == 4
    assert rebuild(library) == IngestReport(seconds=pytest.approx(0, abs=60))
    document = search_document(library.search("sort:date"))
    dates = {hit["path"]: hit["date"] for hit in document["hits"]}
    assert datetime.fromisoformat(dates[str(bad)]).year in (1677, 2262)
    assert [hit.photo.path.name for hit in library.search("after:2200 sort:date").hits] == (
        [BAD] if ns > 0 else []
    )
