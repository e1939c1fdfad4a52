"""Other people's text on the page, shown as it is."""

from __future__ import annotations

import re
from html import escape

import streamlit as st


def plain(text: str) -> str:
    """`text` as Markdown that shows it as it is: every ASCII punctuation mark is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def name_and_note(name: str, note: str) -> None:
    """A name with something quieter below it; as HTML, for Markdown makes links of `www.`."""
    st.html(f'<p class="named">{escape(name)}</p><p class="note">{escape(note)}</p>')
