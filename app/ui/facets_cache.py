"""What the photos have in common, at hand for everybody; counted again when it has changed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.ui.recount import Recount
from indexer.library.library import Library
from indexer.records.results import Facets


def facets_count() -> Recount[Facets]:
    """Counts the facets; an empty library shows its first photo at once."""
    return Recount(lambda library: library.facets(), is_empty=lambda facets: not facets.photos)


@st.cache_resource(show_spinner=False)
def _counted(path: Path, made: int) -> Recount[Facets]:
    return facets_count()


def overview(library: Library) -> Facets:
    """The facets of the library; nobody waits where it was counted before."""
    return _counted(library.path, id(library)).current(library)
