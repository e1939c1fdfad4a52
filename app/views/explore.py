"""The explore page: the library as a picture, and photos that are nearly the same.

Both are computed beside the page (exploring.py), when it is opened and the library has changed
much; until then it shows what was computed last.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.explore.atlas import atlas_view
from app.explore.job import Exploring
from app.explore.near_duplicates import near_duplicates_view
from app.i18n.language import _, concept, ngettext, number, translated
from app.photos.detail import photo_dialog
from app.photos.grid import grid, wanted
from app.selection.bar import like_these, selection_bar
from app.selection.selection import tick
from app.ui import url_state
from app.ui.escape import plain
from app.ui.navigation import ask_for_search, go_now
from clipcore.messages import N_
from indexer.arrays import IntArray
from indexer.errors import IndexerError, PhotoNotFound
from indexer.explore import atlas as atlas_file
from indexer.explore import near_duplicates
from indexer.explore.atlas import Atlas, State
from indexer.explore.projection import PCA
from indexer.library.library import Library
from indexer.records.results import Hit

EMBEDDING_MAP: Final = "picture"
NEAR_DUPLICATES: Final = "look-alikes"
VIEWS: Final = {EMBEDDING_MAP: N_("Embedding map"), NEAR_DUPLICATES: N_("Near-duplicates")}
GRID: Final = "explore_grid"
REFRESH_S: Final = 2.0
OUTGROWN: Final = 0.1  # of the photos that came or went: then it is computed again by itself
LIKE_THESE: Final = 12  # photos make a query: the most typical of those chosen


def explore_page(library: Library) -> None:
    """Everything below the title. Raises IndexerError."""
    work = exploring(library.path)
    status = library.status()
    now = State(status.model_id, status.photos, status.embeddings)
    if not now.photos:
        st.info(_("There is nothing to explore yet: the library has no photos."))
        return
    if work.error is None and _is_outgrown(_atlas(library), now):
        work.start()
    explore = st.fragment(_explore, run_every=REFRESH_S if work.running else None)
    explore(library, work, now, was_running=work.running)


@st.cache_resource(show_spinner=False)
def exploring(library: Path) -> Exploring:
    """The explore job of the library at that path; one for all visitors."""
    return Exploring(library)


def _explore(library: Library, work: Exploring, now: State, *, was_running: bool) -> None:
    try:
        if was_running and not work.running:
            st.rerun()
        view = _choose_view()
        atlas = _atlas(library)
        _tell(work, atlas, now)
        hits: tuple[Hit, ...] = ()
        if view == NEAR_DUPLICATES:
            hits = near_duplicates_view(
                library, near_duplicates.load(library.path, library.model_id)
            )
        elif atlas is not None:
            if not work.running:
                _about(atlas)
            hits = _picture(library, atlas)
        if url_state.value("photo") is not None:
            photo_dialog(library, hits)
    except IndexerError as error:
        st.error(plain(translated(error)), icon=":material/error:")


def _choose_view() -> str:
    requested = url_state.value("view") or EMBEDDING_MAP
    if st.session_state.get("view") != requested:
        st.session_state["view"] = requested if requested in VIEWS else EMBEDDING_MAP
    chosen = st.segmented_control(
        _("View"),
        list(VIEWS),
        format_func=lambda view: _(VIEWS[view]),
        key="view",
        label_visibility="collapsed",
        on_change=lambda: url_state.put("view", st.session_state["view"]),
    )
    return str(chosen or EMBEDDING_MAP)


def _tell(work: Exploring, atlas: Atlas | None, now: State) -> None:
    """Show progress, the last error, or that the map is out of date."""
    if work.running:
        doing = translated(work.doing) if work.doing else _("One moment…")
        st.caption(f":material/progress_activity: {plain(doing)}")
    elif work.error is not None:
        st.error(plain(translated(work.error)), icon=":material/error:")
        st.button(_("Try again"), key="explore_again", on_click=work.start)
    elif atlas is not None and atlas.state != now:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("The library has changed since this was drawn."), width="content")
            st.button(_("Redraw"), key="explore_again", type="tertiary", on_click=work.start)


def _is_outgrown(atlas: Atlas | None, now: State) -> bool:
    return atlas is None or abs(atlas.state.photos - now.photos) > OUTGROWN * now.photos


def _atlas(library: Library) -> Atlas | None:
    path = library.path / atlas_file.FILE
    written = path.stat().st_mtime_ns if path.exists() else 0
    return _read(library.path, library.model_id, written)


@lru_cache(4)
def _read(library: Path, model_id: str, _written: int) -> Atlas | None:
    return atlas_file.load(library, model_id)


def _picture(library: Library, atlas: Atlas) -> tuple[Hit, ...]:
    atlas_view(library, atlas)
    chosen = _chosen(atlas)
    selection_bar(library)
    if chosen is None:
        return ()
    _heading(atlas, chosen)
    question = f"{url_state.group()} {url_state.area()} {atlas.state}"
    count = wanted(question, GRID)
    hits = _hits(library, atlas.photo_ids[chosen[:count]])
    if hits:
        grid(library, hits, question, key=GRID, more=len(chosen) > count)
    return hits


def _about(atlas: Atlas) -> None:
    lines = []
    if len(atlas.photo_ids) == atlas_file.POINTS < atlas.state.photos:
        drawn, there = number(len(atlas.photo_ids)), number(atlas.state.photos)
        lines.append(_("Showing {drawn} of {there} photos.").format(drawn=drawn, there=there))
    if atlas.method == PCA:
        lines.append(
            _("With scikit-learn (the extra “explore”), similar photos lie closer together.")
        )
    if lines:
        st.caption(plain(" ".join(lines)))


def _heading(atlas: Atlas, chosen: IntArray) -> None:
    group = url_state.group()
    count = ngettext("{count} photo", "{count} photos", len(chosen))
    photo_ids = atlas.photo_ids[chosen].tolist()
    with st.container(horizontal=True, vertical_alignment="center", key="atlas_chosen"):
        name = _("Selected area") if group is None else concept(atlas.names[group])
        st.subheader(f"{plain(name)} · {count}", anchor=False, width="content")
        if photo_ids:
            _offer(photo_ids)
        st.button(_("Close"), icon=":material/close:", key="unchoose", on_click=url_state.choose)


def _offer(photo_ids: list[int]) -> None:
    if st.button(
        _("More like these"),
        icon=":material/search:",
        key="like_these",
        on_click=ask_for_search,
        args=(like_these(photo_ids[:LIKE_THESE]),),
    ):
        go_now()
    st.button(
        _("Select all"),
        icon=":material/check:",
        key="select_chosen",
        on_click=tick,
        args=(photo_ids,),
    )


def _hits(library: Library, photo_ids: IntArray) -> tuple[Hit, ...]:
    """The photos that are still there; without scores, for nothing was asked."""
    hits: list[Hit] = []
    for photo_id in photo_ids.tolist():
        try:
            photo = library.photo(photo_id)
        except PhotoNotFound:
            continue
        if photo.missing_since is None:
            hits.append(Hit(len(hits) + 1, photo, None, None))
    return tuple(hits)


def _chosen(atlas: Atlas) -> IntArray | None:
    """The points that the address chooses, those in the middle first; None if it does not."""
    group, area = url_state.group(), url_state.area()
    if group is not None and group < len(atlas.names):
        inside = atlas.groups == group
    elif area is not None:
        inside = is_inside(atlas.places, np.reshape(area, (-1, 2)) / 1000)
    else:
        return None
    found = np.flatnonzero(inside)
    if not len(found):
        return found
    away = np.linalg.norm(atlas.places[found] - atlas.places[found].mean(axis=0), axis=1)
    return found[np.argsort(away, kind="stable")]


def is_inside(
    places: npt.NDArray[np.floating], line: npt.NDArray[np.floating]
) -> npt.NDArray[np.bool_]:
    """Which of (N, 2) places lie within a closed line of (M, 2) corners: those from which a ray to
    the right crosses it an odd number of times."""
    inside = np.zeros(len(places), np.bool_)
    x, y = places[:, 0], places[:, 1]
    for (x1, y1), (x2, y2) in zip(line, np.roll(line, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
