"""What a query has found: the confident matches, and the others a click away."""

from __future__ import annotations

import streamlit as st

from app import address
from app.grid import grid
from app.language import _, ngettext
from app.plain import plain
from app.said import said
from indexer.errors import PhotoNotFound, QueryError
from indexer.library import Library
from indexer.records import CONFIDENT, Hit, SearchResult


def results(library: Library) -> tuple[Hit, ...]:
    """Search for what the address says and show it; the hits shown."""
    try:
        result = library.search(address.query(), address.count())
    except (QueryError, PhotoNotFound) as error:
        st.error(plain(said(error)), icon=":material/search_off:")
        return ()
    shown = result.hits if address.all_shown() else confident(result.hits)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.caption(told(result, len(shown)), width="content")
        count_choice()
    if shown:
        grid(library, shown)
    the_others(result, len(shown))
    return shown


def confident(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The relevant hits; those of a query of filters alone are all what was asked for."""
    return tuple(hit for hit in hits if hit.strength is None or hit.strength >= CONFIDENT)


def told(result: SearchResult, shown: int) -> str:
    """The answer in one line."""
    took = f"{result.took_ms:.0f} ms"
    if not result.hits:
        return f"{_('No photo was found')} · {took}"
    if result.verdict != "none":
        return f"{ngettext('{count} photo', '{count} photos', shown)} · {took}"
    if not shown:
        return f"{_('No confident match')} · {took}"
    nearest = ngettext(
        "No confident match: the nearest all the same",
        "No confident match: the {count} nearest all the same",
        shown,
    )
    return f"{nearest} · {took}"


def the_others(result: SearchResult, shown: int) -> None:
    """Offer the hits that are not shown, or to leave out again what is no confident match."""
    if hidden := len(result.hits) - shown:
        weaker = ngettext("Show {count} weaker match", "Show {count} weaker matches", hidden)
        label = weaker if shown else _("Show the nearest all the same")
        st.button(label, on_click=address.show_all, args=(True,), key="weaker")
    elif address.all_shown() and shown > len(confident(result.hits)):
        st.button(
            _("Show confident matches only"),
            on_click=address.show_all,
            args=(False,),
            key="confident",
        )


def count_choice() -> None:
    """How many results to show; the address remembers it."""
    if st.session_state.get("count") != address.count():
        st.session_state["count"] = address.count()
    st.segmented_control(
        _("Number of results"),
        address.COUNTS,
        key="count",
        label_visibility="collapsed",
        on_change=lambda: address.set_count(st.session_state["count"] or address.count()),
    )
