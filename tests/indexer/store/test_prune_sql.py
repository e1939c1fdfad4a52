"""What is gone for long is removed for good; what may come back is not; searchers stay right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from indexer.clock import now
from indexer.library.library import Library, open_library
from indexer.paths import url_in
from indexer.records.changes import Pruned
from indexer.store.schema import contents
from indexer.store.schema import photos as photo_rows
from indexer.store.shared_schema import thumbnails as shared_thumbnails
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.stores import store_of

pytestmark = [pytest.mark.both, pytest.mark.slow]

COLOURS = ("red", "green", "blue", "yellow")
AT_ONCE = timedelta(seconds=-1)  # whatever is gone has been gone for longer
MONTH = timedelta(days=30)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for colour in COLOURS:
        make_photo(tmp_path / "photos" / f"{colour}.png", colour)
    return tmp_path / "photos"


def opened(place: Path) -> Library:
    return open_library(place, create=True, model="colour", open_encoder=lambda _: ColourEncoder())


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    library = opened(place)
    library.add_root(photos)
    rebuild(library)
    yield library
    library.close()


def rebuild(library: Library) -> None:
    with library.writing():
        library.rebuild()


def prune(library: Library, older_than: timedelta = AT_ONCE) -> Pruned:
    with library.writing():
        return library.prune(older_than)


def found(library: Library) -> list[str]:
    return [hit.photo.path.stem for hit in library.search("red", 10).hits]


def is_shared(library: Library) -> bool:
    return url_in(library.path) is not None


def thumbnails(library: Library) -> int:
    if is_shared(library):
        with store_of(library) as store:
            return store.database.count(select(func.count()).select_from(shared_thumbnails))
    return sum(1 for _ in (library.path / "thumbnails").rglob("*.jpg"))


def test_gone_photo_is_removed_with_all_that_only_it_had(library: Library, photos: Path) -> None:
    (photos / "red.png").unlink()
    rebuild(library)
    told = library.prune(AT_ONCE, dry_run=True)
    assert told == Pruned((photos / "red.png",), contents=1, embeddings=1)
    assert (library.status().missing, thumbnails(library)) == (1, 4)
    assert prune(library) == told
    status = library.status()
    assert (status.missing, status.photos, status.embeddings) == (0, 3, 3)
    assert thumbnails(library) == 3
    assert prune(library).paths == ()


def test_gone_file_that_failed_is_removed_too(library: Library, photos: Path) -> None:
    (photos / "bad.png").write_bytes(b"no image")
    rebuild(library)
    (photos / "bad.png").unlink()
    rebuild(library)
    pruned = prune(library)
    assert [path.name for path in pruned.paths] == ["bad.png"]
    assert (pruned.contents, library.failures()) == (0, [])
    assert len(found(library)) == len(COLOURS)


def test_photo_gone_for_a_shorter_time_stays(library: Library, photos: Path) -> None:
    (photos / "red.png").unlink()
    rebuild(library)
    assert prune(library, MONTH) == Pruned((), 0, 0)
    assert library.status().missing == 1


def test_content_that_a_copy_still_has_stays(library: Library, photos: Path) -> None:
    shutil.copy(photos / "red.png", photos / "copy.png")
    rebuild(library)
    (photos / "red.png").unlink()
    rebuild(library)
    assert prune(library) == Pruned((photos / "red.png",), 0, 0)
    assert found(library)[0] == "copy"
    assert thumbnails(library) == 4


def test_content_that_two_gone_photos_had_goes_with_both(library: Library, photos: Path) -> None:
    shutil.copy(photos / "red.png", photos / "copy.png")
    rebuild(library)
    (photos / "red.png").unlink()
    (photos / "copy.png").unlink()
    rebuild(library)
    pruned = prune(library)
    assert (len(pruned.paths), pruned.contents, pruned.embeddings) == (2, 1, 1)


def test_photo_that_is_there_again_is_kept(library: Library, photos: Path, tmp_path: Path) -> None:
    (photos / "red.png").rename(tmp_path / "red.png")
    rebuild(library)
    (tmp_path / "red.png").rename(photos / "red.png")
    assert prune(library) == Pruned((), 0, 0, kept=1)
    rebuild(library)
    assert found(library)[0] == "red"


def test_folder_that_looks_unmounted_is_not_pruned(
    library: Library, photos: Path, tmp_path: Path
) -> None:
    (photos / "red.png").unlink()
    rebuild(library)
    photos.rename(tmp_path / "elsewhere")
    assert prune(library) == Pruned((), 0, 0, kept=1)
    photos.mkdir()  # an empty mount point
    assert prune(library) == Pruned((), 0, 0, kept=1)
    assert library.status().embeddings == 4


def days_ago(library: Library, days: int) -> None:
    """Let all that has gone so far have gone so many days earlier."""
    earlier = now() - timedelta(days=days)
    with store_of(library) as store, store.database.writing() as connection:
        for column in (photo_rows.c.missing_since, contents.c.orphaned_at):
            dated = update(column.table).where(column.is_not(None))
            connection.execute(dated, {column.name: earlier})


def test_what_a_removed_folder_had_has_an_age_of_its_own(
    library: Library, photos: Path, place: Path
) -> None:
    library.remove_root(photos)
    assert prune(library, MONTH) == Pruned((), 0, 0)
    status = library.status()
    assert (status.photos, status.embeddings, status.awaiting_prune) == (0, 4, 4)
    library.add_root(photos)
    with library.writing():
        assert library.rebuild().embedded == 0  # nothing is computed again
    assert (found(library)[0], library.status().awaiting_prune) == ("red", 0)
    days_ago(library, 40)  # it was without a photo long ago, and is not now
    assert prune(library, MONTH) == Pruned((), 0, 0)

    library.remove_root(photos)
    days_ago(library, 29)
    assert prune(library, MONTH) == Pruned((), 0, 0)
    days_ago(library, 31)
    assert library.prune(MONTH, dry_run=True) == Pruned((), contents=4, embeddings=4)
    assert prune(library, MONTH) == Pruned((), contents=4, embeddings=4)
    assert (library.status().embeddings, thumbnails(library)) == (0, 0)


def test_what_an_edited_photo_was_has_an_age_of_its_own(library: Library, photos: Path) -> None:
    make_photo(photos / "red.png", "red", seed=1)
    rebuild(library)
    assert (library.status().embeddings, library.status().awaiting_prune) == (5, 1)
    assert prune(library, MONTH) == Pruned((), 0, 0)
    days_ago(library, 31)
    assert prune(library, MONTH) == Pruned((), contents=1, embeddings=1)


def test_content_that_lost_its_last_photo_lately_outlives_a_copy_gone_for_long(
    library: Library, photos: Path, tmp_path: Path
) -> None:
    make_photo(tmp_path / "other" / "red.png", "red")  # the same bytes
    library.add_root(tmp_path / "other")
    rebuild(library)
    (photos / "red.png").unlink()
    rebuild(library)
    days_ago(library, 31)
    library.remove_root(tmp_path / "other")
    assert prune(library, MONTH) == Pruned((photos / "red.png",), 0, 0)
    days_ago(library, 31)
    assert prune(library, MONTH) == Pruned((), contents=1, embeddings=1)


def test_content_of_which_nobody_knows_since_when_is_without_a_photo_ages_from_now(
    library: Library, photos: Path
) -> None:
    library.remove_root(photos)
    with store_of(library) as store, store.database.writing() as connection:
        connection.execute(update(contents), {"orphaned_at": None})
    assert prune(library) == Pruned((), 0, 0)
    assert prune(library) == Pruned((), contents=4, embeddings=4)


def test_searcher_with_its_index_in_memory_stays_right(
    library: Library, photos: Path, place: Path
) -> None:
    searcher = opened(place)
    assert found(searcher)[0] == "red"
    (photos / "red.png").unlink()
    rebuild(library)
    prune(library)
    assert sorted(found(searcher)) == ["blue", "green", "yellow"]
    make_photo(photos / "later.png", "red", seed=1)
    rebuild(library)
    assert found(searcher)[0] == "later"
    assert searcher.search("red", 1).hits[0].photo.path.stem == "later"
    searcher.close()


def test_pruned_numbers_are_never_given_again_and_a_rebuild_compacts(
    library: Library, photos: Path, place: Path
) -> None:
    last = library.search("yellow", 1).hits[0].photo.id
    (photos / "yellow.png").unlink()
    rebuild(library)
    prune(library)
    # FAISS keeps what is dead until then, and the join drops it from the results
    assert library.status().index.vectors == (3 if is_shared(library) else 4)
    make_photo(photos / "new.png", "yellow", seed=1)
    rebuild(library)
    assert library.search("yellow", 1).hits[0].photo.id > last
    assert library.status().index.vectors == 4
    fresh = opened(place)
    assert sorted(found(fresh)) == sorted(found(library)) == ["blue", "green", "new", "red"]
    fresh.close()
