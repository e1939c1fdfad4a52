"""The filters beside the results. What they show is read out of the query text, and what is
chosen is written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from typing import Final

import streamlit as st

from app.i18n.language import LOCALES, _, language, month, number
from app.search.chips import SHAPES, either
from app.search.query_text import readable, value_of, values_of, with_filters
from app.search.suggestions import tree
from app.ui import url_state
from app.ui.component import draw
from app.ui.navigation import map_link
from indexer.query.filter_values import Span, Value, any_of
from indexer.query.query import Query
from indexer.records.results import Facets

MONTHS: Final = 1_200
READ_LAST: Final = "filters_of"  # in the session: the last query that could be read


def filters(facets: Facets) -> None:
    """Fill the sidebar; off, and as it was, while the query cannot be read."""
    with st.sidebar:
        query = readable(url_state.query())
        off = query is None
        if query is None:
            st.caption(_("The filters wait until the query can be read."))
            query = st.session_state.get(READ_LAST, Query())
        st.session_state[READ_LAST] = query
        if len(facets.months) > 1:
            st.subheader(_("When"), anchor=False)
            _dates(query, months_between(facets.months), off=off)
        if len(facets.counts["folder"]) > 1:
            st.subheader(_("Folders"), anchor=False)
            _folders(query, facets, off=off)
        if facets.places and not off:  # a disabled link is too pale to read
            st.subheader(_("Where"), anchor=False)
            map_link(url_state.query(), _("Choose on the map"))
        _choice(query, "camera", _("Camera"), _("Any camera"), facets.counts["camera"], off=off)
        _choice(query, "lens", _("Lens"), _("Any lens"), facets.counts["lens"], off=off)
        _shape(query, facets.counts["shape"], off=off)


def refine(query: Query, **values: Value | None) -> None:
    """Ask the same with these filters."""
    url_state.refine(with_filters(query, **values))


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


def _dates(query: Query, counted: list[tuple[date, int]], *, off: bool) -> None:
    months = [one for one, _photos in counted]
    first, last = span_of(query, months)

    def choose(places: list[int]) -> None:
        start, end = (min(place, len(months) - 1) for place in places)
        after = months[start] if start > 0 else None
        before = _following(months[end]) if end < len(months) - 1 else None
        refine(query, after=after, before=before, year=None)

    data = {
        "months": [(month(one), photos) for one, photos in counted],
        "first": first,
        "last": last,
        "off": off,
        "words": {"first": _("First month"), "last": _("Last month")},
    }
    draw("search/dates", "dates", data, {"span": choose})


def _following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _folders(query: Query, facets: Facets, *, off: bool) -> None:
    data = {
        "folders": sorted(tree(facets).items(), key=lambda one: one[0].casefold()),
        "chosen": values_of(query, "folder"),
        "locale": LOCALES[language()].replace("_", "-"),
        "off": off,
        "words": {"unfold": _("Folders in {folder}")},
    }
    handlers = {"chosen": lambda path: refine(query, folder=path or None)}
    draw("search/folder_tree", "folder_tree", data, handlers)


def _choice(
    query: Query, name: str, label: str, anything: str, counts: Mapping[str, int], *, off: bool
) -> None:
    """One of the names that the photos have; or what was typed, which may be a part of one."""
    asked = [str(one) for one in values_of(query, name)]
    if len(counts) < 2 and not asked:
        return
    known = {option.casefold(): option for option in counts}
    names = [known.get(one.casefold(), one) for one in asked]
    chosen = reduce(either, names) if names else None
    options = [*counts, *([chosen] if chosen is not None and chosen not in counts else [])]
    key = f"filter_{name}"
    _set(key, chosen)
    st.selectbox(
        label,
        options,
        index=None,
        key=key,
        placeholder=anything,
        disabled=off,
        format_func=_with_count(counts),
        on_change=_choose,
        args=(query, name, chosen),
    )


def _shape(query: Query, counts: Mapping[str, int], *, off: bool) -> None:
    if len(counts) < 2:
        return
    shapes = [shape for shape in SHAPES if shape in counts]
    asked = values_of(query, "shape")
    chosen = [shape for shape in shapes if shape in asked]
    _set("filter_shape", chosen)
    st.pills(
        _("Shape"),
        shapes,
        selection_mode="multi",
        key="filter_shape",
        format_func=lambda shape: _(SHAPES[shape]),
        disabled=off,
        on_change=_choose,
        args=(query, "shape", chosen),
    )


def _choose(query: Query, name: str, shown: str | list[str] | None) -> None:
    """Take the filter's choice into the query, unless it is what was shown: Streamlit calls of
    that, too, once it had forgotten it."""
    chosen = st.session_state[f"filter_{name}"]
    values, before = (one if isinstance(one, list) else [one] for one in (chosen, shown))
    if set(values) != set(before):
        wanted = [one for one in values if one is not None]
        refine(query, **{name: any_of(wanted) if wanted else None})


def _with_count(counts: Mapping[str, int]) -> Callable[[str], str]:
    return lambda name: f"{name} · {number(counts[name])}" if name in counts else name


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value
