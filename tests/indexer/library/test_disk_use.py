"""The sizes that are told are those of the files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.index.policy import IndexPolicy
from indexer.library.disk_use import disk_use
from indexer.library.library import open_library
from indexer.paths import library_directory
from indexer.records.status import DiskUse
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.postgres_server import Server


def test_sizes_are_those_of_the_files_and_of_nothing_before_there_are_any(tmp_path: Path) -> None:
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    library = open_library(
        tmp_path / "library", create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    before = library.disk_use()
    assert before.database_bytes > 0
    assert (before.index_bytes, before.thumbnails_bytes, before.snapshot_at) == (0, 0, None)
    with library.writing():
        library.add_root(tmp_path / "photos")
        library.rebuild()
    after = library.disk_use()
    (thumbnail,) = (library.path / "thumbnails").rglob("*.jpg")
    assert after.thumbnails_bytes == thumbnail.stat().st_size
    assert after.index_bytes == (library.path / "index.faiss").stat().st_size
    assert after.snapshot_at is not None
    assert abs(datetime.now(UTC) - after.snapshot_at) < timedelta(minutes=5)
    library.close()


def test_what_is_not_there_has_no_size(tmp_path: Path) -> None:
    assert disk_use(*(tmp_path / name for name in "abc")) == DiskUse(0, 0, 0, None)


def test_in_a_database_there_is_an_index_when_it_needs_one(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    with postgres.fresh() as url:
        library = open_library(
            library_directory(url),
            create=True,
            model="colour",
            index_policy=IndexPolicy(exact_limit=0),
            open_encoder=lambda _: ColourEncoder(),
        )
        before = library.disk_use()
        assert before.database_bytes > 0
        assert before.index_bytes is None
        with library.writing():
            library.add_root(tmp_path / "photos")
            library.rebuild()
        after = library.disk_use()
        assert after.index_bytes
        assert after.index_bytes > 0
        assert after.thumbnails_bytes > 0
        assert after.snapshot_at is None
        library.close()
