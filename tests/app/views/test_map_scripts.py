"""Clusters of places at a zoom, and what of the earth the map shows."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
CLUSTERS = "views/clusters.js"
VIEW = "views/map_view.js"
CELLS_PER_DEG = 20
SEEN = {"x": 0.3, "y": 0.4, "scale": 2048, "width": 800, "height": 600}


@pytest.fixture(scope="module")
def places() -> list[list[float]]:
    """Cells, each with the mean of its photos somewhere in it."""
    random.seed(7)
    cells = {(random.randrange(-1700, 1700), random.randrange(-3600, 3600)) for _ in range(400)}
    return [
        [
            (row + random.random()) / CELLS_PER_DEG,
            (column + random.random()) / CELLS_PER_DEG,
            random.randint(1, 50),
            row,
            column,
        ]
        for row, column in sorted(cells)
    ]


@pytest.mark.parametrize("zoom", [0, 3, 6, 17])
def test_each_place_is_in_one_cluster_and_in_the_box_of_no_other(
    scripts: Scripts, places: list[list[float]], zoom: int
) -> None:
    photos, boxes = scripts.run(
        'const { boxOf, clustersAt, projected } = await script("views/clusters.js");'
        "const clusters = clustersAt(projected(given[0], given[1]), given[2]);"
        "return [clusters.map((one) => one.photos), clusters.map(boxOf)];",
        places,
        CELLS_PER_DEG,
        zoom,
    )
    assert sum(photos) == sum(place[2] for place in places)
    for place in places:
        assert sum(within(place, box) for box in boxes) == 1


def within(place: list[float], box: dict[str, int]) -> bool:
    *_, row, column = place
    return box["south"] <= row < box["north"] and box["west"] <= column < box["east"]


def test_there_are_fewer_clusters_the_farther_one_is(
    scripts: Scripts, places: list[list[float]]
) -> None:
    projected = scripts.call(CLUSTERS, "projected", places, CELLS_PER_DEG)
    counts = [len(scripts.call(CLUSTERS, "clustersAt", projected, zoom)) for zoom in (0, 4, 17)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2] == len(places)


def test_degrees_are_of_a_compass(scripts: Scripts) -> None:
    assert scripts.call(CLUSTERS, "degrees", -33.86, "NS") == "33.9° S"
    assert scripts.call(CLUSTERS, "degrees", 16.37, "EW") == "16.4° E"


@pytest.mark.parametrize("factor", [2, 0.7])
def test_what_is_at_the_pointer_stays_there_when_zoomed(scripts: Scripts, factor: float) -> None:
    closer = scripts.call(VIEW, "zoomed", SEEN, factor, 200, 450)
    assert closer["scale"] == SEEN["scale"] * factor
    for axis, size, pixel in (("x", "width", 200), ("y", "height", 450)):
        before, after = (
            view[axis] + (pixel - view[size] / 2) / view["scale"] for view in (SEEN, closer)
        )
        assert after == pytest.approx(before)


def test_a_drag_moves_the_map_with_the_pointer(scripts: Scripts) -> None:
    moved = scripts.call(VIEW, "moved", SEEN, 1024, -512)
    assert (moved["x"], moved["y"]) == (pytest.approx(-0.2), pytest.approx(0.65))


def test_the_view_stays_on_the_earth(scripts: Scripts) -> None:
    far = scripts.call(VIEW, "bounded", {**SEEN, "x": -0.25, "y": 3, "scale": 1})
    assert far == {**SEEN, "x": 0.75, "y": 0.5, "scale": 600}
    near = scripts.call(VIEW, "bounded", {**SEEN, "scale": 1e12})
    assert near["scale"] == 256 * 2**17


def test_everything_is_in_the_view_of_everything(
    scripts: Scripts, places: list[list[float]]
) -> None:
    projected = scripts.call(CLUSTERS, "projected", places, CELLS_PER_DEG)
    view = scripts.call(VIEW, "around", projected, {"width": 800, "height": 600})
    for place in projected:
        assert abs(place["x"] - view["x"]) * view["scale"] <= 400
        assert abs(place["y"] - view["y"]) * view["scale"] <= 300


def test_a_place_is_shown_by_the_nearer_way_round(scripts: Scripts) -> None:
    view = {**SEEN, "x": 0.98}
    at = scripts.call(VIEW, "onScreen", view, {"x": 0.02, "y": 0.4})
    assert at == {"left": pytest.approx(400 + 0.04 * 2048), "top": 300}


@pytest.mark.parametrize("scale", [700, 2048, 3000])
def test_tiles_cover_the_view_and_are_tiles_of_the_earth(scripts: Scripts, scale: float) -> None:
    view = {**SEEN, "x": 0.95, "scale": scale}
    tiles = scripts.call(VIEW, "tilesOf", view)
    assert min(tile["left"] for tile in tiles) <= 0
    assert max(tile["left"] + tile["size"] for tile in tiles) >= view["width"]
    for tile in tiles:
        assert 0 <= tile["x"] < 2 ** tile["z"]
        assert 0 <= tile["y"] < 2 ** tile["z"]
    lefts = sorted({tile["left"] for tile in tiles})
    assert all(b - a == pytest.approx(tiles[0]["size"]) for a, b in pairwise(lefts))
