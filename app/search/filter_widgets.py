"""Widgets of the sidebar that suit any filter with a facet: a list to choose from, and pills.

What they show is read out of the query text, and what is chosen is written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import streamlit as st

from app.i18n.language import _, number
from app.search.filter_view import Sidebar, Widget, either
from app.search.query_text import values_of, with_filters
from app.ui import url_state
from indexer.query.filter_spec import ByChoice
from indexer.query.filter_values import Value, any_of
from indexer.query.filters import FILTERS
from indexer.query.query import Query


def refine(query: Query, **values: Value | None) -> None:
    """Ask the same with these filters."""
    url_state.refine(with_filters(query, **values))


def choice(name: str, label: str, anything: str) -> Widget:
    """One of the names that the photos have; or what was typed, which may be a part of one.

    `label` and `anything`, which stands where none is chosen, are marked by N_().
    """

    def draw(sidebar: Sidebar) -> None:
        counts = sidebar.facets.counts[name]
        typed = [str(one) for one in values_of(sidebar.query, name)]
        if len(counts) < 2 and not typed:
            return
        known = {option.casefold(): option for option in counts}
        names = [known.get(one.casefold(), one) for one in typed]
        chosen = reduce(either, names) if names else None
        options = [*counts, *([chosen] if chosen is not None and chosen not in counts else [])]
        st.selectbox(
            _(label),
            options,
            index=None,
            key=_show(name, chosen),
            placeholder=_(anything),
            disabled=sidebar.is_off,
            format_func=_with_count(counts),
            on_change=_choose,
            args=(sidebar.query, name, chosen),
        )

    return draw


def pills(name: str, label: str, words: Callable[[Any], str]) -> Widget:
    """All values that the photos have, side by side, of which several may be chosen."""

    def draw(sidebar: Sidebar) -> None:
        counts = sidebar.facets.counts[name]
        if len(counts) < 2:
            return
        options = _in_order(name, counts)
        chosen = [one for one in options if one in values_of(sidebar.query, name)]
        st.pills(
            _(label),
            options,
            selection_mode="multi",
            key=_show(name, chosen),
            format_func=words,
            disabled=sidebar.is_off,
            on_change=_choose,
            args=(sidebar.query, name, chosen),
        )

    return draw


def _in_order(name: str, counts: Mapping[Any, int]) -> list[Any]:
    facet = FILTERS[name].facet
    return [
        one for one in (facet.choices if isinstance(facet, ByChoice) else counts) if one in counts
    ]


def _choose(query: Query, name: str, shown: str | list[Any] | None) -> None:
    """Take the filter's choice into the query, unless it is what was shown: Streamlit calls of
    that, too, once it had forgotten it."""
    chosen = st.session_state[_key(name)]
    values, before = (one if isinstance(one, list) else [one] for one in (chosen, shown))
    if set(values) != set(before):
        wanted = [one for one in values if one is not None]
        refine(query, **{name: any_of(wanted) if wanted else None})


def _with_count(counts: Mapping[str, int]) -> Callable[[str], str]:
    return lambda name: f"{name} · {number(counts[name])}" if name in counts else name


def _show(name: str, value: object) -> str:
    """The key of the widget, which shows this value from now on."""
    key = _key(name)
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return key


def _key(name: str) -> str:
    return f"filter_{name}"
