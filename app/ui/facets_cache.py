"""What the photos have in common, at hand for everybody; counted again when it has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from app.ui.recount import Recount
from indexer.library.library import Library
from indexer.records.results import Facets

SHOWN: Final = "facets_shown"  # in the session: those that its page is drawn with


def facets_count() -> Recount[Facets]:
    """Counts the facets; an empty library shows its first photo at once."""
    return Recount(lambda library: library.facets(), is_empty=lambda facets: not facets.photos)


@st.cache_resource(show_spinner=False)
def _counted(path: Path, made: int) -> Recount[Facets]:
    return facets_count()


def overview(library: Library) -> Facets:
    """The facets of the library, to draw a page; nobody waits where it was counted before."""
    st.session_state[SHOWN] = facets = _current(library)
    return facets


def is_overview_current(library: Library) -> bool:
    """Whether no newer facets are known than the page was drawn with; old ones are counted."""
    shown = st.session_state.get(SHOWN)
    return shown is None or shown is _current(library)


def _current(library: Library) -> Facets:
    return _counted(library.path, id(library)).current(library)
