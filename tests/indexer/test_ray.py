"""Embedding on Ray gives the library that one machine makes, whoever is lost on the way."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from indexer.schema import STORED
from tests.conftest import SAMPLE
from tests.indexer.on_ray import (
    Network,
    cluster,
    finished,
    network,
)
from tests.indexer.taking_in import SlowEncoder, opened, take_in
from tests.photos import make_photo

pytest.importorskip("ray")

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
PHOTOS = 100
WHAT_IS_KNOWN = """
    SELECT photos.path, photos.error, contents.sha256, embeddings.vector
    FROM photos LEFT JOIN contents ON contents.id = photos.content_id
    LEFT JOIN embeddings ON embeddings.content_id = contents.id ORDER BY photos.path"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network in which there is nobody else."""
    try:
        with network(tmp_path_factory.mktemp("r")) as made:
            yield made
    except (FileNotFoundError, PermissionError) as refused:
        pytest.skip(f"no network namespace can be made here: {refused}")


@pytest.fixture(scope="module")
def two_machines(alone: Network) -> Iterator[Network]:
    with cluster(alone, nodes=2):
        yield alone


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with photos that it has not taken in yet, some of equal bytes."""
    for number in range(PHOTOS):
        path = tmp_path / "photos" / f"{number % 5}" / f"{number}.png"
        make_photo(path, "green", seed=number % (PHOTOS - 10))
    return new_library(tmp_path / "library", tmp_path / "photos")


def new_library(path: Path, photos: Path) -> Path:
    new = opened(path, create=True, model="colour")
    new.add_root(photos)
    new.close()
    return path


def undisturbed(library: Path) -> list[tuple[object, ...]]:
    """What one machine makes of the photos of a library."""
    by_itself = new_library(library.parent / "by itself", library.parent / "photos")
    take_in(by_itself)
    return rows(by_itself, WHAT_IS_KNOWN)


def rows(library: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(library / "library.db")) as connection:
        return connection.execute(query).fetchall()


def nothing_was_embedded_twice(library: Path) -> bool:
    """An embedding computed anew gets a new number."""
    ((count, last),) = rows(library, "SELECT count(*), max(id) FROM embeddings")
    return count == last


def vectors(library: Path) -> dict[object, npt.NDArray[np.float32]]:
    return {
        (path, sha256): np.frombuffer(vector, STORED).astype(np.float32)
        for path, error, sha256, vector in rows(library, WHAT_IS_KNOWN)
        if error is None and isinstance(vector, bytes)
    }


def of_ray() -> set[int]:
    """The processes of Ray on this machine."""
    names = re.compile(r"ray::|raylet|gcs_server|/ray/")
    return {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if names.search(" ".join(process.info["cmdline"] or ()))
    }


def test_a_local_cluster_makes_the_library_of_one_machine_and_leaves_nothing_behind(
    alone: Network, sample_library: Path, tmp_path: Path
) -> None:
    before, listening = of_ray(), set()
    rebuild = alone.indexer(
        *("rebuild", SAMPLE, "--library", tmp_path / "library"),
        *("--model", "starter", "--ray", "local"),
    )
    while rebuild.poll() is None:
        listening |= alone.listening()
        time.sleep(0.1)
    assert "105 embedded, 0 failed" in finished(rebuild)
    assert listening
    assert listening <= LOOPBACK
    assert of_ray() <= before
    theirs, ours = vectors(sample_library), vectors(tmp_path / "library")
    assert theirs.keys() == ours.keys()
    assert max(np.abs(ours[key] - theirs[key]).max() for key in ours) < 1e-3


def test_machines_of_a_cluster_share_the_work(two_machines: Network, library: Path) -> None:
    finished(two_machines.driver(library, SlowEncoder))
    assert rows(library, WHAT_IS_KNOWN) == undisturbed(library)
    assert nothing_was_embedded_twice(library)
    (thumbnails,) = (len(list((library / "thumbnails").rglob("*.jpg"))),)
    assert thumbnails == PHOTOS - 10
