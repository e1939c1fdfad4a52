"""What ingest embeds, what it knows already, and what a failure costs."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Connection, Insert
from sqlalchemy.engine import URL

from clipcore.errors import CheckpointError
from clipcore.messages import literal
from indexer.errors import DiskFull, EncoderFailed, Unreadable
from indexer.ingest import ingest as module
from indexer.ingest import shard
from indexer.ingest.ingest import SHARD, Ingest, Progress, next_shard_size
from indexer.ingest.shard import ShardWorker
from indexer.ingest.workers import Claims, LocalPool
from indexer.records.changes import IngestReport, Plan, Row, ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Root
from indexer.sources.originals import Originals
from indexer.sources.scan import scan
from indexer.store.schema import photos
from indexer.store.store import Store
from indexer.sync.reconcile import reconcile
from tests.fakes import ColourEncoder, FloatArray
from tests.photos import make_photo

pytestmark = pytest.mark.both


class Choosy(ColourEncoder):
    """Fails on every batch with a photo that `refuses`."""

    def __init__(self, refuses: Callable[[FloatArray], bool], error: Exception) -> None:
        super().__init__()
        self.refuses, self.error = refuses, error

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        if any(self.refuses(photo) for photo in pixels):
            raise self.error
        return super().embed_images(pixels)


class Taking:
    """A library's store and a folder of photos, taken in as the library does it."""

    def __init__(self, path: Path, database: Path | URL) -> None:
        self.folder = path / "photos"
        self.folder.mkdir()
        self.store = Store.create(database, Model("colours", "colour-1"))
        self.root: Root = self.store.roots.add(self.folder)
        self.encoder = ColourEncoder()
        self.thumbnails: list[bytes] = []

    def plan(self) -> Plan:
        return reconcile(scan(self.root).found, self.store.ingest.rows(self.root.id))

    def run(
        self,
        encoder: ColourEncoder | None = None,
        plan: Plan | None = None,
        again: list[Row] | None = None,
        *,
        progress: Progress | None = None,
        reembed: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        def save(sha256: bytes, jpeg: bytes) -> None:
            self.thumbnails.append(sha256)

        claims = Claims(self.store.ingest.known, reembed=reembed)
        files = Originals({self.root.id: self.folder})
        work = ShardWorker(encoder or self.encoder, claims.known, files, save)
        with closing(LocalPool(work, claims)) as pool:
            ingest = Ingest(self.store, pool, stop=stop)
            return ingest.run(plan or self.plan(), progress, again or ())

    def rows(self) -> dict[str, Row]:
        return {row.path: row for row in self.store.ingest.rows(self.root.id)}

    def photo(self, name: str, colour: str = "red", seed: int = 0) -> Path:
        return make_photo(self.folder / name, colour, seed=seed)


@pytest.fixture
def taking(tmp_path: Path, database: Path | URL) -> Iterator[Taking]:
    taking = Taking(tmp_path, database)
    yield taking
    taking.store.close()


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD", 4)


def counts(report: IngestReport) -> dict[str, int]:
    names = ("embedded", "known", "moved", "missing", "restored", "failed", "deferred")
    return {name: number for name in names if (number := getattr(report, name))}


def is_dark(photo: FloatArray) -> bool:
    return float(photo.mean()) < 0.1


def test_after_ingest_there_is_nothing_to_do(taking: Taking) -> None:
    for seed in range(5):
        taking.photo(f"{seed}.jpg", seed=seed)
    (taking.folder / "broken.jpg").write_bytes(b"no photo")
    assert counts(taking.run()) == {"embedded": 5, "failed": 1}
    assert taking.plan() == Plan()
    assert counts(taking.run()) == {}
    assert taking.encoder.embedded == len(set(taking.thumbnails)) == 5


def test_vectors_are_kept_as_the_encoder_gave_them(taking: Taking) -> None:
    path = taking.photo("a.png", "blue")
    taking.run()
    _, (vector,) = taking.store.search.vectors_after(0, taking.encoder.dim)
    with Image.open(path) as image:
        (expected,) = taking.encoder.embed_images(taking.encoder.preprocess(image)[None])
    np.testing.assert_allclose(vector, expected, atol=1e-3)


def test_equal_photos_of_a_shard_are_embedded_once(taking: Taking) -> None:
    for name in ("a.jpg", "b.jpg", "c/d.jpg"):
        taking.photo(name)
    taking.photo("other.jpg", "blue")
    assert counts(taking.run()) == {"embedded": 2, "known": 2}
    assert taking.encoder.embedded == 2
    rows = taking.rows()
    assert rows["a.jpg"].content_id == rows["b.jpg"].content_id == rows["c/d.jpg"].content_id
    assert rows["other.jpg"].content_id != rows["a.jpg"].content_id


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("reembed", [False, True])
def test_equal_photos_of_different_shards_are_embedded_once(taking: Taking, reembed: bool) -> None:
    for number in range(20):
        taking.photo(f"{number:02}.jpg", seed=number % 2)
    assert counts(taking.run(reembed=reembed)) == {"embedded": 2, "known": 18}
    assert taking.encoder.embedded == taking.store.status.embeddings() == 2


def test_a_copy_is_neither_decoded_nor_embedded(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = taking.photo("a.jpg")
    taking.run()
    shutil.copy(path, taking.folder / "copy.jpg")

    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(shard, "decode", decode)
    assert counts(taking.run()) == {"known": 1}
    rows = taking.rows()
    assert rows["copy.jpg"].content_id == rows["a.jpg"].content_id
    assert rows["copy.jpg"].id != rows["a.jpg"].id
    assert taking.encoder.embedded == 1


def test_an_edited_photo_is_embedded_once_more_and_keeps_its_number(taking: Taking) -> None:
    taking.photo("a.jpg")
    taking.run()
    before = taking.rows()["a.jpg"]
    os.utime(taking.photo("a.jpg", "blue"), ns=(0, 1))
    assert counts(taking.run()) == {"embedded": 1}
    after = taking.rows()["a.jpg"]
    assert after.id == before.id
    assert after.content_id != before.content_id
    assert taking.encoder.embedded == 2


def test_a_touched_photo_is_not_embedded_again(taking: Taking) -> None:
    os.utime(taking.photo("a.jpg"), ns=(0, 1))
    taking.run()
    os.utime(taking.folder / "a.jpg", ns=(0, 2))
    assert counts(taking.run()) == {"known": 1}
    assert taking.encoder.embedded == 1


@pytest.mark.parametrize("reembed", [False, True])
def test_renamed_photo_keeps_its_number(taking: Taking, reembed: bool) -> None:
    path = taking.photo("a.jpg")
    taking.run()
    before = taking.rows()["a.jpg"]
    (taking.folder / "new").mkdir()
    path.rename(taking.folder / "new" / "b.jpg")
    report = taking.run(reembed=reembed)
    assert list(taking.rows()) == ["new/b.jpg"]
    after = taking.rows()["new/b.jpg"]
    assert (after.id, after.content_id) == (before.id, before.content_id)
    if not reembed:
        assert counts(report) == {"moved": 1}
        assert taking.encoder.embedded == 1


def test_a_move_that_was_only_a_guess_is_a_new_photo_and_a_gone_one(taking: Taking) -> None:
    red, blue = taking.photo("a.bmp", "red"), taking.folder / "b.bmp"
    os.utime(red, ns=(0, 5))
    taking.run()
    before = taking.rows()["a.bmp"]
    red.unlink()
    os.utime(make_photo(blue, "blue"), ns=(0, 5))
    assert len(taking.plan().moved) == 1
    assert counts(taking.run())["embedded"] == 1
    rows = taking.rows()
    assert rows["a.bmp"].missing_since is not None
    assert rows["b.bmp"].missing_since is None
    assert rows["b.bmp"].id != before.id
    assert rows["b.bmp"].content_id != before.content_id


def test_a_photo_that_comes_back_is_not_embedded_again(taking: Taking) -> None:
    path = taking.photo("a.jpg")
    taking.run()
    aside = path.rename(path.with_suffix(".aside"))
    assert counts(taking.run()) == {"missing": 1}
    aside.rename(path)
    assert counts(taking.run()) == {"restored": 1}
    assert taking.encoder.embedded == 1


def test_a_photo_the_encoder_refuses_costs_only_itself(
    taking: Taking, caplog: pytest.LogCaptureFixture
) -> None:
    taking.photo("black.jpg", "black")
    for seed in range(6):
        taking.photo(f"{seed}.jpg", seed=seed)
    encoder = Choosy(is_dark, ValueError("too dark"))
    with caplog.at_level(logging.WARNING):
        assert counts(taking.run(encoder)) == {"embedded": 6, "failed": 1}
    assert "black.jpg" in caplog.text
    (failure,) = taking.store.status.failures()
    assert (failure.path, str(failure.reason)) == (
        taking.folder / "black.jpg",
        "the encoder failed: ValueError: too dark",
    )
    assert counts(taking.run(encoder)) == {}


def test_a_photo_that_cannot_be_scaled_costs_only_itself(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking.photo("a.jpg")
    make_photo(taking.folder / "strip.png", "red", size=(3000, 1))
    scale = taking.encoder.preprocess

    def preprocess(image: Image.Image) -> FloatArray:
        if image.width == 3000:
            raise MemoryError
        return scale(image)

    monkeypatch.setattr(taking.encoder, "preprocess", preprocess)
    assert counts(taking.run()) == {"embedded": 1, "failed": 1}


def test_an_encoder_that_fails_on_all_is_no_fault_of_the_photos(taking: Taking) -> None:
    for seed in range(3):
        taking.photo(f"{seed}.jpg", seed=seed)
    with pytest.raises(EncoderFailed, match="every picture: RuntimeError: out of order"):
        taking.run(Choosy(lambda _: True, RuntimeError("out of order")))
    assert taking.rows() == {}
    assert counts(taking.run()) == {"embedded": 3}


def test_weights_that_cannot_be_used_are_no_fault_of_the_photo(taking: Taking) -> None:
    taking.photo("a.jpg")
    with pytest.raises(CheckpointError):
        taking.run(Choosy(lambda _: True, CheckpointError(literal("damaged"))))
    assert taking.rows() == {}


def test_a_file_that_vanishes_meanwhile_is_left_for_the_next_round(taking: Taking) -> None:
    taking.photo("a.jpg")
    taking.photo("b.jpg", seed=1)
    plan = taking.plan()
    (taking.folder / "a.jpg").unlink()
    os.utime(taking.folder / "b.jpg", ns=(0, 0))
    assert counts(taking.run(plan=plan)) == {"deferred": 2}
    assert taking.rows() == {}
    assert counts(taking.run()) == {"embedded": 1}


def test_a_moved_file_that_changes_meanwhile_leaves_its_photo_alone(taking: Taking) -> None:
    path = taking.photo("a.jpg")
    taking.run()
    before = taking.rows()
    path = path.rename(taking.folder / "b.jpg")
    plan = taking.plan()
    os.utime(path, ns=(0, 0))
    assert counts(taking.run(plan=plan)) == {"deferred": 1}
    assert taking.rows() == before


@pytest.mark.usefixtures("small_shards")
def test_stopping_keeps_the_shards_done(taking: Taking) -> None:
    for seed in range(40):
        taking.photo(f"{seed:02}.jpg", seed=seed)
    report = taking.run(stop=lambda: taking.store.status.searchable()[0] >= 8)
    assert 8 <= report.embedded < 40
    assert len(taking.rows()) == taking.store.status.searchable()[0] == report.embedded
    assert taking.encoder.embedded == report.embedded
    assert counts(taking.run()) == {"embedded": 40 - report.embedded}
    assert taking.encoder.embedded == 40


@pytest.mark.usefixtures("small_shards")
def test_a_shard_is_recorded_whole_or_not_at_all(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(12):
        taking.photo(f"{seed:02}.jpg", seed=seed)
    execute, shards = Connection.execute, []

    def fail_at_the_second(connection: Connection, statement: Any, *rows: Any, **more: Any) -> Any:
        done = execute(connection, statement, *rows, **more)
        if isinstance(statement, Insert) and statement.table is photos:
            shards.append(rows)
            if len(shards) == 2:  # all that belongs to its photos is written
                raise DiskFull(literal("the disk is full"))
        return done

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "execute", fail_at_the_second)
        with pytest.raises(DiskFull):
            taking.run()
    assert len(taking.rows()) == taking.store.status.embeddings() == 4
    assert counts(taking.run()) == {"embedded": 8}


@pytest.mark.usefixtures("small_shards")
def test_progress_counts_up_to_all_files(taking: Taking) -> None:
    for seed in range(10):
        taking.photo(f"{seed}.jpg", seed=seed)
    told: list[tuple[int, int]] = []
    taking.run(progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 10)
    assert told[-1] == (10, 10)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_photos_to_embed_again_get_new_vectors_under_their_old_numbers(taking: Taking) -> None:
    taking.photo("a.jpg")
    taking.photo("b.jpg")
    taking.run()
    before = taking.rows()
    (old,), _ = taking.store.search.vectors_after(0, taking.encoder.dim)
    assert counts(taking.run(again=list(before.values()), reembed=True))["embedded"] == 1
    assert taking.rows() == before
    ids, _ = taking.store.search.vectors_after(0, taking.encoder.dim)
    assert len(ids) == 1
    assert ids[0] > old


def test_a_passing_read_error_while_embedding_again_costs_no_content(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking.photo("a.png")
    taking.photo("b.png", "blue")
    taking.run()
    before = taking.rows()

    read = Originals.__call__

    def fails_once(files: Originals, found: ScannedFile) -> bytes:
        if found.path == "a.png":
            raise Unreadable(literal("cannot be read: Input/output error"))
        return read(files, found)

    monkeypatch.setattr(Originals, "__call__", fails_once)
    report = taking.run(again=list(before.values()), reembed=True)
    assert counts(report) == {"embedded": 1, "deferred": 1}
    assert taking.rows() == before


def test_a_photo_the_encoder_refuses_while_embedding_again_keeps_its_content(
    taking: Taking,
) -> None:
    taking.photo("black.png", "black")
    taking.photo("white.png", "white")
    taking.run()
    before = taking.rows()
    encoder = Choosy(is_dark, RuntimeError("too dark"))
    assert counts(taking.run(encoder, again=list(before.values()), reembed=True))["failed"] == 1
    row = taking.rows()["black.png"]
    assert (row.content_id, row.missing_since) == (before["black.png"].content_id, None)
    assert "too dark" in str(row.error)
    assert taking.store.status.searchable() == (2, 2)


def test_shards_are_as_large_as_three_seconds_of_work() -> None:
    assert next_shard_size(8, 0.0) == SHARD
    assert next_shard_size(8, 3.0) == 8
    assert next_shard_size(32, 60.0) == 1
    assert next_shard_size(10, 30.0) == 1
