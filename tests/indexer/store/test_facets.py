"""What is counted is what the filters find."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.engine import URL

from indexer.query.filter_values import Box
from indexer.query.query import Filter, parse
from indexer.records.changes import ScannedFile
from indexer.records.models import Model
from indexer.records.photos import Facts, FileStat
from indexer.records.results import CELLS_PER_DEG
from indexer.store.outcomes import NewContent, Outcome
from indexer.store.store import Store
from tests.depth import at_depth

pytestmark = pytest.mark.both

MTIME_NS = 1_500_000_000_000_000_000  # in July 2017, wherever one is


def facts(number: int) -> Facts:
    return Facts(
        width_px=(4000, 3000, 2000, 6000)[number % 4],
        height_px=(3000, 4000, 2000, 1500)[number % 4],
        format="JPEG",
        taken_at=datetime(2015 + number % 3, 1 + number % 2, 28) if number % 3 else None,
        camera=(None, "NIKON D750", "Canon")[number % 3],
        lens="50mm" if number % 5 == 0 else None,
        latitude_deg=48.858 + number * 1e-4 if number < 4 else None,
        longitude_deg=2.294 if number < 4 else None,
    )


def outcome(root_id: int, number: int) -> Outcome:
    path = f"{('Italy 2019/Rome/', 'Россия/', '')[number % 3]}{number}.{('jpg', 'PNG')[number % 2]}"
    content = NewContent(
        hashlib.sha256(bytes([number])).digest(), facts(number), np.ones(8, np.float32)
    )
    return Outcome(ScannedFile(root_id, path, FileStat(1, MTIME_NS)), None, content)


@pytest.fixture
def store(database: Path | URL, tmp_path: Path) -> Iterator[Store]:
    store = Store.create(database, Model("fake", "fake"))
    root = store.roots.add(tmp_path / "Pictures")
    store.ingest.record(outcome(root.id, number) for number in range(13))
    store.ingest.record(
        (), missing=[row for row in store.ingest.rows(root.id) if Path(row.path).stem == "12"]
    )
    yield store
    store.close()


def test_photos_dated_by_their_file_are_newest_first_within_a_second(
    database: Path | URL, tmp_path: Path
) -> None:
    store = Store.create(database, Model("fake", "fake"))
    root = store.roots.add(tmp_path / "Pictures")
    for number, later_ns in enumerate((300_000_000, 100, 900_000_000, 200)):
        stat = FileStat(1, MTIME_NS + later_ns)
        content = NewContent(bytes(31) + bytes([number]), facts(0), np.ones(8, np.float32))
        store.ingest.record([Outcome(ScannedFile(root.id, f"{later_ns}.jpg", stat), None, content)])
    names = [photo.path.name for photo in store.search.newest((), 100)]
    assert names == ["900000000.jpg", "300000000.jpg", "200.jpg", "100.jpg"]
    store.close()


def found(store: Store, query: str) -> int:
    return len(store.search.newest(parse(query).filters, 100))


def test_each_count_is_the_number_of_photos_that_the_filter_finds(store: Store) -> None:
    facets = store.search.facets()
    assert facets.photos == found(store, "after:1800") == 12
    assert set(facets.counts) == {"folder", "camera", "lens", "shape", "ext", "type"}
    for name, counts in facets.counts.items():
        assert counts, name
        for value, photos in counts.items():
            if name == "folder":  # the filter takes what lies further down too
                photos = sum(of for path, of in counts.items() if path.startswith(value))
            assert photos == found(store, f'{name}:"{value}"'), (name, value)
    for month, photos in facets.months.items():
        year, number = map(int, month.split("-"))
        assert photos == found(store, f"year:{year} month:{number}"), month


def test_photos_near_one_another_are_one_place(store: Store) -> None:
    (place,) = store.search.facets().places
    assert place.photos == 4
    assert (place.latitude_deg, place.longitude_deg) == pytest.approx((48.85815, 2.294))


EDGES = [
    *(
        (degree + minute / 60, -degree - minute / 60)
        for degree in (0, 48, 71)
        for minute in range(60)
    ),
    *((90.0, 180.0), (-90.0, -180.0), (89.975, -179.975), (-0.05, 0.1), (0.15, 0.3), (48.85, 2.35)),
    *((edge / 20, edge / 20 + 1e-15) for edge in range(-1800, 1801, 97)),
]


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", *at_depth("postgres")], indirect=True)
def test_a_place_has_as_many_photos_as_its_box_finds(database: Path | URL, tmp_path: Path) -> None:
    store = Store.create(database, Model("fake", "fake"))
    root = store.roots.add(tmp_path / "Pictures")
    for number, (latitude, longitude) in enumerate(EDGES):
        at = replace(facts(0), latitude_deg=latitude, longitude_deg=longitude)
        content = NewContent(number.to_bytes(32, "big"), at, np.ones(8, np.float32))
        store.ingest.record(
            [Outcome(ScannedFile(root.id, f"{number}.jpg", FileStat(1, 1)), None, content)]
        )
    places = store.search.facets().places
    assert sum(place.photos for place in places) == len(EDGES)
    for place in places:
        south, west = place.row / CELLS_PER_DEG, place.column / CELLS_PER_DEG
        north = min(90.0, (place.row + 1) / CELLS_PER_DEG)
        east = min(180.0, (place.column + 1) / CELLS_PER_DEG)
        box = Filter("near", Box(south, west, north, east))
        assert len(store.search.newest((box,), 1000)) == place.photos, place
    store.close()


def test_an_empty_library_has_nothing_to_count(database: Path | URL) -> None:
    store = Store.create(database, Model("fake", "fake"))
    facets = store.search.facets()
    assert (facets.photos, facets.months, facets.places) == (0, {}, ())
    store.close()
