"""The photos that this visitor has ticked, by their numbers, in the order of ticking.

They stay ticked over searches and pages, until they are unticked or the session ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

from app.language import _, ngettext

KEY: Final = "selected"


def selected() -> tuple[int, ...]:
    """The numbers of the ticked photos."""
    ticked: tuple[int, ...] = st.session_state.get(KEY, ())
    return ticked


def select(photo_ids: Iterable[int]) -> None:
    """Let these be the ticked ones."""
    st.session_state[KEY] = tuple(dict.fromkeys(map(int, photo_ids)))


def selection_bar() -> None:
    """Say how many are ticked, where any are; untick them at a click."""
    if not (count := len(selected())):
        return
    with st.container(
        horizontal=True, vertical_alignment="center", border=True, key="selection_bar"
    ):
        st.markdown(ngettext("{count} photo selected", "{count} photos selected", count))
        st.button(_("Clear"), key="selection_clear", on_click=select, args=((),))
