"""The form of a filter's view: all that the page shows of one filter.

filter_views.py has the views themselves; what a filter means is its spec in indexer/query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from app.i18n.language import _
from indexer.query.filter_values import Single
from indexer.query.query import Filter, Query
from indexer.records.results import Facets

T = TypeVar("T", bound=Single)

COUNTED: Final = 300  # values of one facet that are suggested

# What is put into the query, its label, and how many photos have it; 0 where it is not counted.
Candidate = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Icon:
    """A name, and the path of an SVG of 24 by 24; without one it is an icon of query_box.js."""

    name: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Sidebar:
    """What the widgets of the sidebar are drawn from; `is_off` while the query cannot be read."""

    query: Query
    facets: Facets
    is_off: bool


Widget = Callable[[Sidebar], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterView(Generic[T]):
    """The view of the filter with this name."""

    name: str
    icon: Icon
    words: Callable[[T], str]  # for one value, in the visitor's language
    hint: str | None = None  # marked by N_(): what the bare name asks for, where it is suggested
    widget: Widget | None = None  # in the sidebar
    candidates: Callable[[Facets], Iterable[Candidate]] = lambda _facets: ()


def candidate(label: str, photos: int, *filters: Filter) -> Candidate:
    """One that asks for these filters."""
    return f"{Query(filters=filters)} ", label, photos


def counted(name: str, words: Callable[[Any], str]) -> Callable[[Facets], Iterator[Candidate]]:
    """The values of the filter's facet, those of most photos first."""

    def candidates(facets: Facets) -> Iterator[Candidate]:
        for value, photos in list(facets.counts[name].items())[:COUNTED]:
            yield candidate(words(value), photos, Filter(name, value))

    return candidates


def either(one: str, other: str) -> str:
    """Two names of which one will do."""
    return _("{one} or {other}").format(one=one, other=other)
