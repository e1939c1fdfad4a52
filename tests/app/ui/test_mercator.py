"""Where on the map a place is, and the outline of the land there."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from app.server import LAND
from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
SCRIPT = "ui/mercator.js"


@pytest.mark.parametrize(
    ("latitude", "longitude", "x", "y"),
    [(0, 0, 0.5, 0.5), (0, -180, 0, 0.5), (85.0511, 180, 1, 0), (90, 180, 1, 0), (-90, 0, 0.5, 1)],
)
def test_the_world_is_a_square(
    scripts: Scripts, latitude: float, longitude: float, x: float, y: float
) -> None:
    at = scripts.call(SCRIPT, "project", latitude, longitude)
    assert at == {"x": pytest.approx(x, abs=1e-6), "y": pytest.approx(y, abs=1e-6)}


def test_places_are_where_the_formula_of_mercator_has_them(scripts: Scripts) -> None:
    for latitude, longitude in ((48.2, 16.4), (-33.9, 151.2), (69.6, -18.9)):
        at = scripts.call(SCRIPT, "project", latitude, longitude)
        radians = math.radians(latitude)
        y = 0.5 - math.asinh(math.tan(radians)) / (2 * math.pi)
        assert at == {"x": pytest.approx(longitude / 360 + 0.5), "y": pytest.approx(y)}


def test_a_view_shows_nothing_beyond_the_poles(scripts: Scripts) -> None:
    for y, shown in ((0.0, 0.25), (0.5, 0.5), (0.9, 0.75)):
        assert scripts.call(SCRIPT, "withinPoles", y, 500, 1000) == shown


def test_a_ring_across_the_date_line_goes_on_beyond_the_square(scripts: Scripts) -> None:
    ring = [{"x": x, "y": 0.5} for x in (0.9, 0.98, 0.02, 0.1, 0.02, 0.98, 0.9)]
    unrolled = scripts.call(SCRIPT, "unrolled", ring)
    assert [at["x"] for at in unrolled] == pytest.approx([0.9, 0.98, 1.02, 1.1, 1.02, 0.98, 0.9])


def test_a_ring_around_the_pole_closes_below_it(scripts: Scripts) -> None:
    ring = [{"x": x, "y": 0.9} for x in (0.1, 0.5, 0.9, 0.1)]
    *_, right, left = scripts.call(SCRIPT, "unrolled", ring)
    assert (right["x"], right["y"], left["x"], left["y"]) == (pytest.approx(1.1), 1, 0.1, 1)


def test_rings_of_the_land_are_whole(scripts: Scripts) -> None:
    topology: dict[str, Any] = json.loads(LAND.read_text("utf-8"))
    rings = scripts.call(SCRIPT, "ringsOf", topology)
    assert len(rings) > 50
    for ring in rings:
        assert ring[0] == ring[-1]
        assert all(0 <= at["y"] <= 1 for at in ring)
