"""The filters beside the results, each as its view has it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import _
from app.search.filter_view import Sidebar
from app.search.filter_views import VIEWS
from app.search.query_text import readable
from app.ui import url_state
from indexer.query.query import Query
from indexer.records.results import Facets

READ_LAST: Final = "filters_of"  # in the session: the last query that could be read


def filters(facets: Facets) -> None:
    """Fill the sidebar; off, and as it was, while the query cannot be read."""
    with st.sidebar:
        query = readable(url_state.query())
        is_off = query is None
        if query is None:
            st.caption(_("Correct the query to use the filters."))
            query = st.session_state.get(READ_LAST, Query())
        st.session_state[READ_LAST] = query
        for view in VIEWS.values():
            if view.widget:
                view.widget(Sidebar(query, facets, is_off))
