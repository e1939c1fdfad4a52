"""Embedding on Ray gives the library that one machine makes, whoever is lost on the way."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import numpy.typing as npt
import pytest

from clipcore.messages import Message
from indexer.errors import ClusterError, MissingRay, RootError
from indexer.imaging.decode import content_hash
from indexer.ingest.ray_cluster import check, slots_on
from indexer.ingest.ray_worker import Worker, WorkerSettings
from indexer.ingest.shard import Job
from indexer.paths import library_directory
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import NEVER_READ
from indexer.store.schema import STORED
from tests.commands import run_indexer
from tests.conftest import SAMPLE
from tests.indexer.on_ray import (
    ADDRESS,
    DeadlyEncoder,
    HalfMissingEncoder,
    MortalEncoder,
    Network,
    UnhurriedEncoder,
    cluster,
    finished,
    network,
)
from tests.indexer.taking_in import SlowEncoder, ingest_photos, opened
from tests.photos import make_photo
from tests.postgres_server import Server
from tests.waiting import eventually

pytestmark = pytest.mark.ray

pytest.importorskip("ray")

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
PHOTOS, DIFFERENT = 100, 90
FEW = SAMPLE / "Animals"  # photos that differ
WHAT_IS_KNOWN = """
    SELECT photos.path, photos.error, contents.sha256, embeddings.vector
    FROM photos LEFT JOIN contents ON contents.id = photos.content_id
    LEFT JOIN embeddings ON embeddings.content_id = contents.id ORDER BY photos.path"""
EMBEDDED = "SELECT id, vector FROM embeddings ORDER BY id"


@contextmanager
def short_directory() -> Iterator[Path]:
    """A directory for Ray, which has sockets deep in it: the path of one has 107 bytes at most."""
    with TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def network_or_skip(home: Path) -> Iterator[Network]:
    try:
        with network(home) as made:
            yield made
    except (FileNotFoundError, PermissionError) as refused:
        pytest.skip(f"no network namespace can be made here: {refused}")


@pytest.fixture
def exclusive() -> Iterator[Network]:
    """A network in which there is nobody."""
    with short_directory() as home, network_or_skip(home) as made:
        yield made


@pytest.fixture(scope="module")
def two_machines() -> Iterator[Network]:
    """A cluster: one machine with one core, one with two and a graphics card that nobody uses."""
    with (
        short_directory() as home,
        network_or_skip(home) as made,
        cluster(made, ["--num-cpus=1"], ["--num-cpus=2", "--num-gpus=1"]),
    ):
        yield made


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos, some of equal bytes."""
    for number in range(PHOTOS):
        path = tmp_path / "photos" / f"{number % 5}" / f"{number}.png"
        make_photo(path, "green", seed=number % DIFFERENT)
    return tmp_path / "photos"


@pytest.fixture
def library(tmp_path: Path, photos: Path) -> Path:
    """A library that has not taken them in yet."""
    return new_library(tmp_path / "library", photos)


def new_library(path: Path, photos: Path) -> Path:
    new = opened(path, create=True, model="colour")
    new.add_root(photos)
    new.close()
    return path


def undisturbed(library: Path) -> list[tuple[object, ...]]:
    """What one machine makes of the photos of a library."""
    by_itself = new_library(library.parent / "by itself", library.parent / "photos")
    ingest_photos(by_itself)
    return rows(by_itself, WHAT_IS_KNOWN)


def rows(library: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(library / "library.db")) as connection:
        return connection.execute(query).fetchall()


def nothing_was_embedded_twice(library: Path) -> bool:
    """An embedding computed again gets a new number."""
    ((count, last),) = rows(library, "SELECT count(*), max(id) FROM embeddings")
    return count == last


def vectors(library: Path) -> dict[object, npt.NDArray[np.float32]]:
    """The embedding of each content."""
    return {
        sha256: np.frombuffer(vector, STORED).astype(np.float32)
        for _, error, sha256, vector in rows(library, WHAT_IS_KNOWN)
        if error is None and isinstance(vector, bytes)
    }


def test_a_local_cluster_makes_the_library_of_one_machine_and_leaves_nothing_behind(
    exclusive: Network, sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "a directory for temporary files" / "in which no path of a socket fits"
    deep.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(deep))
    listening: set[str] = set()
    rebuild = exclusive.indexer(
        *("rebuild", FEW, "--library", tmp_path / "library"),
        *("--model", "starter", "--ray", "local"),
    )
    eventually(lambda: listening.update(exclusive.listening()) or rebuild.poll() is not None)
    finished(rebuild)
    assert listening
    assert listening <= LOOPBACK
    wait_until_left(exclusive)
    theirs, ours = vectors(sample_library), vectors(tmp_path / "library")
    assert len(ours) == sum(path.is_file() for path in FEW.rglob("*"))
    assert ours.keys() <= theirs.keys()
    assert max(np.abs(ours[key] - theirs[key]).max() for key in ours) < 1e-3


