"""The choice of the page's language, and what the browser must know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from app.language import CHOSEN, COOKIE, LANGUAGES, _, choose_language, language

KEY: Final = "language_switch"
JS: Final = Path(__file__).with_name("language_switch.js")
CSS: Final = Path(__file__).with_name("language_switch.css")


def language_switch() -> None:
    """Offer the languages, each in its own words; tells the browser which one the page is in."""
    st.session_state[CHOSEN] = language()  # the address of the next page does not say it
    component = st.components.v2.component(
        "recollect_language", js=JS.read_text("utf-8"), css=CSS.read_text("utf-8")
    )
    data = {
        "label": _("Language"),
        "languages": list(LANGUAGES.items()),
        "language": language(),
        "cookie": COOKIE,
    }
    component(key=KEY, data=data, on_chosen_change=_choose, width="content")


def _choose() -> None:
    chosen = st.session_state[KEY]["chosen"]
    if chosen in LANGUAGES:
        choose_language(chosen)
