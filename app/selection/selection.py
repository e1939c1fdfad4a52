"""The photos that this visitor has ticked, by their numbers, in the order of ticking.

They stay ticked over searches and pages, until they are unticked or the session ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

KEY: Final = "selected"


def selected() -> tuple[int, ...]:
    """The numbers of the ticked photos."""
    ticked: tuple[int, ...] = st.session_state.get(KEY, ())
    return ticked


def tick(photo_ids: Iterable[int]) -> None:
    """Tick these too."""
    st.session_state[KEY] = tuple(dict.fromkeys([*selected(), *photo_ids]))


def untick(photo_ids: Iterable[int]) -> None:
    """Let these no longer be ticked."""
    unticked = set(photo_ids)
    st.session_state[KEY] = tuple(one for one in selected() if one not in unticked)


def clear() -> None:
    """Let none be ticked."""
    st.session_state[KEY] = ()
