"""An open page that follows its library: photos that come in appear by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from app.photos.grid import has_scrolled
from app.search.results_cache import is_current
from app.ui import url_state
from app.ui.facets_cache import is_overview_current
from indexer.library.library import Library

LOOK_S: Final = 5.0  # how often it asks whether something has changed


@st.fragment(run_every=LOOK_S)
def follow(library: Library, question: Callable[[], str], key: str) -> None:
    """Draw the page again when its answer or its facets are stale, unless one has scrolled on in
    the grid `key` of that question, or looks at a photo: nothing moves below the eyes."""
    is_reading = has_scrolled(question(), key) or url_state.value("photo") is not None
    if not is_reading and not (is_current(library) and is_overview_current(library)):
        st.rerun()
