"""The sizes that are told are those of the files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from indexer.library import open_library
from tests.fakes import ColourEncoder
from tests.photos import make_photo


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
