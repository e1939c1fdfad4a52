"""What the page's address says: ?q= the query, ?picture= which given picture belongs to it, ?all=
the weak matches too, ?photo= the open photo; the other pages have keys of their own.

The address is the page's only state, so that reloading, going back and sharing a link just work.
It is typed by anyone: numbers are checked here, and a photo is only ever asked for by its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from clipcore.messages import N_
from indexer.errors import PhotoNotFound

QUERY_CHARACTERS: Final = 500  # far more than any text encoder reads
AREA_NUMBERS: Final = 128
ID_DIGITS: Final = 18  # what SQLite's integers hold
LAST_STATE: Final = "address_said"  # in the session: of which page, what the address said last


def value(key: str) -> str | None:
    """The URL's value of `key`; anybody may have typed it."""
    catch_up()
    return st.query_params.get(key)


def put(key: str, state: str | None) -> None:
    """Let the address say this under `key`, or nothing."""
    catch_up()
    page, before = st.session_state[LAST_STATE]
    now = {name: part for name, part in {**before, key: state}.items() if part is not None}
    st.session_state[LAST_STATE] = (page, now)
    if now != before:
        st.query_params.from_dict(now)


def is_step_in_history() -> bool:
    """Whether this run is for a visitor who goes back or forward."""
    run = get_script_run_ctx(suppress_warning=True)
    return run is not None and run.is_history_navigation


def catch_up() -> None:
    """Let the address be what it was made last, by whom ever.

    A browser sends its address along with all that it tells, and may not have heard yet how an act
    before has changed it: what it sends then would take that act back. Only a visitor who comes,
    goes to another page, or goes back or forward, brings an address that is new.
    """
    run = get_script_run_ctx(suppress_warning=True)
    if run is None:
        return
    here = _page(run)
    page, state = st.session_state.get(LAST_STATE, (None, None))
    brought = st.query_params.to_dict()
    has_moved = page is not None and here is not None and page != here
    if state is None or has_moved or run.is_history_navigation:
        st.session_state[LAST_STATE] = (here, brought)
        return
    if page is None and here is not None:
        st.session_state[LAST_STATE] = (here, state)
    if state != brought:
        st.query_params.from_dict(state)


def _page(run: ScriptRunContext) -> str | None:
    """The page that is drawn; None before st.navigation says which, or the browser knows it."""
    page = run.page_script_hash
    return None if page in ("", run.pages_manager.main_script_hash) else page


def query() -> str:
    """The text to search for; empty where nothing is asked."""
    return (value("q") or "").strip()[:QUERY_CHARACTERS]


def set_query(text: str) -> None:
    """Search for `text` alone, show its strong matches, and close the open photo."""
    close_photo()
    set_picture(None)
    refine(text)


def refine(text: str) -> None:
    """As set_query(), but a picture that was given goes on being looked for too, and a photo stays
    open: with one before them nobody gets at the query, but they may have opened it since."""
    show_all(False)
    put("q", text.strip() or None)


def picture() -> str | None:
    """The name of the given picture that is looked for; its pixels stand in no address."""
    return value("picture")


def set_picture(name: str | None) -> None:
    """Look for this given picture too, or for none."""
    put("picture", name)


def all_shown() -> bool:
    """Whether the weaker matches are shown too."""
    return value("all") is not None


def show_all(wanted: bool) -> None:
    """Show the weaker matches too, or not."""
    put("all", "1" if wanted else None)


def photo_id() -> int | None:
    """The number of the open photo, if one is open. Raises PhotoNotFound for what is no number."""
    text = value("photo")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS):
        raise PhotoNotFound(N_("the address names a photo by something that is no number"))
    return int(text)


def open_photo(number: int) -> None:
    """Open the photo with this number."""
    put("photo", str(number))


def close_photo() -> None:
    """Close the open photo."""
    put("photo", None)


def group() -> int | None:
    """The number of the atlas's group that is chosen, if one is."""
    text = value("group") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else None


def area() -> list[int] | None:
    """The line drawn around a part of the atlas: x, y, x, y ... in thousandths of its size."""
    parts = (value("area") or "").split(",")
    numbers = [int(part) for part in parts if re.fullmatch("-?[0-9]{1,4}", part)]
    is_line = len(numbers) == len(parts) and len(parts) % 2 == 0
    return numbers if is_line and 6 <= len(parts) <= AREA_NUMBERS else None


def choose(group: int | None = None, area: Sequence[float] | None = None) -> None:
    """Let this group or this part of the atlas be chosen; or nothing."""
    put("group", None if group is None else str(int(group)))
    put("area", ",".join(str(round(part)) for part in area) if area else None)
