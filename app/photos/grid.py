"""The results as a grid of thumbnails: each opens its photo, and can be ticked (selection.py).

The browser keeps what it was sent; what goes there is only what is new to it: PAGE photos at a
time, more while one scrolls. File names reach it as data and are set as text there (grid.js),
never as HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

import streamlit as st

from app.http.thumbnail_urls import thumbnail_url
from app.i18n.language import _, language
from app.i18n.photo_facts import description, match
from app.photos.badges import badges
from app.photos.film import live_url
from app.selection import selection
from app.ui import url_state
from app.ui.component import draw
from indexer.library.library import Library
from indexer.records.results import Hit

KEY: Final = "grid"
PAGE: Final = 60

GroupOf = Callable[[Hit], str]


@dataclass(slots=True)
class _Grid:
    """In the session: what the browser was sent of the answer to one question."""

    question: str
    name: str = field(default_factory=lambda: token_hex(8))  # no other grid has it, nor had it
    wanted: int = PAGE
    scrolled: bool = False
    sent: tuple[Hit, ...] = ()


def wanted(question: str, key: str = KEY) -> int:
    """The number of photos that the browser requests by now: PAGE of a new question."""
    return _grid(question, key).wanted


def has_scrolled(question: str, key: str = KEY) -> bool:
    """Whether the visitor has gone down the grid so far that more photos were asked for."""
    return _grid(question, key).scrolled


def grid(
    library: Library,
    hits: Sequence[Hit],
    question: str,
    *,
    key: str = KEY,
    group_of: GroupOf | None = None,
    more: bool = False,
    is_dated: bool = True,
) -> None:
    """Show the hits that `question` has, in their order; a click opens the photo.

    `group_of` names the group that a hit is in. `more`: there are more than `hits`. `is_dated`:
    the groups are months, of which small ones stand side by side; others begin below a line.
    """
    grid = _grid(question, key)
    start = _first_new(grid, hits)
    shown = tuple(hits[: grid.wanted])
    items = [
        item(hit, _picture(library, hit), group_of) | {"live": live_url(library, hit.item)}
        for hit in shown[start:]
    ]
    grid.sent = shown
    data = {
        "grid": grid.name,
        "from": start,
        "items": items,
        "more": more or len(hits) > len(shown),
        "dated": is_dated,
        "selected": list(selection.selected()),
        "turn": st.session_state.get(f"{key}_turn"),
        "labels": {"select": _("Select {name}")},
    }
    handlers = {
        "opened": lambda photo: url_state.open_photo(int(photo)),
        "more": lambda event: _answer(question, key, event),
        "ticked": lambda event: _tick(key, event),
    }
    draw("photos/grid", key, data, handlers)


def _tick(key: str, event: dict[str, Any]) -> None:
    st.session_state[f"{key}_turn"] = event["turn"]
    selection.tick(event["on"])
    selection.untick(event["off"])


def _picture(library: Library, hit: Hit) -> str:
    """The URL of its thumbnail: of a film that which shows the moment that was found."""
    return thumbnail_url(library, hit.photo, hit.moment_s)


def item(hit: Hit, src: str, group_of: GroupOf | None = None) -> dict[str, Any]:
    """The data of one hit for grid.js."""
    facts = hit.photo.facts
    return {
        "id": hit.photo.id,
        "name": hit.photo.path.name,
        "alt": description(hit.photo),
        "match": match(hit) or "",
        "strength": None if hit.strength is None else round(hit.strength, 2),
        "ratio": facts.width_px / max(1, facts.height_px),
        "src": src,
        "group": group_of(hit) if group_of else "",
        "badges": badges(hit.item),
    }


def _grid(question: str, key: str) -> _Grid:
    """The grid of this question; the texts on it are in the visitor's language."""
    question = f"{language()} {question}"
    grid: _Grid | None = st.session_state.get(f"{key}_grid")
    if grid is None or grid.question != question:
        grid = st.session_state[f"{key}_grid"] = _Grid(question)
    return grid


def _first_new(grid: _Grid, hits: Sequence[Hit]) -> int:
    """From which place on the browser lacks `hits`; from the first where they have changed."""
    have = len(grid.sent)
    if grid.sent == tuple(hits[:have]):
        return have
    grid.name = token_hex(8)
    return 0


def _answer(question: str, key: str, event: dict[str, Any]) -> None:
    """The browser has `have` photos of a grid; it lacks the others, or wants more."""
    grid = _grid(question, key)
    if event["grid"] != grid.name:
        return
    have = int(event["have"])
    grid.sent = grid.sent[:have]
    if event["more"]:
        grid.wanted = max(grid.wanted, have + PAGE)
        grid.scrolled = grid.scrolled or bool(event["scrolled"])
