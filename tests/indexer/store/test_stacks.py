"""Several files of one photo are one item, whatever order they come and go in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.engine import URL

from indexer.query.query import parse
from indexer.records.changes import Row, ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.schema import contents, photos
from indexer.store.stacking import StackFile, stack_key, stacked
from indexer.store.store import Store

FORMATS = {
    "jpg": "JPEG", "heic": "HEIF", "png": "PNG", "cr2": "CR2", "dng": "DNG", "mov": "MOV",
    "mp4": "MP4",
}  # fmt: skip


def facts(path: str, seconds: float = 2.5, live_id: str | None = None) -> Facts:
    format = FORMATS[path.rpartition(".")[2].lower()]
    is_film = format in ("MOV", "MP4")
    return Facts(40, 30, format, duration_s=seconds if is_film else None, live_id=live_id)


def outcome(path: str, row: Row | None = None, **known: Any) -> Outcome:
    content = NewContent(
        hashlib.sha256(path.encode()).digest(), facts(path, **known), np.ones(8, np.float32)
    )
    return Outcome(ScannedFile(1, path, FileStat(1, 10**18)), row, content)


@pytest.fixture
def store(database: Path | URL, tmp_path: Path) -> Iterator[Store]:
    store = Store.create(database, Model("fake", "fake"))
    store.roots.add(tmp_path / "Pictures")
    yield store
    store.close()


def add(store: Store, *paths: str, **known: Any) -> None:
    for path in paths:
        store.ingest.record([outcome(path, **known)])


def row(store: Store, path: str) -> Row:
    return {row.path: row for row in store.ingest.rows(1)}[path]


def found(store: Store, query: str = "sort:date") -> set[str]:
    """The names of the files that a query of filters shows."""
    return {photo.path.name for photo in store.search.newest(parse(query).filters, 100)}


def items(store: Store) -> dict[str, set[str]]:
    """What is shown, each with its other files."""
    shown = store.search.newest((), 100)
    others = store.stacks.others([photo.id for photo in shown])
    return {photo.path.name: {one.path.name for one in others.get(photo.id, ())} for photo in shown}


# the rule


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.jpg", "a.cr2"], {"a.jpg": {"a.cr2"}}),
        (["IMG_1.JPG", "img_1.CR2"], {"IMG_1.JPG": {"img_1.CR2"}}),
        (["a.heic", "a.dng"], {"a.heic": {"a.dng"}}),
        (["a.jpg", "a.heic", "a.dng"], {"a.jpg": {"a.dng"}, "a.heic": set()}),
        (["a.jpg", "A.jpg", "A.cr2"], {"a.jpg": set(), "A.jpg": {"A.cr2"}}),
        (["a.jpg", "a.png"], {"a.jpg": set(), "a.png": set()}),
        (["a.cr2", "a.dng"], {"a.cr2": set(), "a.dng": set()}),
        (["x/a.jpg", "y/a.cr2", "a.dng"], {"a.jpg": set(), "a.cr2": set(), "a.dng": set()}),
        (["a.heic", "a.mov"], {"a.heic": {"a.mov"}}),
        (["a.jpg", "a.mp4"], {"a.jpg": {"a.mp4"}}),
        (["a.dng", "a.mov"], {"a.dng": {"a.mov"}}),
        (["a.heic", "a.dng", "a.mov"], {"a.heic": {"a.dng", "a.mov"}}),
        (["IMG_1.jpg", "IMG_2.jpg"], {"IMG_1.jpg": set(), "IMG_2.jpg": set()}),
    ],
)
def test_files_of_one_name_are_one_photo_whatever_comes_first(
    tmp_path: Path, paths: list[str], expected: dict[str, set[str]]
) -> None:
    for at, order in enumerate((paths, paths[::-1])):
        store = Store.create(tmp_path / f"{at}.db", Model("fake", "fake"))
        store.roots.add(tmp_path / "Pictures")
        add(store, *order)
        assert items(store) == expected
        store.close()


def test_a_longer_film_of_the_same_name_is_a_film_of_its_own(store: Store) -> None:
    add(store, "a.jpg")
    add(store, "a.mov", seconds=3.6)
    assert items(store) == {"a.jpg": set(), "a.mov": set()}


def test_a_live_photo_is_known_by_its_id_whatever_its_name_and_length(store: Store) -> None:
    add(store, "a.heic", "b.mov", live_id="one", seconds=4)
    add(store, "b.heic", "a.mov", live_id="two", seconds=4)
    add(store, "a.dng")
    assert items(store) == {"a.heic": {"b.mov", "a.dng"}, "b.heic": {"a.mov"}}


def test_of_copies_in_one_folder_each_still_has_its_own_film(store: Store) -> None:
    paths = ("a.heic", "a.mov", "a (2).heic", "a (2).mov")
    add(store, *paths, live_id="one")
    assert items(store) == {"a.heic": {"a.mov"}, "a (2).heic": {"a (2).mov"}}


def test_files_of_one_name_but_of_two_live_photos_stay_apart(store: Store) -> None:
    add(store, "a.heic", live_id="one")
    add(store, "a.mov", live_id="two")
    assert items(store) == {"a.heic": set(), "a.mov": set()}


NAMES = st.builds(
    "{}{}.{}".format,
    st.sampled_from(["", "x/"]),
    st.sampled_from("aAb"),
    st.sampled_from([*FORMATS]),
)
FILES = st.dictionaries(
    NAMES, st.tuples(st.sampled_from([1.0, 9.0]), st.sampled_from([None, "one", "two"]))
)


@given(FILES)
def test_what_is_shown_is_no_other_photos_file_and_no_still_is_hidden(
    known: dict[str, tuple[float, str | None]],
) -> None:
    files = [
        StackFile(number, 1, path, (one := facts(path, *more)).format, one.duration_s, one.live_id)
        for number, (path, more) in enumerate(sorted(known.items()))
    ]
    shown = stacked(files)
    assert not shown.keys() & set(shown.values())
    for hidden, number in shown.items():
        assert files[hidden].folder == files[number].folder
        assert files[hidden].format not in ("JPEG", "HEIF", "PNG")


@given(FILES)
def test_files_of_one_name_have_one_key(known: dict[str, Any]) -> None:
    files = [StackFile(0, 1, path, "", None, None) for path in known]
    for one in files:
        for other in files:
            if one.name_key == other.name_key:
                assert stack_key(one.path) == stack_key(other.path)


# rows


@pytest.mark.both
def test_the_raw_is_an_item_again_while_its_jpeg_is_missing(store: Store) -> None:
    add(store, "a.jpg", "a.cr2")
    store.ingest.record((), missing=[row(store, "a.jpg")])
    assert items(store) == {"a.cr2": set()}
    store.ingest.record((), restored=[row(store, "a.jpg")])
    assert items(store) == {"a.jpg": {"a.cr2"}}
    store.ingest.record((), missing=[row(store, "a.cr2")])
    assert items(store) == {"a.jpg": set()}


def test_a_file_that_moves_leaves_its_photo_and_joins_another(store: Store) -> None:
    add(store, "a.jpg", "a.cr2", "b.jpg")
    store.ingest.record([Outcome(ScannedFile(1, "c.jpg", FileStat(1, 1)), row(store, "a.jpg"), 1)])
    assert items(store) == {"c.jpg": set(), "a.cr2": set(), "b.jpg": set()}
    store.ingest.record([Outcome(ScannedFile(1, "b.cr2", FileStat(1, 1)), row(store, "a.cr2"), 2)])
    assert items(store) == {"c.jpg": set(), "b.jpg": {"b.cr2"}}


def test_a_file_that_cannot_be_read_any_more_stands_for_no_other(store: Store) -> None:
    add(store, "a.jpg", "a.cr2")
    store.ingest.record([Outcome(ScannedFile(1, "a.jpg", FileStat(2, 2)), row(store, "a.jpg"))])
    assert items(store) == {"a.cr2": set()}


def test_facts_that_are_read_again_decide_again(store: Store) -> None:
    add(store, "a.heic", "b.mov")
    assert items(store) == {"a.heic": set(), "b.mov": set()}
    again = {
        hashlib.sha256(path.encode()).digest(): facts(path, live_id="one")
        for path in ("a.heic", "b.mov")
    }
    store.facts.record(again)
    assert items(store) == {"a.heic": {"b.mov"}}


@pytest.mark.both
def test_a_library_of_before_finds_its_photos_of_several_files(store: Store) -> None:
    add(store, "a.jpg", "a.cr2", "b.jpg")
    with store.database.writing() as connection:
        connection.execute(update(photos).values(stack_of=None, stack_key=None))
    assert found(store) == {"a.jpg", "a.cr2", "b.jpg"}
    store.stacks.compare_all()
    assert items(store) == {"a.jpg": {"a.cr2"}, "b.jpg": set()}


def test_the_setting_lists_each_file_and_goes_back(store: Store) -> None:
    add(store, "a.jpg", "a.cr2")
    store.stacks.switch(on=False)
    add(store, "b.jpg", "b.cr2")
    assert items(store) == {name: set() for name in ("a.jpg", "a.cr2", "b.jpg", "b.cr2")}
    store.stacks.switch(on=True)
    assert items(store) == {"a.jpg": {"a.cr2"}, "b.jpg": {"b.cr2"}}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "miss", "restore", "move"]), NAMES, NAMES,
        st.sampled_from([1.0, 9.0]), st.sampled_from([None, "one", "two"]),
    ),
    max_size=25,
)  # fmt: skip


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.create(tmp_path_factory.mktemp("walks") / "library.db", Model("fake", "fake"))
    yield store
    store.close()


@pytest.mark.slow
@given(STEPS)
def test_after_each_change_all_rows_are_as_if_compared_at_once(
    walked: Store, steps: list[tuple[str, str, str, float, str | None]]
) -> None:
    root = walked.roots.add(Path(f"/walk{len(walked.roots.all())}"))

    def rows() -> dict[str, Row]:
        return {row.path: row for row in walked.ingest.rows(root.id)}

    for step, path, other, seconds, live_id in steps:
        content = NewContent(
            hashlib.sha256(f"{path} {seconds} {live_id}".encode()).digest(),
            facts(path, seconds, live_id),
            np.ones(8, np.float32),
        )
        match step, rows().get(path):
            case "write", row:
                file = ScannedFile(root.id, path, FileStat(1, 1))
                walked.ingest.record([Outcome(file, row, content)])
            case "miss", Row() as row:
                walked.ingest.record((), missing=[row])
            case "restore", Row() as row:
                walked.ingest.record((), restored=[row])
            case "move", Row() as row if other not in rows():
                file = ScannedFile(root.id, other, FileStat(1, 1))
                walked.ingest.record([Outcome(file, row, row.content_id)])
    query = select(photos, contents.c["format", "duration_s", "live_id"]).join(contents)
    stored = walked.database.all(query.where(photos.c.root_id == root.id))
    present = [row for row in stored if row.missing_since is None]
    expected = stacked(
        [
            StackFile(row.id, root.id, row.path, row.format, row.duration_s, row.live_id)
            for row in present
        ]
    )
    assert {row.id: row.stack_of for row in stored if row.stack_of is not None} == expected


# queries


@pytest.mark.both
def test_filters_on_names_look_at_all_files_of_a_photo(store: Store) -> None:
    add(store, "a.jpg", "a.CR2", "b.jpg", "c.cr2")
    assert found(store, "ext:cr2") == {"a.jpg", "c.cr2"}
    assert found(store, "-ext:cr2") == {"b.jpg"}
    assert found(store, "name:a.c") == {"a.jpg"}
    assert found(store, "stack:off ext:cr2") == {"a.CR2", "c.cr2"}
    assert found(store, "stack:off") == {"a.jpg", "a.CR2", "b.jpg", "c.cr2"}
    assert found(store, "stack:on") == {"a.jpg", "b.jpg", "c.cr2"}
    named = store.search.newest((), 9, called="a.cr2")
    assert [photo.path.name for photo in named] == ["a.jpg"]


@pytest.mark.both
def test_a_photo_of_several_files_counts_once(store: Store) -> None:
    add(store, "a.jpg", "a.cr2", "b.heic", "b.mov", "c.dng")
    counted = store.search.facets()
    assert counted.photos == 3
    assert sum(counted.months.values()) == 3
    suffixes = counted.counts["ext"]
    assert suffixes == {one: len(found(store, f"ext:{one}")) for one in suffixes}
    assert set(suffixes) == {"jpg", "cr2", "heic", "mov", "dng"}
    assert store.status.searchable() == (3, 5)
    (root,) = store.status.roots()
    assert (root.photos, root.files) == (3, 5)
    assert len(store.search.covers()) == 3
