"""The choice of the page's language, and what the browser must know of it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import CHOSEN, COOKIE, LANGUAGES, _, choose_language, language
from app.ui import url_state
from app.ui.component import draw

KEY: Final = "language_switch"


def language_switch() -> None:
    """Offer the languages, each in its own words; tells the browser which one the page is in."""
    st.session_state[CHOSEN] = language()  # the address of the next page does not say it
    data = {
        "label": _("Language"),
        "languages": list(LANGUAGES.items()),
        "language": language(),
        "cookie": COOKIE,
        "remember": url_state.value("lang") in LANGUAGES,  # a link chooses as a click does
    }
    draw("i18n/language_switch", KEY, data, {"chosen": _choose}, width="content")


def _choose(chosen: str) -> None:
    if chosen in LANGUAGES:
        choose_language(chosen)
