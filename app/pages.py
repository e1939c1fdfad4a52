"""Going from one page to another, with what the address keeps."""

from __future__ import annotations

from typing import Final, NoReturn

import streamlit as st

from app import address

SEARCH: Final = "search_page"  # in the session: the page one begins with
MAP: Final = "map_page"


def search_for(query: str) -> NoReturn:
    """Go to the search page with this query, and close the open photo."""
    if page := st.session_state.get(SEARCH):
        address.leave()
        st.switch_page(page, query_params={"q": query})
    address.set_query(query)
    st.rerun()


def map_link(query: str, label: str) -> None:
    """A way to the map, which adds a place to this query."""
    if page := st.session_state.get(MAP):
        st.page_link(page, label=label, icon=":material/map:", query_params={"q": query})
