"""What the page's address says: ?q= the query, ?top= how many results, ?all= the weak ones too,
?photo= the open photo.

The address is the page's only state, so that reloading, going back and sharing a link just work.
It is typed by anyone: numbers are checked here, and a photo is only ever asked for by its number.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from indexer.errors import PhotoNotFound

COUNTS: Final = (12, 24, 60, 120)
DEFAULT_COUNT: Final = 24
QUERY_CHARACTERS: Final = 500  # far more than any text encoder reads
ID_DIGITS: Final = 18  # what SQLite's integers hold


def query() -> str:
    """The text to search for; empty where nothing is asked."""
    return st.query_params.get("q", "").strip()[:QUERY_CHARACTERS]


def set_query(text: str) -> None:
    """Search for `text`, show its confident matches, and close the open photo."""
    close_photo()
    show_all(False)
    if text.strip():
        st.query_params["q"] = text.strip()
    else:
        st.query_params.pop("q", None)


def count() -> int:
    """How many results to show: one of COUNTS."""
    asked = st.query_params.get("top", "")
    return int(asked) if asked in map(str, COUNTS) else DEFAULT_COUNT


def set_count(number: int) -> None:
    """Show `number` results."""
    st.query_params["top"] = str(number)


def all_shown() -> bool:
    """Whether what is no confident match is shown too."""
    return "all" in st.query_params


def show_all(wanted: bool) -> None:
    """Show what is no confident match too, or not."""
    if wanted:
        st.query_params["all"] = "1"
    else:
        st.query_params.pop("all", None)


def photo_id() -> int | None:
    """The number of the open photo, if one is open. Raises PhotoNotFound for what is no number."""
    asked = st.query_params.get("photo")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= ID_DIGITS):
        raise PhotoNotFound("the address asks for a photo by something that is no number")
    return int(asked)


def open_photo(number: int) -> None:
    """Open the photo with this number."""
    st.query_params["photo"] = str(number)


def close_photo() -> None:
    """Close the open photo."""
    st.query_params.pop("photo", None)
