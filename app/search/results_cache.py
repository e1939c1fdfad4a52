"""The answer to the query, kept in the session: scrolling, ticking and looking at a photo search
nothing again.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import streamlit as st

from app.i18n.language import _
from indexer.library.library import Library
from indexer.query.query import Query, parse
from indexer.records.results import SearchResult

KEY: Final = "answer"
DEEPER: Final = 4  # each search for more looks so many times as far, so that there are few
DATED: Final = 1_000  # relevant hits put in the order of their dates: those of all must be known


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a search for the `top` best hits in the library's state `change`."""

    query: Query
    change: int
    top: int
    result: SearchResult

    @property
    def complete(self) -> bool:
        """Whether there is no further hit."""
        return len(self.result.hits) < self.top or _is_dated(self.query)


def answer(library: Library, query_or_text: Query | str, top: int) -> Answer:
    """With at least the `top` best hits; searched again where the library has changed.

    Raises QueryError, PhotoNotFound.
    """
    query = parse(query_or_text) if isinstance(query_or_text, str) else query_or_text
    change = library.change_token()
    cached: Answer | None = st.session_state.get(KEY)
    if cached is not None and (cached.query, cached.change) == (query, change):
        if top <= cached.top or cached.complete:
            return cached
        top = max(top, DEEPER * cached.top)
    top = max(top, DATED) if _is_dated(query) else top
    with ExitStack() as shown:

        def preparing() -> None:
            shown.enter_context(st.spinner(_("Preparing the model for searches, once…")))

        found = Answer(query, change, top, library.search(query, top, preparing=preparing))
    st.session_state[KEY] = found
    return found


def forget_answer() -> None:
    """Where a query failed, there is no answer that could grow old."""
    st.session_state.pop(KEY, None)


def is_current(library: Library) -> bool:
    """Whether the answer that is shown is that of the library as it is now."""
    cached: Answer | None = st.session_state.get(KEY)
    return cached is None or cached.change == library.change_token()


def _is_dated(query: Query) -> bool:
    return query.sort == "date" and bool(query.terms)
