"""The map: where the photos were taken, in clusters; a click shows those of one.

The land is drawn from a coarse outline that comes with the program. Tiles of a map server are
fetched only when the visitor allows it.
"""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit as st

from app.http.download_tokens import LAND_URL
from app.i18n.language import _, ngettext
from app.search.query_text import readable, with_filters
from app.ui import url_state
from app.ui.component import draw
from app.ui.escape import plain
from app.ui.facets_cache import overview
from app.ui.navigation import ask_for_search
from indexer import environment
from indexer.library.library import Library
from indexer.query.filter_values import Box, print_place
from indexer.query.query import Query, parse
from indexer.records.results import CELLS_PER_DEG, Facets

KEY: Final = "map"
TILES: Final = "tiles_allowed"  # in the session
TOGGLE: Final = "map_tiles"
OPENSTREETMAP: Final = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"


def map_page(library: Library) -> None:
    """Everything below the title. Raises IndexerError."""
    facets = overview(library)
    if not facets.places:
        st.caption(_("No photo has a location."))
        return
    if query := url_state.query():
        st.caption(plain(_("The place is added to this query: {query}").format(query=query)))
    with st.container(key="map_frame"):
        draw("views/map", KEY, map_data(facets), {"near": _search_near})
    _permission()


def _search_near(near: dict[str, int]) -> None:
    ask_for_search(near_too(url_state.query(), near))


def near_too(text: str, near: dict[str, int]) -> str:
    """The query of this text, for the photos of a cluster alone."""
    (around,) = parse(near_query(near)).filters
    return with_filters(readable(text) or Query(), near=around.value)


def near_query(near: dict[str, int]) -> str:
    """The query for all photos of a cluster: of the rows and columns of cells it consists of."""
    south, north = (max(-90.0, min(90.0, near[row] / CELLS_PER_DEG)) for row in ("south", "north"))
    west, east = (
        max(-180.0, min(180.0, near[column] / CELLS_PER_DEG)) for column in ("west", "east")
    )
    return f"near:{print_place(Box(south, west, north, east))}"


def map_data(facets: Facets) -> dict[str, Any]:
    """The data for map.js."""
    return {
        "places": [
            [
                *(round(place.latitude_deg, 4), round(place.longitude_deg, 4), place.photos),
                *(place.row, place.column),
            ]
            for place in facets.places
        ],
        "cells_per_deg": CELLS_PER_DEG,
        "land": f"/{LAND_URL}",
        "tiles": tiles() if st.session_state.get(TILES) else None,
        "words": {
            "map": _("Map of the photos: arrow keys move it, plus and minus zoom"),
            "closer": _("Zoom in"),
            "farther": _("Zoom out"),
            "everything": _("Show everything"),
            "one": ngettext("{count} photo", "{count} photos", 1),
            "many": _("{number} photos"),
            "credit": _("© OpenStreetMap contributors") if tiles() == OPENSTREETMAP else "",
        },
    }


def tiles() -> str:
    """The address of a tile, with {z}, {x} and {y}."""
    return os.environ.get(environment.TILES, OPENSTREETMAP)


def _permission() -> None:
    """Ask for the tiles, and say what is sent to whom."""
    server = plain(urlsplit(tiles()).hostname or tiles())
    st.toggle(
        _("Streets and places from {server}").format(server=server),
        value=bool(st.session_state.get(TILES)),
        key=TOGGLE,
        on_change=_remember_tiles,
    )
    st.caption(
        _(
            "Your browser then fetches map images from {server}, which sees your internet "
            "address and the part of the map you view. Your photos and queries are never sent. "
            "Without it, nothing leaves this machine."
        ).format(server=server)
    )


def _remember_tiles() -> None:
    # in a callback: a rerun that the page asks for takes back the way to another page
    st.session_state[TILES] = st.session_state[TOGGLE]