@pytest.mark.long
def test_a_library_on_postgresql_gets_what_the_workers_made(
    two_machines: Network,
    photos: Path,
    postgres: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with postgres.fresh() as url:
        path = new_library(library_directory(url), photos)
        finished(two_machines.driver(path, SlowEncoder))
        library = opened(path)
        assert library.status().embeddings == DIFFERENT
        hits = library.search("green", PHOTOS).hits
        assert len(hits) == PHOTOS
        assert all(library.thumbnail(hit.photo) for hit in hits)
        library.close()


@pytest.mark.long
def test_a_worker_that_is_killed_changes_nothing(two_machines: Network, library: Path) -> None:
    told = finished(two_machines.driver(library, MortalEncoder))
    assert "a worker was lost" in told
    assert rows(library, WHAT_IS_KNOWN) == undisturbed(library)
    assert nothing_was_embedded_twice(library)
    assert len(list((library / "thumbnails").rglob("*.jpg"))) == DIFFERENT


@pytest.mark.long
def test_photo_that_kills_its_workers_or_has_no_thumbnail_costs_only_itself(
    two_machines: Network, library: Path
) -> None:
    photos = library.parent / "photos"
    make_photo(photos / "0" / "deadly.png", "black")
    last = make_photo(photos / "last.png", "red")
    blocked = library / "thumbnails" / content_hash(last.read_bytes()).hex()[:2]
    blocked.parent.mkdir()
    blocked.write_text("a file where a folder must be")
    without = {
        path.relative_to(photos).as_posix()
        for path in photos.rglob("*.png")
        if content_hash(path.read_bytes()).hex().startswith(blocked.name)
    }
    finished(two_machines.driver(library, DeadlyEncoder))
    failed = dict(map(tuple, rows(library, "SELECT path, error FROM photos WHERE error NOT NULL")))
    deadly = Message.from_json(failed.pop("0/deadly.png"))
    assert str(deadly) == "2 workers of the cluster were lost while they had it"
    assert set(failed) == without - {"0/deadly.png"}
    for why in failed.values():
        assert str(Message.from_json(why)).startswith("its thumbnail cannot be written: ")
    assert len(vectors(library)) == DIFFERENT + 1 - len(failed)


@pytest.mark.long
def test_a_machine_that_cannot_work_is_left_out(two_machines: Network, library: Path) -> None:
    told = finished(two_machines.driver(library, HalfMissingEncoder))
    assert "the cluster has a worker less: no weights on this machine" in told
    assert len(vectors(library)) == DIFFERENT


@pytest.mark.long
def test_drivers_that_are_stopped_and_killed_are_gone_on_from(
    two_machines: Network, library: Path
) -> None:
    committed: list[tuple[object, ...]] = []
    for end, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        driver = two_machines.driver(library, UnhurriedEncoder)
        wait_for_photos(library, driver, more_than=len(committed))
        driver.send_signal(end)
        _, told = driver.communicate(timeout=60)
        assert driver.returncode == code, told
        before, committed = committed, rows(library, EMBEDDED)
        assert committed[: len(before)] == before
        assert len(before) < len(committed) < DIFFERENT
    finished(two_machines.driver(library, SlowEncoder))
    assert rows(library, EMBEDDED)[: len(committed)] == committed
    assert nothing_was_embedded_twice(library)
    assert rows(library, WHAT_IS_KNOWN) == undisturbed(library)


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_local_cluster_ends_with_its_driver(
    exclusive: Network, library: Path, end: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(exclusive.home))  # which has what a killed one leaves
    driver = exclusive.driver(library, UnhurriedEncoder, "local")
    wait_for_photos(library, driver)
    os.killpg(driver.pid, end)  # as a terminal does at Ctrl-C
    _, told = driver.communicate(timeout=60)
    assert driver.returncode == (-end if end is signal.SIGKILL else 0), told
    assert 0 < len(vectors(library)) < DIFFERENT
    wait_until_left(exclusive)


def wait_until_left(network: Network) -> None:
    """Until none of its processes is left; Ray's are to end within a minute."""
    eventually(lambda: not network.inhabitants())


def wait_for_photos(library: Path, driver: Popen[str], more_than: int = 0) -> None:
    """Until so many embeddings have been committed."""
    eventually(lambda: len(rows(library, EMBEDDED)) > more_than or driver.poll() is not None)
    assert driver.poll() is None, driver.communicate()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1 (Connection refused): start one"),
        ("127.0.0.1", "'127.0.0.1' is no cluster: 'local', or HOST:PORT of its head"),
        ("ray://127.0.0.1:10001", "'ray://127.0.0.1:10001' is no cluster"),
    ],
)
def test_an_address_without_a_cluster_is_told_in_one_line(
    tmp_path: Path, address: str, why: str
) -> None:
    done = run_indexer("rebuild", tmp_path, "--library", tmp_path / "new", "--ray", address)
    assert done.returncode == 1
    assert done.stderr.startswith(f"indexer: {why}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_server_of_something_else_is_no_cluster() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever).start()
        with pytest.raises(ClusterError, match=r"\(something else listens there\)"):
            check(f"127.0.0.1:{server.server_port}")
        server.shutdown()


def test_a_worker_has_a_core_or_a_graphics_card_with_its_share_of_them() -> None:
    def on(cpus: float, gpus: float) -> list[tuple[int, int]]:
        node = {"NodeID": "a", "Resources": {"CPU": cpus, "GPU": gpus}}
        return [(slot.cores, slot.gpus) for slot in slots_on(node)]

    assert on(4.0, 0.0) == [(1, 0)] * 4
    assert on(96.0, 8.0) == [(12, 1)] * 8
    assert on(2.0, 3.0) == [(1, 1)] * 2
    assert on(0.0, 1.0) == []


def test_without_ray_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingRay, match=r'pip install "recollect-photos\[ray\]"'):
        check(ADDRESS)


def test_a_worker_tells_of_photos_that_it_does_not_see(tmp_path: Path) -> None:
    settings = WorkerSettings(
        Model("colours", "colour-1"), lambda _: SlowEncoder(), {1: tmp_path}, per_machine=1
    )
    with pytest.raises(RootError, match=f"{tmp_path} is not there or empty on "):
        Worker(settings, cores=1).work(1, [Job(ScannedFile(1, "a.png", NEVER_READ))], None)
