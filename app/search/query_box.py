"""The query box with its suggestions, the chips of what holds, and the way in for a picture."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app.i18n.language import LOCALES, _, language
from app.search import image_query
from app.search.chips import chips
from app.search.picture_store import QueryPicture
from app.search.query_text import readable
from app.search.suggestions import Suggestion, icons, suggestions
from app.ui import url_state
from app.ui.component import draw
from indexer.library.library import Library
from indexer.records.results import Facets

KEY: Final = "query_box"
SUGGESTED: Final = "suggested"  # in the session


def query_box(library: Library, facets: Facets) -> None:
    """Its content follows the URL, and a submitted query goes there."""
    picture = image_query.current()
    data = {
        "query": url_state.query(),
        "chips": _chips(library, picture),
        "candidates": _suggested(facets),
        "icons": icons(),
        "picture": picture is not None,
        "limit_bytes": image_query.intake_data()["limit_bytes"],
        "limit_characters": url_state.QUERY_CHARACTERS,
        "notice": image_query.notice(),
        "locale": LOCALES[language()].replace("_", "-"),
        "words": words(),
    }
    handlers = {
        "asked": url_state.refine,
        "picture": lambda sent: image_query.take(library, sent),
        "unpictured": lambda _sent: url_state.set_picture(None),
    }
    draw("search/query_box", KEY, data, handlers)


def _suggested(facets: Facets) -> list[Suggestion]:
    """The suggestions, made once for each count of facets: there may be thousands."""
    cached: tuple[Facets, str, list[Suggestion]] | None = st.session_state.get(SUGGESTED)
    if cached is None or cached[0] is not facets or cached[1] != language():
        cached = (facets, language(), suggestions(facets))
        st.session_state[SUGGESTED] = cached
    return cached[2]


def _chips(library: Library, picture: QueryPicture | None) -> list[dict[str, Any]]:
    query = readable(url_state.query())
    shown = chips(library, query) if query else []
    if picture:
        label = _("Like this picture")
        shown.insert(0, {"label": label, "kind": "picture", "rest": "", "src": picture.thumbnail})
    return shown


def words() -> dict[str, str]:
    """The labels of the box, for eyes and screen readers."""
    return {
        "search": _("Search your photos"),
        "placeholder": _("Type what you remember…"),
        "add_words": _("Add words: but in winter…"),
        "suggestions": _("Suggestions"),
        "filters": _("Filters"),
        "go": _("Search"),
        "clear": _("Clear the search"),
        "by_picture": _("Search by a picture"),
        "remove": _("Remove: {filter}"),
        "named": _("File name: {name}"),
        **image_query.intake_data()["words"],
    }
