"""Photos by month, newest first, more while one scrolls: all of the library, or a span of it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import month, one_language
from app.photos.auto_refresh import follow
from app.photos.detail import photo_dialog
from app.photos.grid import grid, wanted
from app.search.results_cache import answer
from app.selection.bar import listed, selection_bar
from app.ui import url_state
from indexer.library.library import Library

EVERY_PHOTO: Final = "after:0001"  # one without a date has its file's
NEWEST: Final = "newest_grid"


def newest(library: Library) -> None:
    """All photos there are; those that come in appear by themselves."""
    with st.container(key="newest"):
        _newest(library)
    follow(library, lambda: EVERY_PHOTO, NEWEST)


@st.fragment
@one_language()
def _newest(library: Library) -> None:
    grid_by_month(library, EVERY_PHOTO, NEWEST)


def grid_by_month(library: Library, question: str, key: str) -> None:
    """The photos that a query without terms lists, what can be done with them, and the open one."""
    found = answer(library, question, wanted(question, key))
    hits = found.result.hits
    if hits:
        more = not found.complete
        grid(
            library, hits, question, key=key, group_of=lambda hit: month(hit.photo.date), more=more
        )
    selection_bar(library, lambda: listed(library, question))
    if url_state.value("photo") is not None:
        photo_dialog(library, hits)
