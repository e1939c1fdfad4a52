"""The choice of the page's language, and what the browser must know of it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import address
from app.component import draw
from app.language import CHOSEN, COOKIE, LANGUAGES, _, choose_language, language

KEY: Final = "language_switch"


def language_switch() -> None:
    """Offer the languages, each in its own words; tells the browser which one the page is in."""
    st.session_state[CHOSEN] = language()  # the address of the next page does not say it
    data = {
        "label": _("Language"),
        "languages": list(LANGUAGES.items()),
        "language": language(),
        "cookie": COOKIE,
        "remember": address.value("lang") in LANGUAGES,  # a link chooses as a click does
    }
    draw("language_switch", KEY, data, {"chosen": _choose}, before=(), width="content")


def _choose(chosen: str) -> None:
    if chosen in LANGUAGES:
        choose_language(chosen)
