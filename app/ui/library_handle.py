"""The library that the page shows: opened once for everybody, and ready before anybody asks."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

import streamlit as st

from clipcore.errors import ClipcoreError
from indexer.environment import INDEX
from indexer.errors import IndexerError
from indexer.index.policy import IndexPolicy
from indexer.library.library import Library, open_library
from indexer.paths import default_library

log = logging.getLogger(__name__)

ANYTHING: Final = "photo"


@st.cache_resource(show_spinner=False)
def library_at(path: Path) -> Library:
    """The library at `path`. Raises LibraryError."""
    exact_only = os.environ.get(INDEX) == "exact"
    return open_library(path, index_policy=IndexPolicy(exact_only))


def search_once() -> None:
    """Load model and index, which takes a second or two: no visitor has to wait for them."""
    try:
        library_at(default_library()).search(ANYTHING, top=1)
    except (IndexerError, ClipcoreError) as error:
        log.info("the first search will load what it needs: %s", error)  # and tell the visitor
