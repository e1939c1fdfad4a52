"""Says once in a visit that the library's model does not understand the language of a query."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import translated
from app.ui.escape import plain
from indexer.library.library import Library
from indexer.query.query import Query

NOTICED: Final = "language_noticed"  # in the session: the model and the query it was said of


def language_notice(library: Library, query: Query) -> None:
    """A line above the results of the first such query, as long as that is shown."""
    model, first = st.session_state.get(NOTICED, (None, None))
    if model == library.model_id and first != query:
        return
    if notice := library.language_notice(query):
        st.session_state[NOTICED] = library.model_id, query
        st.caption(plain(translated(notice)))
