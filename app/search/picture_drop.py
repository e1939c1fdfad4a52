"""Takes a picture that is dropped or pasted on a page without a query box, and searches by it."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from app.search import image_query
from app.ui.component import draw
from indexer.library.library import Library

KEY: Final = "picture_drop_area"


def picture_drop(library: Library) -> None:
    """Listen for a picture; the search page then looks for it, with the words of this page."""
    data = {**image_query.intake_data(), "notice": image_query.notice()}
    with st.container(key="picture_drop"):
        draw("search/picture_drop", KEY, data, {"picture": partial(image_query.take, library)})
