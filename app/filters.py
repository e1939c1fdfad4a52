"""The filters beside the results. What they show is read out of the query text, and what is
chosen is written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import streamlit as st

from app import address
from app.chips import SHAPES
from app.component import draw
from app.language import LOCALES, _, language, month, number
from app.pages import map_link
from app.query_text import readable, value_of, with_filters
from app.suggestions import tree
from indexer.query import Query, Value
from indexer.records import Facets

MONTHS: Final = 1_200


def filters(facets: Facets) -> None:
    """Fill the sidebar."""
    with st.sidebar:
        query = readable(address.query())
        if query is None:
            st.caption(_("The filters wait until the query can be read."))
            return
        if len(facets.months) > 1:
            st.subheader(_("When"), anchor=False)
            _dates(query, months_between(facets.months))
        if len(facets.folders) > 1:
            st.subheader(_("Folders"), anchor=False)
            _folders(query, facets)
        if facets.places:
            st.subheader(_("Where"), anchor=False)
            map_link(address.query(), _("Choose on the map"))
        _choice(query, "camera", _("Camera"), _("Any camera"), facets.cameras)
        _choice(query, "lens", _("Lens"), _("Any lens"), facets.lenses)
        _shape(query, facets.shapes)


def refine(query: Query, **values: Value | None) -> None:
    """Ask the same with these filters."""
    address.refine(with_filters(query, **values))


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
    year = value_of(query, "year")
    if isinstance(year, int):
        after, before = after or date(year, 1, 1), before or date(year + 1, 1, 1)
    end = len(months) - 1
    first = sum(one <= after for one in months) - 1 if isinstance(after, date) else 0
    last = sum(one < before for one in months) - 1 if isinstance(before, date) else end
    return min(max(first, 0), end), min(max(last, 0), end)


def _dates(query: Query, counted: list[tuple[date, int]]) -> None:
    months = [one for one, _photos in counted]
    first, last = span_of(query, months)

    def choose(places: list[int]) -> None:
        start, end = places
        after = months[start] if start > 0 else None
        before = _following(months[end]) if end < len(months) - 1 else None
        refine(query, after=after, before=before, year=None)

    data = {
        "months": [(month(one), photos) for one, photos in counted],
        "first": first,
        "last": last,
        "words": {"first": _("First month"), "last": _("Last month")},
    }
    draw("dates", "dates", data, {"span": choose})


def _following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _folders(query: Query, facets: Facets) -> None:
    data = {
        "folders": sorted(tree(facets).items(), key=lambda one: one[0].casefold()),
        "chosen": value_of(query, "folder"),
        "locale": LOCALES[language()].replace("_", "-"),
        "words": {"unfold": _("Folders in {folder}")},
    }
    hears = {"chosen": lambda path: refine(query, folder=path or None)}
    draw("folder_tree", "folder_tree", data, hears)


def _choice(query: Query, name: str, label: str, anything: str, counts: Mapping[str, int]) -> None:
    """One of the names that the photos have; or what was typed, which may be a part of one."""
    asked = value_of(query, name)
    if len(counts) < 2 and asked is None:
        return
    known = {option.casefold(): option for option in counts}
    chosen = None if asked is None else known.get(str(asked).casefold(), str(asked))
    options = [*counts, *([chosen] if chosen is not None and chosen not in counts else [])]
    key = f"filter_{name}"
    _set(key, chosen)
    st.selectbox(
        label,
        options,
        index=None,
        key=key,
        placeholder=anything,
        format_func=_with_count(counts),
        on_change=_choose,
        args=(query, name, chosen),
    )


def _shape(query: Query, counts: Mapping[str, int]) -> None:
    if len(counts) < 2:
        return
    asked = value_of(query, "shape")
    chosen = asked if asked in counts else None
    _set("filter_shape", chosen)
    st.pills(
        _("Shape"),
        [shape for shape in SHAPES if shape in counts],
        key="filter_shape",
        format_func=lambda shape: _(SHAPES[shape]),
        on_change=_choose,
        args=(query, "shape", chosen),
    )


def _choose(query: Query, name: str, shown: Value | None) -> None:
    """Take the filter's choice into the query, unless it is what was shown: Streamlit calls of
    that, too, once it had forgotten it."""
    chosen = st.session_state[f"filter_{name}"]
    if chosen != shown:
        refine(query, **{name: chosen})


def _with_count(counts: Mapping[str, int]) -> Callable[[str], str]:
    return lambda name: f"{name} · {number(counts[name])}" if name in counts else name


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value
