"""Filters that no photo can pass together: said, where the answer would be empty without a word.

Only what follows from their conditions: nothing of which photos there are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Final

import numpy as np

from clipcore.messages import N_, Message
from indexer.errors import QueryError
from indexer.query.cities import distance_km
from indexer.query.conditions import (
    Bound,
    Condition,
    Either,
    EndsWith,
    OneOf,
    Quantity,
    Range,
    Within,
)
from indexer.query.filter_values import Box, Circle, any_of, singles
from indexer.query.filters import FILTERS
from indexer.query.query import Filter, Query

Interval = tuple[float, float]  # from the first, to before the second

TOUCHING_KM: Final = 0.001  # far above what rounding can do


def check(query: Query) -> None:
    """Raises QueryError for two filters of which no photo can pass both."""
    for one, other in combinations(query.filters, 2):
        if exclude_each_other(one, other):
            raise QueryError(_conflict(one, other))


def exclude_each_other(one: Filter, other: Filter) -> bool:
    """Whether it is sure that no photo passes both."""
    if one == replace(other, negated=not other.negated):
        return True
    if _have_nothing_in_common(one, other):
        return True
    if one.negated or other.negated:
        return False
    return all(_are_apart(a, b) for a in _alternatives(one) for b in _alternatives(other))


def _conflict(one: Filter, other: Filter) -> Message:
    first, second = _typed(one), _typed(other)
    if one.name != other.name or one.negated or other.negated or FILTERS[one.name].is_single:
        return Message(N_("no photo can pass both {one} and {other}"), one=first, other=second)
    either = _typed(Filter(one.name, any_of([*singles(one.value), *singles(other.value)])))
    return Message(
        N_("no photo can pass both {one} and {other}: {either} finds those of either"),
        one=first,
        other=second,
        either=either,
    )


def _typed(one: Filter) -> str:
    return str(Query(filters=(one,)))


def _alternatives(one: Filter) -> list[Condition]:
    return list(_parts(FILTERS[one.name].conditions(one.value)))


def _parts(conditions: Collection[Condition]) -> Iterator[Condition]:
    for condition in conditions:
        if isinstance(condition, Either):
            yield from _parts(condition.conditions)
        else:
            yield condition


# what filters leave of a quantity


def _have_nothing_in_common(one: Filter, other: Filter) -> bool:
    """Whether both ask for one quantity, and no value of it will do."""
    first, second = _quantity(one), _quantity(other)
    if first is None or first != second:
        return False
    if one.negated and other.negated and not first.is_universal:
        return False  # both let photos pass of which it is unknown
    return not any(
        max(a[0], b[0]) < min(a[1], b[1]) for a in _left(first, one) for b in _left(first, other)
    )


def _quantity(one: Filter) -> Quantity | None:
    """The only quantity whose values the filter names; None where it asks for more or otherwise."""
    quantities = {
        part.quantity if isinstance(part, Range | OneOf) else None for part in _alternatives(one)
    }
    return quantities.pop() if len(quantities) == 1 else None


def _left(quantity: Quantity, one: Filter) -> list[Interval]:
    """The values of the quantity with which a photo passes."""
    intervals = [interval for part in _alternatives(one) for interval in _intervals(part)]
    return _outside(intervals, quantity) if one.negated else intervals


def _intervals(condition: Condition) -> list[Interval]:
    match condition:
        case Range(_quantity, first, end):
            since = -math.inf if first is None else _number(first)
            return [(since, math.inf if end is None else _number(end))]
        case OneOf(_quantity, numbers):
            return [(number, number + 1) for number in numbers]
    return []


def _number(bound: Bound) -> float:
    return float(bound.toordinal() if isinstance(bound, date) else bound)


def _outside(intervals: Collection[Interval], quantity: Quantity) -> list[Interval]:
    """The values that are in none of them."""
    left = [(quantity.first, quantity.end)]
    for start, end in intervals:
        parts = [(a, min(b, start)) for a, b in left] + [(max(a, end), b) for a, b in left]
        left = [(a, b) for a, b in parts if a < b]
    return left


# what is apart in other ways


def _are_apart(one: Condition, other: Condition) -> bool:
    match one, other:
        case EndsWith(first, a), EndsWith(second, b):
            return first == second and _are_other_endings(a.casefold(), b.casefold())
        case Within(a), Within(b):
            return _are_far_apart(a, b)
    return False


def _are_other_endings(one: str, other: str) -> bool:
    """Whether no text ends in both; one may be the end of the other, as of tar.gz."""
    return not (one.endswith(other) or other.endswith(one))


def _are_far_apart(one: Circle | Box, other: Circle | Box) -> bool:
    if isinstance(one, Box) and isinstance(other, Box):
        heights = (one.south_deg, one.north_deg), (other.south_deg, other.north_deg)
        widths = (one.west_deg, one.east_deg), (other.west_deg, other.east_deg)
        return any(a[1] < b[0] or b[1] < a[0] for a, b in (heights, widths))
    if isinstance(one, Box) or isinstance(other, Box):
        return False
    latitude, longitude = np.array([other.latitude_deg]), np.array([other.longitude_deg])
    (km,) = distance_km(one.latitude_deg, one.longitude_deg, latitude, longitude)
    return bool(km > one.radius_km + other.radius_km + TOUCHING_KM)
