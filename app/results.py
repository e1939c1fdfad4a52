"""What a query has found: the confident matches, and the others a click away."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import address
from app.answer import Answer, answer, forget_answer
from app.asked import asked
from app.counts import photo_count
from app.following import follow
from app.grid import KEY, grid, wanted
from app.language import _, month, number, one_language
from app.photo import photo_dialog
from app.plain import plain
from app.query_text import read, sorted_by
from app.said import said
from app.selection_bar import selection_bar
from indexer.errors import PhotoNotFound, QueryError
from indexer.library import Library
from indexer.query import Query, Sort
from indexer.records import CONFIDENT, Hit

ORDER: Final = "order"
REORDERED: Final = "reordered"  # in the session


def results(library: Library) -> None:
    """Search for what is asked and show it, and the photo that is open."""
    _shown(library)
    follow(library, _question, KEY)


@st.fragment
@one_language()
def _shown(library: Library) -> None:
    if st.session_state.pop(REORDERED, False):
        st.rerun()  # the query box, which says the order too, stands outside
    hits: tuple[Hit, ...] = ()
    try:
        query = asked()
        hits = _answered(library, query, answer(library, query, wanted(_question())))
    except (QueryError, PhotoNotFound) as error:
        forget_answer()
        st.error(plain(said(error)), icon=":material/search_off:")
    if address.value("photo") is not None:
        photo_dialog(library, hits)


def _answered(library: Library, query: Query, found: Answer) -> tuple[Hit, ...]:
    hits = found.result.hits
    shown = hits if address.all_shown() else confident(hits)
    more = len(shown) == len(hits) and not found.complete
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.caption(told(found, len(shown), more=more), width="content")
        if query.terms and hits:
            _order(query)
    if shown:
        by_date = query.sort == "date" or not query.terms
        group_of = (lambda photo: month(photo.date)) if by_date else None
        grid(library, shown, _question(), group_of=group_of, more=more)
    the_others(hits, len(shown))
    selection_bar(library)
    return shown


def _question() -> str:
    return f"{address.query()} {address.picture()} {address.all_shown()}"


def _order(query: Query) -> None:
    """Best first, or newest first: the query says which."""
    labels = {"relevance": _("Best match"), "date": _("Newest")}
    if st.session_state.get(ORDER) != query.sort:
        st.session_state[ORDER] = query.sort
    st.segmented_control(
        _("Order"),
        list(labels),
        key=ORDER,
        required=True,
        format_func=lambda order: labels[order],
        label_visibility="collapsed",
        on_change=_reorder,
    )


def _reorder() -> None:
    sort: Sort = "date" if st.session_state[ORDER] == "date" else "relevance"
    query = read(address.query())
    if sort != query.sort:  # else Streamlit had forgotten what was chosen: its run was broken off
        address.refine(sorted_by(query, sort))
        st.session_state[REORDERED] = True


def confident(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The relevant hits; those of a query of filters alone are all what was asked for."""
    return tuple(hit for hit in hits if hit.strength is None or hit.strength >= CONFIDENT)


def told(found: Answer, shown: int, *, more: bool) -> str:
    """The answer in one line."""
    took = f"{found.result.took_ms:.0f} ms"
    if not found.result.hits:
        return f"{_('No photo was found')} · {took}"
    if found.result.verdict == "none":
        nearest = _("No confident match: the nearest all the same")
        return f"{nearest if shown else _('No confident match')} · {took}"
    if more:
        return f"{_('More than {count} photos').replace('{count}', number(shown))} · {took}"
    return f"{photo_count(shown)} · {took}"


def the_others(hits: tuple[Hit, ...], shown: int) -> None:
    """Offer the hits that are not shown, or to leave out again what is no confident match."""
    if shown < len(hits):
        label = _("Show weaker matches too") if shown else _("Show the nearest all the same")
        st.button(label, on_click=address.show_all, args=(True,), key="weaker")
    elif address.all_shown() and shown > len(confident(hits)):
        st.button(
            _("Show confident matches only"),
            on_click=address.show_all,
            args=(False,),
            key="confident",
        )
