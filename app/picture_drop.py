"""Takes a picture that is dropped or pasted on a page without a query box, and searches by it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import address, given_picture
from app.component import draw
from app.pages import search_for
from indexer.library import Library

KEY: Final = "picture_drop_area"


def picture_drop(library: Library) -> None:
    """Listen for a picture; the search page then looks for it, with the words of this page."""
    data = {**given_picture.intake_data(), "notice": given_picture.notice()}
    with st.container(key="picture_drop"):
        taken = draw(
            "picture_drop", KEY, data, {"picture": None}, before=("elements", "picture_intake")
        )
    if taken["picture"]:
        if name := given_picture.stored(library, taken["picture"]):
            search_for(address.query(), name)
        st.rerun()  # the notice says why not
