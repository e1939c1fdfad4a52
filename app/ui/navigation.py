"""Going from one page to another, with what the address keeps."""

from __future__ import annotations

from secrets import token_hex
from typing import Final, NoReturn

import streamlit as st

from app.ui import url_state
from app.ui.component import draw

SEARCH: Final = "search_page"  # in the session: the page one begins with
MAP: Final = "map_page"
CURRENT: Final = "current_page"  # in the session: the path of the page that is shown
PATHS: Final = ("", "timeline", "map", "explore", "library")  # of the pages, in their addresses


def search_for(query: str, picture: str | None = None) -> NoReturn:
    """Go to the search page with this query and given picture, and close the open photo."""
    page = st.session_state.get(SEARCH)
    if page and st.session_state.get(CURRENT):
        parameters = {"q": query, "picture": picture}
        _follow(page, {key: value for key, value in parameters.items() if value})
    url_state.set_query(query)
    url_state.set_picture(picture)
    st.rerun()


def map_link(query: str, label: str) -> None:
    """A way to the map, which adds a place to this query."""
    if page := st.session_state.get(MAP):
        st.page_link(page, label=label, icon=":material/map:", query_params={"q": query})


def _follow(page: st.Page, query_params: dict[str, str]) -> NoReturn:
    """Have the browser follow a link to another page: one step in its history.

    st.switch_page makes two: Back from there leads to the page before with the new page's query.
    """
    with st.container(key="going"):
        st.page_link(page, label="…", query_params=query_params)
        draw("ui/going", "going_link", {"name": token_hex(8)})
    st.stop()
