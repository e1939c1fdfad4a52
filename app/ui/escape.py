"""Other people's text on the page, shown as it is; bytes that are not UTF-8 become \\xNN."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from indexer.location import shown_path


def plain(text: str) -> str:
    """`text` as Markdown that shows it as it is: every ASCII punctuation mark is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", shown_path(text))


def name_and_note(name: str, note: str) -> None:
    """A name with something quieter below it; as HTML, for Markdown makes links of `www.`."""
    first, second = (escape(shown_path(text)) for text in (name, note))
    st.html(f'<p class="named">{first}</p><p class="note">{second}</p>')
