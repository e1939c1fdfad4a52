"""The dialog of the page: asked for anywhere, drawn by the page itself when all else is drawn.

One that a fragment draws can lose its frame: where the fragment runs again at once, Streamlit drops
what it has not sent of the fragment yet, but not what stands in the dialog, and the browser, which
has no place for that, shows nothing at all any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

DRAWING: Final = "page_is_drawn"  # in the session: whether the whole page is, or a fragment alone
ASKED: Final = "dialog_asked"  # in the session: the name of the dialog, and what opens it
OPEN: Final = "dialog_open"  # in the session: the name of the one that is open


@contextmanager
def dialog_at_the_end() -> Iterator[None]:
    """Around the whole page: the dialog that it asks for is opened at its end."""
    st.session_state[ASKED] = st.session_state[OPEN] = None
    st.session_state[DRAWING] = True
    try:
        yield
    finally:
        st.session_state[DRAWING] = False
    requested: tuple[str, Callable[[], None]] | None = st.session_state[ASKED]
    if requested:
        name, open_ = requested
        open_()  # another request may break it off: then it is asked for again
        st.session_state[OPEN] = name


def ask_for(name: str, open_: Callable[[], None]) -> None:
    """Have the dialog of this name open; a fragment has the whole page drawn for it."""
    if st.session_state.get(DRAWING):
        st.session_state[ASKED] = (name, open_)
    elif st.session_state.get(OPEN) != name:
        st.rerun()
