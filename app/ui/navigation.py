"""Going from one page to another, with what the address keeps."""

from __future__ import annotations

from secrets import token_hex
from typing import Final, NamedTuple, NoReturn

import streamlit as st

from app.ui import url_state
from app.ui.component import draw

SEARCH: Final = "search_page"  # in the session: the page one begins with
MAP: Final = "map_page"
CURRENT: Final = "current_page"  # in the session: the path of the page that is shown
GOING: Final = "going"  # in the session, until the browser has left for the search page
PATHS: Final = ("", "timeline", "map", "explore", "library")  # of the pages, in their addresses


class Going(NamedTuple):
    """A way to the search page from the page at `start`; `name`: no other way has it."""

    start: str
    query_params: dict[str, str]
    name: str


def ask_for_search(query: str, picture: str | None = None) -> None:
    """Ask for the search page with this query and given picture, and without an open photo.

    For callbacks, before anything is drawn: a request that comes meanwhile takes it back nowhere.
    """
    here = st.session_state.get(CURRENT)
    if not here:
        url_state.set_query(query)
        url_state.set_picture(picture)
        return
    asked = {"q": query, "picture": picture}
    query_params = {key: value for key, value in asked.items() if value}
    st.session_state[GOING] = Going(here, query_params, token_hex(8))


def go_now() -> NoReturn:
    """Go to the search page that was asked for; for parts of a page that run alone."""
    if going := st.session_state.get(GOING):
        _follow(going)
        st.stop()
    st.rerun()


def go_on(here: str) -> None:
    """Have the browser go to the search page where it was asked for on this page.

    Each run does so until the browser has left: another request may have broken off the one before.
    """
    going = st.session_state.get(GOING)
    if going and going.start == here and not url_state.is_step_in_history():
        _follow(going)
    else:
        st.session_state.pop(GOING, None)


def map_link(query: str, label: str) -> None:
    """A way to the map, which adds a place to this query."""
    page: st.Page = st.session_state[MAP]
    st.page_link(page, label=label, icon=":material/map:", query_params={"q": query})


def _follow(going: Going) -> None:
    """Have the browser follow a link to the search page, once: one step in its history.

    st.switch_page makes two: Back from there leads to the page before with the new page's query.
    """
    with st.container(key="going"):
        page: st.Page = st.session_state[SEARCH]
        st.page_link(page, label="…", query_params=going.query_params)
        draw("ui/going", "going_link", {"name": going.name})
