"""What the filters demand of a photo, by whole numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.query.conditions import Condition, Either, Range
from indexer.query.filters import FILTERS, SHAPES

sides = st.integers(1, 30_000)


def holds(condition: Condition, value: float) -> bool:
    if isinstance(condition, Either):
        return any(holds(one, value) for one in condition.conditions)
    assert isinstance(condition, Range)
    first, end = condition.first, condition.end
    return (-math.inf if first is None else first) <= value < (math.inf if end is None else end)


@given(sides, sides)
@example(2000, 2100)
@example(2100, 2000)
@example(1000, 2000)
@example(2000, 1000)
@example(7, 7)
def test_shapes_are_exact_at_their_bounds(width: int, height: int) -> None:
    shapes = {shape for shape, condition in SHAPES.items() if holds(condition, width / height)}
    upright = 20 * height >= 21 * width
    lying = 20 * width >= 21 * height
    assert shapes - {"panorama"} == {
        "portrait" if upright else "landscape" if lying else "square",
    }
    assert ("panorama" in shapes) == (max(width, height) >= 2 * min(width, height))


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_the_name_is_what_the_query_language_takes_for_one(name: str) -> None:
    assert name.isascii()
    assert name.isalpha()
    assert name.islower()
    assert FILTERS[name].name == name
