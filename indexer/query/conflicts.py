"""Filters that no photo can pass together: said, where the answer would be empty without a word.

Only what follows from the query itself: nothing of which photos there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any, Final

import numpy as np

from indexer.errors import QueryError
from indexer.query.cities import distance_km
from indexer.query.filter_values import Circle, Span, any_of, months_of, singles
from indexer.query.query import Filter, Query

Interval = tuple[float, float]  # from the first, to before the second

ALWAYS: Final = (-math.inf, math.inf)
TOUCHING_KM: Final = 0.001  # far above what rounding can do
MONTHS: Final = frozenset(range(1, 13))
# what the sides of a photo may be like: what is twice as long may stand or lie
PROPORTIONS: Final[Mapping[str, frozenset[str]]] = {
    "portrait": frozenset(("high", "twice as high")),
    "landscape": frozenset(("wide", "twice as wide")),
    "square": frozenset(("equal",)),
    "panorama": frozenset(("twice as high", "twice as wide")),
}


def check(query: Query) -> None:
    """Raises QueryError for two filters of which no photo can pass both."""
    for one, other in combinations(query.filters, 2):
        if exclude_each_other(one, other):
            raise QueryError(_told(one, other))


def exclude_each_other(one: Filter, other: Filter) -> bool:
    """Whether it is sure that no photo passes both."""
    if one == replace(other, negated=not other.negated):
        return True
    for meaning in (_days, _months, _shapes, _megapixels):
        if (both := _meanings(meaning, one, other)) and not _meet(*both):
            return True
    if one.name != other.name or one.negated or other.negated:
        return False
    apart = {"ext": _are_other_extensions, "near": _are_apart}.get(one.name)
    return apart is not None and all(
        apart(a, b) for a in singles(one.value) for b in singles(other.value)
    )


def _told(one: Filter, other: Filter) -> str:
    first, second = _typed(one), _typed(other)
    if one.name != other.name or one.negated or other.negated or one.name not in EITHER:
        return f"no photo can pass both {first} and {second}"
    either = _typed(Filter(one.name, any_of([*singles(one.value), *singles(other.value)])))
    return f"no photo can pass both {first} and {second}: {either} finds those of either"


def _typed(one: Filter) -> str:
    return str(Query(filters=(one,)))


EITHER: Final = frozenset(("year", "month", "shape", "ext"))

# What a filter leaves: intervals of a quantity that every photo has, or a set; None: says nothing.
Meaning = Callable[[Filter], "list[Interval] | frozenset[Any] | None"]


def _meanings(meaning: Meaning, one: Filter, other: Filter) -> tuple[Any, Any] | None:
    first, second = meaning(one), meaning(other)
    return None if first is None or second is None else (first, second)


def _meet(one: Any, other: Any) -> bool:
    if isinstance(one, frozenset):
        return bool(one & other)
    return any(max(a[0], b[0]) < min(a[1], b[1]) for a in one for b in other)


def _days(one: Filter) -> list[Interval] | None:
    values = [value for value in singles(one.value) if isinstance(value, (int, date, Span))]
    match one.name:
        case "after":
            found = [(_day(value), math.inf) for value in values]
        case "before":
            found = [(-math.inf, _day(value)) for value in values]
        case "year":
            found = [_years(value) for value in values]
        case _other:
            return None
    return _outside(found) if one.negated else found


def _day(value: Any) -> float:
    return float(value.toordinal())


def _years(value: Any) -> Interval:
    first, last = (value.first, value.last) if isinstance(value, Span) else (value, value)
    return (
        -math.inf if first is None else _day(date(first, 1, 1)),
        math.inf if last is None else _day(date(last, 12, 31) + timedelta(days=1)),
    )


def _outside(intervals: Collection[Interval]) -> list[Interval]:
    """What is in none of them."""
    left = [ALWAYS]
    for start, end in intervals:
        parts = [(a, min(b, start)) for a, b in left] + [(max(a, end), b) for a, b in left]
        left = [(a, b) for a, b in parts if a < b]
    return left


def _months(one: Filter) -> frozenset[int] | None:
    if one.name != "month":
        return None
    meant = frozenset(_every_month(singles(one.value)))
    return MONTHS - meant if one.negated else meant


def _every_month(values: Collection[Any]) -> Iterator[int]:
    for value in values:
        yield from months_of(value)


def _shapes(one: Filter) -> frozenset[str] | None:
    if one.name != "shape":
        return None
    meant = frozenset[str]().union(*(PROPORTIONS[str(shape)] for shape in singles(one.value)))
    return frozenset[str]().union(*PROPORTIONS.values()) - meant if one.negated else meant


def _megapixels(one: Filter) -> list[Interval] | None:
    if one.name != "larger" or not isinstance(one.value, float):
        return None
    return [(-math.inf, one.value)] if one.negated else [(one.value, math.inf)]


def _are_other_extensions(one: Any, other: Any) -> bool:
    """Whether no name ends in both; one may be the end of the other, as of tar.gz."""
    a, b = (f".{str(part).casefold().removeprefix('.')}" for part in (one, other))
    return not (a.endswith(b) or b.endswith(a))


def _are_apart(one: Circle, other: Circle) -> bool:
    latitude, longitude = np.array([other.latitude_deg]), np.array([other.longitude_deg])
    (km,) = distance_km(one.latitude_deg, one.longitude_deg, latitude, longitude)
    return bool(km > one.radius_km + other.radius_km + TOUCHING_KM)
