"""What the photos have in common, counted once for everybody until the library changes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from indexer.library import Library
from indexer.records import Facets


def overview(library: Library) -> Facets:
    """The facets of the library as it is now."""
    return _counted(library.path, library.change_token(), library)


@st.cache_resource(max_entries=2, show_spinner=False)
def _counted(path: Path, change: int, _library: Library) -> Facets:
    return _library.facets()
