"""Queries to try, offered before the first one: only such as have strong matches in this library.

Found out after the page is drawn, and again when the library has changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import streamlit as st

from app.i18n.language import _, concept, language, one_language
from app.ui import url_state
from app.ui.deferred_dialog import DRAWING
from clipcore.errors import ClipcoreError
from clipcore.families.registry import Languages
from clipcore.messages import N_
from indexer.errors import IndexerError
from indexer.explore.concepts import concepts
from indexer.library.library import Library

SENTENCES: Final = (  # they show best what can be typed
    N_("snow in the mountains"),
    N_("a dog playing outside"),
    N_("dinner with friends"),
    N_("boats by the sea"),
    N_("an old church"),
    N_("flowers in the garden"),
)
# the models that understand a language of the page; English is everybody's
UNDERSTAND: Final = {"zh": (Languages.CHINESE, Languages.MANY)}
OFFERED: Final = 6
APART: Final = 17
LOOKED_AT: Final = 50  # strong matches of one query
AFTER_S: Final = 2.0  # after the page is drawn
REST: Final = 20  # while a library grows, finding out takes at most one part in so many of the time


log = logging.getLogger(__name__)


class ExamplesKeeper:
    """Finds out once for all visitors. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: tuple[str, int] | None = None
        self._next_s = 0.0
        self.known: tuple[str, ...] = ()

    def is_due(self, library: Library) -> bool:
        """Whether they are not known yet, or the library has changed since."""
        of = (library.model_id, library.change_token())
        return of != self._of and time.monotonic() >= self._next_s

    def find(self, library: Library, phrased: Callable[[str], str]) -> bool:
        """Find out, unless another visitor does; whether others are known now."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            before, started_s = self.known, time.monotonic()
            of = (library.model_id, library.change_token())
            try:
                self.known = examples(library, phrased)
            except (IndexerError, ClipcoreError) as error:
                log.warning("no examples can be found: %s", error)  # a search shows it
            ended_s = time.monotonic()
            self._of, self._next_s = of, ended_s + REST * (ended_s - started_s)
            return self.known != before
        finally:
            self._lock.release()


def examples(library: Library, phrased: Callable[[str], str]) -> tuple[str, ...]:
    """The sentences that have strong matches here, then everyday concepts that find photos which
    none before has found; few queries are enough where a library shows much.

    `phrased` gives the query of each.
    """
    chosen: list[str] = []
    seen: set[int] = set()
    for text in (*SENTENCES, *_spread(concepts())):
        if len(chosen) == OFFERED:
            break
        fresh = _strong(library, phrased(text)) - seen
        if fresh:
            chosen.append(text)
            seen |= fresh
    return tuple(chosen)


def _spread(known: tuple[str, ...]) -> Iterator[str]:
    """All of them, neighbours far from one another: those are about the same."""
    for start in range(APART):
        yield from known[start::APART]


def _strong(library: Library, text: str) -> frozenset[int]:
    hits = library.search(text, LOOKED_AT).hits
    return frozenset(hit.photo.id for hit in hits if hit.is_strong)


@st.cache_resource(show_spinner=False)
def _keeper_of(path: Path, made: int, language: str) -> ExamplesKeeper:
    return ExamplesKeeper()


def _keeper(library: Library) -> ExamplesKeeper:
    return _keeper_of(library.path, id(library), language())


def _label(example: str) -> str:
    return _(example) if example in SENTENCES else concept(example)


def phrasing(library: Library) -> Callable[[str], str]:
    """The queries in this visitor's language where the model understands it, else in English."""
    understood = library.languages in UNDERSTAND.get(language(), ())
    return _label if understood else str


def offer_examples(library: Library) -> None:
    """Buttons that ask them; they appear when they are known."""
    keeper = _keeper(library)
    if keeper.known:
        phrased = phrasing(library)
        with st.container(horizontal=True, key="examples"):
            for example in keeper.known:
                query = phrased(example)
                st.button(_label(example), on_click=url_state.set_query, args=(query,))
    if keeper.is_due(library):
        _find(library)


@st.fragment(run_every=AFTER_S)
@one_language()
def _find(library: Library) -> None:
    keeper = _keeper(library)
    is_first_draw = st.session_state.get(DRAWING)
    if not is_first_draw and keeper.is_due(library) and keeper.find(library, phrasing(library)):
        st.rerun()
