"""Takes a picture that is dropped or pasted on a page without a query box, and searches by it."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from app.search import image_query
from app.ui import url_state
from app.ui.component import draw
from app.ui.navigation import ask_for_search
from indexer.library.library import Library

KEY: Final = "picture_drop_area"


def picture_drop(library: Library) -> None:
    """Listen for a picture; the search page then looks for it, with the words of this page."""
    data = {**image_query.intake_data(), "notice": image_query.notice()}
    with st.container(key="picture_drop"):
        draw("search/picture_drop", KEY, data, {"picture": partial(_search_by, library)})


def _search_by(library: Library, picture: dict[str, str]) -> None:
    if name := image_query.stored(library, picture):  # else the notice says why not
        ask_for_search(url_state.query(), name)
