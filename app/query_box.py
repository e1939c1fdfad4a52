"""The query box with its suggestions, the chips of what holds, and the way in for a picture."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import address, given_picture
from app.chips import chips
from app.component import draw
from app.language import LOCALES, _, language
from app.picture_store import Given
from app.query_text import readable
from app.suggestions import Suggestion, suggestions
from indexer.library import Library
from indexer.records import Facets

KEY: Final = "query_box"
SUGGESTED: Final = "suggested"  # in the session


def query_box(library: Library, facets: Facets) -> None:
    """What it shows follows the address, and what is asked goes there."""
    given = given_picture.given()
    data = {
        "query": address.query(),
        "chips": _chips(library, given),
        "candidates": _suggested(facets),
        "picture": given is not None,
        "limit_bytes": given_picture.intake_data()["limit_bytes"],
        "limit_characters": address.QUERY_CHARACTERS,
        "notice": given_picture.notice(),
        "locale": LOCALES[language()].replace("_", "-"),
        "words": words(),
    }
    hears = {
        "asked": address.refine,
        "picture": lambda sent: given_picture.take(library, sent),
        "unpictured": lambda _sent: address.set_picture(None),
    }
    draw("query_box", KEY, data, hears, before=("elements", "picture_intake"))


def _suggested(facets: Facets) -> list[Suggestion]:
    """The suggestions, made once for each count of facets: there may be thousands."""
    kept: tuple[Facets, str, list[Suggestion]] | None = st.session_state.get(SUGGESTED)
    if kept is None or kept[0] is not facets or kept[1] != language():
        kept = (facets, language(), suggestions(facets))
        st.session_state[SUGGESTED] = kept
    return kept[2]


def _chips(library: Library, given: Given | None) -> list[dict[str, Any]]:
    query = readable(address.query())
    shown = chips(library, query) if query else []
    if given:
        label = _("Like this picture")
        shown.insert(0, {"label": label, "kind": "picture", "rest": "", "src": given.thumbnail})
    return shown


def words() -> dict[str, str]:
    """What stands on the box, and what a screen reader says of it."""
    return {
        "search": _("Search your photos"),
        "placeholder": _("Type what you remember…"),
        "add_words": _("Add words: but in winter…"),
        "suggestions": _("Suggestions"),
        "filters": _("What the photos must have"),
        "go": _("Search"),
        "clear": _("Empty the box"),
        "by_picture": _("Search by a picture"),
        "remove": _("Remove: {filter}"),
        "named": _("File name: {name}"),
        **given_picture.intake_data()["words"],
    }
