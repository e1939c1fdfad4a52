"""The pages, and the search in screen order: the script that server.py serves.

Knows a Library and its records; nothing of SQL, models or indexes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from app.auth import admission
from app.i18n.language import _, ngettext, one_language, translated
from app.i18n.language_switch import language_switch
from app.library.daemon_status import progress_line
from app.photos.by_month import newest
from app.photos.detail import photo_dialog
from app.search.current_query import is_asked
from app.search.examples import offer_examples
from app.search.filters import filters
from app.search.picture_drop import picture_drop
from app.search.query_box import query_box
from app.ui import url_state
from app.ui.deferred_dialog import dialog_at_the_end
from app.ui.escape import plain
from app.ui.facets_cache import overview
from app.ui.library_handle import library_at
from app.ui.navigation import CURRENT, MAP, SEARCH, go_on
from app.views.explore import explore_page
from app.views.frame import page_frame
from app.views.library import library_page
from app.views.map import map_page
from app.views.search import results
from app.views.timeline import timeline_page
from app.views.welcome import is_welcome, welcome
from clipcore.errors import ClipcoreError
from indexer.errors import IndexerError
from indexer.library.library import Library
from indexer.paths import default_library

PAGE_CSS: Final = Path(__file__).with_name("page.css")
ICON: Final = Path(__file__).with_name("icon.svg")


@one_language()
def main() -> None:
    """Draw the page once."""
    url_state.catch_up()  # first: the runs that follow may break off what goes back here
    st.set_page_config("Recollect", ICON, layout="wide")
    st.html(PAGE_CSS)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.html('<h1 class="brand">Recollect</h1>', width="content")
        language_switch()
    page_frame()
    try:
        may_be_drawn = admission.may_be_drawn(default_library())
        chosen = _navigation(may_be_drawn)
        st.session_state[CURRENT] = chosen.url_path
        if may_be_drawn:
            with dialog_at_the_end():
                chosen.run()
            go_on(chosen.url_path)
    except (IndexerError, ClipcoreError) as error:
        st.error(plain(translated(error)), icon=":material/error:")
        st.stop()


def _navigation(may_be_drawn: bool) -> st.Page:
    """The page that the address asks for; the way to the others is shown with a login."""
    search = st.session_state[SEARCH] = _page(page, _("Search"), ":material/search:")
    on_map = st.session_state[MAP] = _page(map_page, _("Map"), ":material/map:", "map")
    return st.navigation(
        [
            search,
            _page(timeline_page, _("Timeline"), ":material/calendar_month:", "timeline"),
            on_map,
            _page(explore_page, _("Explore"), ":material/bubble_chart:", "explore"),
            _page(library_page, _("Library"), ":material/folder:", "library"),
        ],
        position="top" if may_be_drawn else "hidden",
    )


def _page(draw: Callable[[Library], None], title: str, icon: str, path: str = "") -> st.Page:
    """One that `draw` draws of the library; the one without a path is where one begins."""

    def run() -> None:
        library = _library()
        if path:
            picture_drop(library)
        draw(library)

    return st.Page(run, title=title, icon=icon, url_path=path, default=not path)


def _library() -> Library:
    with st.spinner(_("Opening the library…")):
        return library_at(default_library())


def page(library: Library) -> None:
    """Everything below the title. Raises IndexerError or ClipcoreError."""
    facets = overview(library)
    if is_welcome(facets.photos):
        welcome(library, library.status())
        if url_state.value("photo") is not None:
            photo_dialog(library, ())
        return
    filters(facets)
    query_box(library, facets)
    if is_asked():
        results(library)
        return
    start(library, facets.photos)
    progress_line(library)
    newest(library)


def start(library: Library, photos: int) -> None:
    """The page before the first query: the library's size and a few queries to click."""
    st.markdown(
        ngettext(
            "**{count} photo** to remember. Describe it, or try:",
            "**{count} photos** to remember. Describe one, or try:",
            photos,
        )
    )
    offer_examples(library)


if __name__ == "__main__":
    main()
