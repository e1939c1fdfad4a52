"""The reason why an act was refused, until the person asks for something else.

The session keeps it, and each drawing of the page shows it: what the answer to a click draws is
gone at the next drawing, which may come at once. Knows nothing of acts and languages. The reason is
other people's text.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import streamlit as st

from app.ui.escape import plain

REFUSALS: Final = "refusals"  # in the session: by button, what it was asked for, and why not


def keep_refusal(button: str, asked: Hashable, why: str | None) -> None:
    """`button`: its key; `why`: None where it was done."""
    st.session_state.setdefault(REFUSALS, {})[button] = (asked, why)


def refusal(button: str, asked: Hashable = None) -> str | None:
    """Why this was refused when the button was clicked last; None where it was not."""
    last, why = st.session_state.get(REFUSALS, {}).get(button, (None, None))
    return why if last == asked else None


def show_refusal(button: str, asked: Hashable = None) -> None:
    """Say so, where the button's last click asked for this and was refused."""
    if why := refusal(button, asked):
        st.error(plain(why))


def forget_refusal(button: str) -> None:
    """Take it back: it is not to be seen when the person comes again."""
    st.session_state.get(REFUSALS, {}).pop(button, None)
