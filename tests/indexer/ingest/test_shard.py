"""A shard is worked off without the library at hand, and may be so in another process."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from clipcore.messages import literal
from indexer.errors import InFlight
from indexer.imaging.decode import content_hash
from indexer.ingest.shard import Done, Job, ShardWorker, without_thumbnail
from indexer.records.changes import Row, ScannedFile
from indexer.records.photos import NEVER_READ
from indexer.sources.originals import Originals
from indexer.sources.reading import file_stat
from indexer.store.outcomes import KnownContent, NewContent
from tests.fakes import ColourEncoder, FloatArray
from tests.photos import make_photo


class BatchEncoder(ColourEncoder):
    """Tells how many photos it was given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        self.batches.append(len(pixels))
        return super().embed_images(pixels)


def job(path: Path, **more: Row) -> Job:
    return Job(ScannedFile(1, path.name, file_stat(path)), **more)


@pytest.fixture
def worker(tmp_path: Path) -> ShardWorker:
    """Of a library that knows nothing."""
    return ShardWorker(ColourEncoder(), lambda _: None, Originals({1: tmp_path}), lambda *_: None)


def test_jobs_and_what_becomes_of_them_travel(tmp_path: Path, worker: ShardWorker) -> None:
    red, copy = (make_photo(tmp_path / name, "red") for name in ("a.png", "b.png"))
    broken = tmp_path / "c.png"
    broken.write_bytes(b"no photo")
    old = Row(7, 1, "old.png", NEVER_READ, content_id=3)
    jobs = [job(red), job(copy, moved_from=old), job(broken)]
    done: Done = pickle.loads(pickle.dumps(worker(pickle.loads(pickle.dumps(jobs)))))
    first, second, third = done.outcomes
    assert isinstance(first.content, NewContent)
    assert isinstance(second.content, NewContent)
    assert first.content.sha256 == second.content.sha256 == content_hash(red.read_bytes())
    assert done.claimed[0] == first.content.sha256
    assert (second.row, second.left) == (None, old)
    assert str(third.error) == "not an image of a known format"
    assert worker.encoder.embedded == 1


def test_files_of_a_content_without_its_thumbnail_have_failed_and_no_others(
    tmp_path: Path, worker: ShardWorker
) -> None:
    names = ("a.png", "b.png")
    red, copy = (job(make_photo(tmp_path / name, "red")) for name in names)
    done = worker([red, copy, job(make_photo(tmp_path / "c.png", "blue"))])
    failed = without_thumbnail(done, done.embedded[0], literal("no room"))
    assert [str(one.error) for one in failed.outcomes] == ["no room", "no room", "None"]
    assert [one.found.path for one in failed.outcomes if one.found.stat == NEVER_READ] == [*names]
    assert failed.embedded == done.embedded[2:]


def test_what_another_shard_has_in_hand_is_not_decoded(tmp_path: Path) -> None:
    def in_flight(_: bytes) -> KnownContent:
        raise InFlight(literal("elsewhere"))

    encoder, thumbnails = ColourEncoder(), []
    worker = ShardWorker(
        encoder, in_flight, Originals({1: tmp_path}), lambda *saved: thumbnails.append(saved)
    )
    one = job(make_photo(tmp_path / "a.png", "red"))
    done = worker([one])
    assert (done.in_flight, done.outcomes, done.claimed) == ((one,), (), ())
    assert not thumbnails
    assert encoder.embedded == 0


def test_pixels_that_wait_are_bounded_in_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = BatchEncoder()
    worker = ShardWorker(encoder, lambda _: None, Originals({1: tmp_path}), lambda *_: None)
    jobs = [job(make_photo(tmp_path / f"{n}.png", "red", seed=n)) for n in range(5)]
    size_bytes = 3 * 4 * encoder.image_size_px**2
    monkeypatch.setattr("indexer.ingest.shard.WAITING_BYTES", 2 * size_bytes)
    done = worker(jobs)
    assert encoder.batches == [2, 2, 1]
    assert all(isinstance(outcome.content, NewContent) for outcome in done.outcomes)
