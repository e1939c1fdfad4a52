"""Counts of the facts that photos share: months, folders, cameras, places ...

Statements look at each present photo once, and at the files in whose place others are shown;
search_store.py runs them, their rows are summed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Select, case, func, select

from indexer.query.filter_spec import ByChoice, ByValue, FilterSpec, always
from indexer.query.filters import FILTERS
from indexer.records.photos import Root
from indexer.records.results import Facets, Place
from indexer.store.filter_sql import cell, clause, photo_time, value_of
from indexer.store.rows import PRESENT, SHOWN
from indexer.store.schema import contents, photos

MONTHS: Final = "month"  # the column with "2019-06"


def kinds_of_photos(roots: Collection[Root]) -> Select[Any]:
    """A row, with its number of photos, for each kind that differs in any of the columns."""
    kind: dict[str, Any] = {MONTHS: func.substr(photo_time, 1, len("2019-06"))}
    return _counted(kind | _columns(FILTERS, roots), func.count()).where(SHOWN)


def kinds_of_others(roots: Collection[Root]) -> Select[Any]:
    """The same for files in whose place others are shown, by the filters that look at them too."""
    each_once = func.count(photos.c.stack_of.distinct())
    return _counted(_columns(FILTERS, roots, of_others=True), each_once).where(~SHOWN)


def _columns(
    specs: Mapping[str, FilterSpec[Any]], roots: Collection[Root], *, of_others: bool = False
) -> dict[str, Any]:
    """What these filters count by; `of_others`: only what counts of any file of a photo."""
    kind: dict[str, Any] = {}
    for name, spec in specs.items():
        match spec.facet:
            case ByValue(quantity) if not of_others or spec.of_any_file is always:
                kind[_label(name)] = value_of(quantity, roots)
            case ByChoice(choices):
                for at, choice in enumerate(choices):
                    if of_others and not spec.of_any_file(choice):
                        continue
                    holds = clause(spec.condition(choice), roots)
                    kind[_label(name, at)] = case((holds, 1), else_=0)
    return kind


def _label(name: str, choice: int | None = None) -> str:
    """The name of the column for a filter, or for one of its choices; none of a table."""
    return f"by_{name}" if choice is None else f"by_{name}_{choice}"


def cells_with_photos() -> Select[Any]:
    """A row, with its number of photos and the mean of their positions, for each small area."""
    latitude, longitude = contents.c.latitude_deg, contents.c.longitude_deg
    return (
        _counted({"cell_row": cell(latitude), "cell_column": cell(longitude)}, func.count())
        .add_columns(
            func.avg(latitude).label("latitude_deg"), func.avg(longitude).label("longitude_deg")
        )
        .where(latitude.is_not(None), longitude.is_not(None), SHOWN)
    )


def _counted(columns: Mapping[str, Any], count: Any) -> Select[Any]:
    named = [column.label(name) for name, column in columns.items()]
    return (
        select(*named, count.label("photos"))
        .select_from(photos)
        .join(contents, contents.c.id == photos.c.content_id)
        .where(PRESENT)
        .group_by(*named)
    )


def summed(kinds: Iterable[Any], others: Iterable[Any], cells: Iterable[Any]) -> Facets:
    """The facets, from the rows of the three statements."""
    months = Counter[str]()
    counters = {name: Counter[Any]() for name, spec in FILTERS.items() if spec.facet}
    for row in kinds:
        if row._mapping[MONTHS] is not None:
            months[row._mapping[MONTHS]] += row.photos
        _add(counters, row)
    for row in others:
        _add(counters, row)
    places = [
        Place(
            *(one.latitude_deg, one.longitude_deg, one.photos),
            *(int(one.cell_row), int(one.cell_column)),
        )
        for one in cells
    ]
    return Facets(
        photos=months.total(),
        months=dict(sorted(months.items())),
        counts={name: _in_order(name, counter) for name, counter in counters.items()},
        places=tuple(sorted(places, key=lambda place: -place.photos)),
    )


def _add(counters: Mapping[str, Counter[Any]], row: Any) -> None:
    for name, counter in counters.items():
        for value in _values(name, row._mapping):
            counter[value] += row.photos


def _values(name: str, columns: Mapping[str, Any]) -> list[Any]:
    """The values of the filter with which it finds the photos of a row."""
    match FILTERS[name].facet:
        case ByValue(_quantity, read):
            known = columns.get(_label(name))
            return [] if known is None else [read(known)]
        case ByChoice(choices):
            return [choice for at, choice in enumerate(choices) if columns.get(_label(name, at))]
    return []


def _in_order(name: str, counter: Counter[Any]) -> dict[Any, int]:
    facet: Any = FILTERS[name].facet
    by_value = isinstance(facet, ByValue) and facet.in_order
    return dict(sorted(counter.items()) if by_value else counter.most_common())
