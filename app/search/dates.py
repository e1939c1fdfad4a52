"""Views of the filters of time: a histogram of months, and days in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

import streamlit as st

from app.i18n.language import _, day, month
from app.search.filter_view import Candidate, Sidebar, candidate
from app.search.filter_widgets import refine
from app.search.query_text import value_of, values_of
from app.ui.component import draw
from indexer.query.filter_values import FIRST_YEAR, Span
from indexer.query.query import Filter, Query
from indexer.records.results import Facets

MONTHS: Final = 1_200


def from_day(first: date) -> str:
    """From 5 June 2019."""
    return _("From {date}").format(date=_day_or_month(first, of=first))


def until_day(end: date) -> str:
    """Until 4 June 2019: the day before the one that is typed."""
    last = end - timedelta(days=1) if end > date.min else end
    return _("Until {date}").format(date=_day_or_month(last, of=end))


def _day_or_month(moment: date, *, of: date) -> str:
    """The month, where one begins or ends there, else the day."""
    return month(moment) if of.day == 1 else day(moment)


def years_and_months(facets: Facets) -> Iterator[Candidate]:
    """Those with photos, the latest first."""
    years = Counter[int]()
    for name, photos in facets.months.items():
        years[int(name[:4])] += photos
    typeable = range(FIRST_YEAR, date.today().year + 2)
    for year in sorted(years, reverse=True):
        if year in typeable:
            yield candidate(str(year), years[year], Filter("year", year))
    for name in reversed(list(facets.months)):
        first = date(int(name[:4]), int(name[5:]), 1)
        if first.year in typeable:
            its_filters = (Filter("year", first.year), Filter("month", first.month))
            yield candidate(month(first), facets.months[name], *its_filters)


def months_widget(sidebar: Sidebar) -> None:
    """The histogram, in which a span is chosen."""
    if len(sidebar.facets.months) < 2:
        return
    st.subheader(_("When"), anchor=False)
    counted = months_between(sidebar.facets.months)
    months = [one for one, _photos in counted]
    first, last = span_of(sidebar.query, months)

    def choose(places: list[int]) -> None:
        start, end = (min(place, len(months) - 1) for place in places)
        after = months[start] if start > 0 else None
        before = _following(months[end]) if end < len(months) - 1 else None
        refine(sidebar.query, after=after, before=before, year=None)

    data = {
        "months": [(month(one), photos) for one, photos in counted],
        "first": first,
        "last": last,
        "off": sidebar.is_off,
        "words": {"first": _("First month"), "last": _("Last month")},
    }
    draw("search/dates", "dates", data, {"span": choose})


def months_between(months: Mapping[str, int]) -> list[tuple[date, int]]:
    """All months from the first that has photos to the last, with how many each has.

    MONTHS at most, the last ones: a clock that was set wrong makes no histogram of centuries.
    """
    (first, *_rest, last) = sorted(months)
    start, end = (12 * int(name[:4]) + int(name[5:]) - 1 for name in (first, last))
    named = [date(at // 12, at % 12 + 1, 1) for at in range(max(start, end - MONTHS + 1), end + 1)]
    return [(one, months.get(f"{one:%Y-%m}", 0)) for one in named]


def span_of(query: Query, months: list[date]) -> tuple[int, int]:
    """The places of the first and the last month that the query allows, among these."""
    after, before = value_of(query, "after"), value_of(query, "before")
    first_year, last_year = _years(query)
    after = after or (date(first_year, 1, 1) if first_year else None)
    before = before or (date(last_year + 1, 1, 1) if last_year else None)
    end = len(months) - 1
    first = sum(one <= after for one in months) - 1 if isinstance(after, date) else 0
    last = sum(one < before for one in months) - 1 if isinstance(before, date) else end
    return min(max(first, 0), end), min(max(last, 0), end)


def _years(query: Query) -> tuple[int | None, int | None]:
    """The first and the last year that the query allows; None where it says nothing."""
    years = values_of(query, "year")
    firsts = [one.first if isinstance(one, Span) else one for one in years]
    lasts = [one.last if isinstance(one, Span) else one for one in years]
    first = min((one for one in firsts if isinstance(one, int)), default=None)
    last = max((one for one in lasts if isinstance(one, int)), default=None)
    return None if None in firsts else first, None if None in lasts else last


def _following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
