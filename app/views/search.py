"""The results of a query: the strong matches, and the weaker ones a click away."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from app.i18n.counts import photo_count
from app.i18n.language import _, month, number, one_language, translated
from app.photos.auto_refresh import follow
from app.photos.detail import photo_dialog
from app.photos.grid import KEY, grid, wanted
from app.search.chips import in_words
from app.search.current_query import current_query
from app.search.language_notice import language_notice
from app.search.query_text import read, readable, sorted_by, without
from app.search.results_cache import DEEPER, Answer, answer, forget_answer
from app.selection.bar import listed, selection_bar
from app.ui import url_state
from app.ui.escape import plain
from indexer.errors import PhotoNotFound, QueryError
from indexer.library.library import Library
from indexer.query.query import Filter, Query, Sort, lists_each_file
from indexer.records.results import Hit

ORDER: Final = "order"
REASKED: Final = "asked_again"  # in the session
CLOSEST: Final = 20  # shown where no match is strong
SELECTED: Final = 1_000  # looked at first where all results are selected


def results(library: Library) -> None:
    """Search for what is asked and show it, and the photo that is open."""
    _shown(library)
    follow(library, _question, KEY)


@st.fragment
@one_language()
def _shown(library: Library) -> None:
    if st.session_state.pop(REASKED, False):
        st.rerun()  # the query box stands outside
    hits: tuple[Hit, ...] = ()
    try:
        query = current_query()
        language_notice(library, query)
        hits = _answered(library, query, answer(library, query, wanted(_question())))
    except (QueryError, PhotoNotFound) as error:
        forget_answer()
        st.error(plain(translated(error)), icon=":material/search_off:")
    if url_state.value("photo") is not None:
        photo_dialog(library, hits)


def _answered(library: Library, query: Query, found: Answer) -> tuple[Hit, ...]:
    hits = found.result.hits
    if not hits:
        _nothing(library, query)
        return ()
    shown = hits if url_state.all_shown() else strong_or_closest(hits)
    more = len(shown) == len(hits) and not found.complete
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.caption(caption(found, len(shown), more=more), width="content")
        if query.terms:
            _order(query)
    by_date = query.sort == "date" or not query.terms
    is_divided = found.result.verdict == "confident"
    group_of = _month if by_date else _strength if is_divided else None
    grid(library, shown, _question(), group_of=group_of, more=more, is_dated=by_date)
    the_others(hits, len(shown))
    each_file = lists_each_file(query.filters)
    selection_bar(library, lambda: _numbers(library, query), each_file=each_file)
    return shown


def _month(hit: Hit) -> str:
    return month(hit.photo.date)


def _strength(hit: Hit) -> str:
    return "" if hit.is_strong else _("Weaker matches")


def _nothing(library: Library, query: Query) -> None:
    """Say that nothing passes the filters, and which of them can go."""
    st.subheader(_("No photos found"), anchor=False)
    typed = read(url_state.query())
    droppable = [
        one
        for one in typed.filters
        if library.search(_without(query, one), top=1).hits  # else dropping it leads nowhere
    ]
    if droppable:
        st.caption(_("Remove one of these filters to find photos:"))
    elif typed.filters:
        st.caption(_("Removing one filter is not enough: remove them all to find photos."))
    with st.container(horizontal=True):
        for number_of_filter, one in enumerate(droppable):
            st.button(
                plain(_("Remove: {filter}").format(filter=in_words(one))),
                icon=":material/filter_alt_off:",
                key=f"drop_{number_of_filter}",
                on_click=_ask,
                args=(without(typed, one),),
            )
        if typed.filters and not droppable:
            st.button(
                _("Remove all filters"),
                icon=":material/filter_alt_off:",
                on_click=_ask,
                args=(str(replace(typed, filters=())),),
            )


def _without(query: Query, dropped: Filter) -> Query:
    return replace(query, filters=tuple(one for one in query.filters if one != dropped))


def _numbers(library: Library, query: Query) -> list[int]:
    """The numbers of all photos that are results, not only of those that were loaded."""
    if url_state.all_shown() or not query.terms:
        return listed(library, query)
    top = SELECTED
    while True:
        hits = library.search(query, top).hits
        shown = strong_or_closest(hits)
        if len(shown) < len(hits) or len(hits) < top:
            return [hit.photo.id for hit in shown]
        top *= DEEPER


def _question() -> str:
    return f"{url_state.query()} {url_state.picture()} {url_state.all_shown()}"


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
    query = readable(url_state.query())  # a wrong one may have come since
    # of the same order: Streamlit had forgotten what was chosen, its run was interrupted
    if query is not None and sort != query.sort:
        _ask(sorted_by(query, sort))


def _ask(text: str) -> None:
    """Search for `text`, and have the whole page drawn: the query box stands outside."""
    url_state.refine(text)
    st.session_state[REASKED] = True


def strong_or_closest(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The strong hits, those of a query of filters alone are all; where none is, the closest."""
    return tuple(hit for hit in hits if hit.is_strong) or hits[:CLOSEST]


def caption(found: Answer, shown: int, *, more: bool) -> str:
    """The answer in one line."""
    took = f"{found.result.took_ms:.0f} ms"
    if found.result.verdict == "none":
        return f"{_('No strong match. Closest results:')} · {took}"
    if more:
        return f"{_('More than {count} photos').replace('{count}', number(shown))} · {took}"
    return f"{photo_count(shown)} · {took}"


def the_others(hits: tuple[Hit, ...], shown: int) -> None:
    """Offer the hits that are not shown, or to leave out the weaker ones again."""
    if shown < len(hits):
        label = _("Show weaker matches too")
        st.button(label, on_click=url_state.show_all, args=(True,), key="weaker")
    elif url_state.all_shown() and shown > len(strong_or_closest(hits)):
        label = _("Hide weaker matches")
        st.button(label, on_click=url_state.show_all, args=(False,), key="stronger")
