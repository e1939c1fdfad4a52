"""The answer to the query, kept in the session: scrolling, ticking and looking at a photo search
nothing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from indexer.library import Library
from indexer.records import SearchResult

KEY: Final = "answer"
DEEPER: Final = 4  # each search for more looks so many times as far, so that there are few


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search for the `top` best hits has found while the library was at `change`."""

    query: str
    change: int
    top: int
    result: SearchResult

    @property
    def complete(self) -> bool:
        """Whether these are all hits there are."""
        return len(self.result.hits) < self.top


def answer(library: Library, query: str, top: int) -> Answer:
    """With at least the `top` best hits; found anew where the library has changed.

    Raises QueryError, PhotoNotFound.
    """
    change = library.change_token()
    kept: Answer | None = st.session_state.get(KEY)
    if kept is not None and (kept.query, kept.change) == (query, change):
        if top <= kept.top or kept.complete:
            return kept
        top = max(top, DEEPER * kept.top)
    found = Answer(query, change, top, library.search(query, top))
    st.session_state[KEY] = found
    return found
