"""Searching equals brute force, whatever the filter; the order is total."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import URL

from indexer.arrays import FloatArray
from indexer.index.contract import Index
from indexer.index.faiss_index import VectorIndex
from indexer.index.live import catch_up
from indexer.index.pgvector_index import PgIndex
from indexer.index.policy import IndexPolicy
from indexer.query.query import Filter, Term, Text, parse
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat, Photo
from indexer.search.ranking import nearest
from indexer.search.relevance import Calibration
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.schema import STORED
from indexer.store.store import Store
from tests.conftest import DATABASES, database_on
from tests.depth import deeper

pytestmark = pytest.mark.both

DIM = 8
PHOTOS = 60
rng = np.random.default_rng(0)


def unit_rows(count: int, seed: int) -> FloatArray:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass(frozen=True)
class Filled:
    """A store, its index, and the same photos with their stored vectors in plain memory."""

    store: Store
    index: Index
    photos: list[Photo]
    vectors: dict[int, FloatArray]


def some_facts(number: int) -> Facts:
    return Facts(
        width_px=(4000, 3000, 2000, 6000)[number % 4],
        height_px=(3000, 4000, 2000, 1500)[number % 4],
        format="DNG" if number % 4 == 1 else "JPEG",
        taken_at=datetime(2015 + number % 7, 1 + number % 12, 28) if number % 3 else None,
        camera=(None, "NIKON D750", "Canon EOS R")[number % 3],
        lens="Nikkor 50mm" if number % 5 == 0 else None,
        latitude_deg=(48.858 + number / 100 if number % 2 else None),
        # libraries of older versions have half places
        longitude_deg=(
            179.9 + number / 100 + (-360 if number > 10 else 0)
            if number % 2 and number % 10 != 5
            else None
        ),
    )


@pytest.fixture(scope="module", params=DATABASES)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    place = tmp_path_factory.mktemp("search")
    with database_on(request, place) as database:
        yield from fill(Store.create(database, Model("fake", "fake")), place / "Pictures")


def index_of(store: Store) -> Index:
    """The index that a library with this store has."""
    if store.database.is_shared:
        return PgIndex(store, DIM, IndexPolicy()).current(store.database.change_token())
    index = VectorIndex(DIM)
    catch_up(index, store)
    return index


def fill(store: Store, pictures: Path) -> Iterator[Filled]:
    root = store.roots.add(pictures)
    vectors = unit_rows(PHOTOS, 1)
    vectors[10:20] = vectors[10]  # equal scores, whatever the query
    stored = vectors.astype(STORED).astype(np.float32)
    outcomes = []
    for number in range(PHOTOS):
        folder = ("Italy 2019/Rome", "Россия", "x", "Screenshots")[number % 4]
        path = f"{folder}/{number}.{'JPG' if number % 2 else 'heic'}"
        mtime = datetime(2012 + number % 9, 1 + number % 12, 3, 12).timestamp()
        found = ScannedFile(root.id, path, FileStat(1000, int(mtime * 1e9)))
        sha256 = hashlib.sha256(str(number).encode()).digest()
        content = NewContent(sha256, some_facts(number), vectors[number])
        outcomes.append(Outcome(found, None, content=content))
    store.ingest.record(outcomes)
    gone = [row for row in store.ingest.rows(root.id) if row.id % 11 == 0]
    store.ingest.record([], missing=gone)
    photos = [store.search.photo(number + 1) for number in range(PHOTOS)]
    yield Filled(
        store, index_of(store), photos, {photo.id: stored[photo.id - 1] for photo in photos}
    )
    store.close()


def scale(texts: int = 20) -> Any:
    return Calibration(unit_rows(texts, 5), unit_rows(texts, 6)).scale([Term(Text("dog"))])


def kilometres(photo: Photo, latitude: float, longitude: float) -> float:
    """The distance by the law of cosines, another formula than the one under test."""
    facts = photo.facts
    if facts.latitude_deg is None or facts.longitude_deg is None:
        return math.inf
    north, other = math.radians(latitude), math.radians(facts.latitude_deg)
    turn = math.radians(facts.longitude_deg - longitude)
    cosine = math.sin(north) * math.sin(other) + math.cos(north) * math.cos(other) * math.cos(turn)
    return 6371.0088 * math.acos(min(1.0, cosine))


Rule = Callable[[Photo], bool]
RULES: dict[str, Rule] = {
    "after:2019-06": lambda photo: photo.date >= datetime(2019, 6, 1),
    "before:2018": lambda photo: photo.date < datetime(2018, 1, 1),
    "year:2017": lambda photo: photo.date.year == 2017,
    "month:3": lambda photo: photo.date.month == 3,
    'folder:"italy 2019"': lambda photo: "Italy 2019" in photo.path.parts,
    "folder:РОССИЯ": lambda photo: "Россия" in photo.path.parts,
    "folder:2019/rome": lambda photo: photo.path.parent.name == "Rome",
    "folder:pictures": lambda photo: True,
    "folder:%": lambda photo: False,
    "folder:rome,x": lambda photo: photo.path.parent.name in ("Rome", "x"),
    "year:2016..2018": lambda photo: 2016 <= photo.date.year <= 2018,
    "year:..2014": lambda photo: photo.date.year <= 2014,
    "year:2013,2019..": lambda photo: photo.date.year == 2013 or photo.date.year >= 2019,
    "month:11..2": lambda photo: photo.date.month in (11, 12, 1, 2),
    "month:march,5": lambda photo: photo.date.month in (3, 5),
    "name:1": lambda photo: "1" in photo.path.stem,
    "name:9.jpg,9.HEIC": lambda photo: photo.path.stem[-1] == "9",
    "name:rome": lambda photo: False,
    "camera:nikon,canon": lambda photo: photo.facts.camera is not None,
    "shape:square,portrait": lambda photo: photo.facts.height_px >= photo.facts.width_px,
    "camera:nikon": lambda photo: photo.facts.camera == "NIKON D750",
    "lens:50MM": lambda photo: photo.facts.lens is not None,
    "ext:jpg": lambda photo: photo.path.suffix == ".JPG",
    "ext:.HEIC": lambda photo: photo.path.suffix == ".heic",
    "type:photo": lambda photo: True,
    "type:video": lambda photo: False,
    "type:raw,video": lambda photo: photo.facts.format == "DNG",
    "shape:portrait": lambda photo: photo.facts.height_px > photo.facts.width_px,
    "shape:landscape": lambda photo: photo.facts.width_px > photo.facts.height_px,
    "shape:square": lambda photo: photo.facts.width_px == photo.facts.height_px,
    "shape:panorama": lambda photo: photo.facts.width_px == 6000,
    "larger:8mp": lambda photo: photo.facts.width_px * photo.facts.height_px >= 8e6,
    "near:48.9,180,20km": lambda photo: kilometres(photo, 48.9, 180) <= 20,
    "near:48.9,-179.9,3000m": lambda photo: kilometres(photo, 48.9, -179.9) <= 3,
    "near:89.9,0,4600km": lambda photo: kilometres(photo, 89.9, 0) <= 4600,
    "near:48.85..48.9,2..180": lambda photo: (
        None not in (photo.facts.latitude_deg, photo.facts.longitude_deg)
        and 48.85 <= photo.facts.latitude_deg < 48.9
        and photo.facts.longitude_deg >= 2
    ),
    "has:gps": lambda photo: None not in (photo.facts.latitude_deg, photo.facts.longitude_deg),
    "has:date": lambda photo: photo.facts.taken_at is not None,
    "has:camera": lambda photo: photo.facts.camera is not None,
    "has:lens": lambda photo: photo.facts.lens is not None,
}


def passing(filled: Filled, rules: list[tuple[str, bool]]) -> list[Photo]:
    return [
        photo
        for photo in filled.photos
        if photo.missing_since is None
        and all(RULES[typed](photo) is not negated for typed, negated in rules)
    ]


def filters(rules: list[tuple[str, bool]]) -> tuple[Filter, ...]:
    typed = " ".join(f"{'-' if negated else ''}{rule}" for rule, negated in rules)
    return parse(typed).filters if typed else ()


rules = st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.booleans()), max_size=2)


@pytest.mark.slow
@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_filter_means_what_it_says(filled: Filled, rule: str, negated: bool) -> None:
    listed = filled.store.search.newest(filters([(rule, negated)]), PHOTOS)
    wanted = passing(filled, [(rule, negated)])
    assert {photo.id for photo in listed} == {photo.id for photo in wanted}


def test_filters_alone_list_newest_first_and_equal_dates_by_number(filled: Filled) -> None:
    listed = filled.store.search.newest([Filter("folder", "Pictures")], PHOTOS)
    wanted = sorted(passing(filled, []), key=lambda photo: photo.id)
    assert listed == sorted(wanted, key=lambda photo: photo.date, reverse=True)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("7", [7]),
        ("7.jpg", [7]),
        ("7.JPG", [7]),
        ("7.heic", []),
        ("Rome", []),
        ("5.", []),
        ("_", []),
    ],
)
def test_a_file_is_found_by_its_whole_name(filled: Filled, name: str, numbers: list[int]) -> None:
    found = filled.store.search.newest((), PHOTOS, called=name)
    assert [photo.id - 1 for photo in found] == numbers
    assert filled.store.search.newest(parse("year:1900").filters, PHOTOS, called=name) == []


def test_a_photo_is_found_by_where_it_lies(filled: Filled) -> None:
    photo = filled.photos[3]
    assert filled.store.search.photo_at(photo.path) == photo
    assert filled.store.search.photo_at(photo.path.parent) is None
    assert filled.store.search.photo_at(Path("/elsewhere.jpg")) is None


@pytest.mark.slow
@settings(max_examples=deeper(20))
@given(rules=rules, top=st.integers(1, 70), seed=st.integers(0, 1000))
def test_search_equals_brute_force(
    filled: Filled, rules: list[tuple[str, bool]], top: int, seed: int
) -> None:
    (query,) = unit_rows(1, seed)
    found = nearest(query, filled.index, filled.store, scale(), top, filters(rules))
    scores = {photo.id: filled.vectors[photo.id] @ query for photo in passing(filled, rules)}
    np.testing.assert_allclose(
        [one.score for one in found], sorted(scores.values(), reverse=True)[:top], atol=1e-3
    )
    for one in found:
        assert one.score == pytest.approx(scores[one.photo.id], abs=1e-3)
    order = [(-one.score, one.photo.id) for one in found]
    assert order == sorted(order)


@pytest.mark.parametrize("typed", ["", "has:gps"])
def test_ties_are_cut_by_photo_number(filled: Filled, typed: str) -> None:
    query = filled.vectors[11]  # equal to ten photos
    among = parse(typed).filters if typed else ()
    equal = [
        photo.id
        for photo in passing(filled, [(typed, False)] if typed else [])
        if np.array_equal(filled.vectors[photo.id], query)
    ]
    for top in range(1, len(equal) + 1):
        found = nearest(query, filled.index, filled.store, scale(), top, among)
        assert [one.photo.id for one in found] == equal[:top]


def test_copy_outside_the_folder_is_no_hit(database: Path | URL, tmp_path: Path) -> None:
    store = Store.create(database, Model("fake", "fake"))
    root = store.roots.add(tmp_path)
    content = NewContent(b"x" * 32, some_facts(1), unit_rows(1, 3)[0])
    stat = FileStat(1, 1)
    store.ingest.record([Outcome(ScannedFile(root.id, "a/1.jpg", stat), None, content=content)])
    store.ingest.record([Outcome(ScannedFile(root.id, "b/1.jpg", stat), None, content=1)])
    found = nearest(
        unit_rows(1, 4)[0], index_of(store), store, scale(), 10, parse("-folder:/a/").filters
    )
    assert [one.photo.path.name for one in found] == ["1.jpg"]
    assert found[0].photo.path.parent.name == "b"
    store.close()
