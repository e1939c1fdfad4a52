"""What the photos have in common, at hand for everybody; counted again when it has changed."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Final

import streamlit as st

from indexer.errors import IndexerError
from indexer.library import Library
from indexer.records import Facets

log = logging.getLogger(__name__)

AT_ONCE_S: Final = 0.1  # nobody notices a count that takes no longer
REST: Final = 10  # while a library grows, counting takes at most one part in so many of the time


class FacetsKeeper:
    """Counts once for all visitors. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facets: Facets | None = None
        self._change: int | None = None
        self._took_s = 0.0
        self._next_s = 0.0  # no sooner is it counted aside again
        self._counting = False

    def current(self, library: Library) -> Facets:
        """The facets; of a large library that changes just now, those of a moment ago."""
        change = library.change_token()
        with self._lock:
            if self._facets is None or not self._facets.photos or self._took_s < AT_ONCE_S:
                if self._facets is None or change != self._change:
                    self._facets = self._count(library, change)
            elif self._is_due(change):
                self._counting = True
                threading.Thread(target=self._count_aside, args=(library, change)).start()
            return self._facets

    def _is_due(self, change: int) -> bool:
        is_free = not self._counting and time.monotonic() >= self._next_s
        return change != self._change and is_free

    def _count(self, library: Library, change: int) -> Facets:
        started_s = time.monotonic()
        facets = library.facets()
        ended_s = time.monotonic()
        self._change, self._took_s = change, ended_s - started_s
        self._next_s = ended_s + REST * self._took_s
        return facets

    def _count_aside(self, library: Library, change: int) -> None:
        try:
            self._facets = self._count(library, change)
        except IndexerError as error:
            log.warning("the facets cannot be counted: %s", error)
        finally:
            self._counting = False


@st.cache_resource(show_spinner=False)
def _keeper(path: Path, made: int) -> FacetsKeeper:
    return FacetsKeeper()


def overview(library: Library) -> Facets:
    """The facets of the library; nobody waits where it was counted before."""
    return _keeper(library.path, id(library)).current(library)
