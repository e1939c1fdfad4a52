"""The library page: folders, what the daemon does, what could not be read, model, index, sizes.

The parts that change by themselves are drawn again every REFRESH_S; the folder picker is not.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Final

import streamlit as st

from app.activity import activity
from app.facts import day, file_size
from app.login import sign_out_button
from app.panel import is_starter
from app.picker import close_picker, folder_picker
from app.plain import name_and_note, plain
from app.roots import root_list
from indexer.errors import IndexerError
from indexer.library import Library
from indexer.records import DiskUse, LibraryStatus

REFRESH_S: Final = 2.0
DISK_USE_LASTS: Final = timedelta(minutes=5)  # it looks at every thumbnail
FAILURES_SHOWN: Final = 100


def library_page(library: Library) -> None:
    """Everything below the title. Raises IndexerError."""
    with st.container(key="library"):
        _heading()
        if st.session_state.get("picking"):
            folder_picker(library, done="Add")
        _live(library)
        sign_out_button()


def _heading() -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader("Library", anchor=False, width="content")
        if st.session_state.get("picking"):
            st.button("Cancel", key="cancel", on_click=close_picker)
        else:
            st.button("Add folder", icon=":material/create_new_folder:", key="add", on_click=_pick)


def _pick() -> None:
    st.session_state["picking"] = True


@st.fragment(run_every=REFRESH_S)
def _live(library: Library) -> None:
    try:
        status = library.status()
        activity(library, status)
        root_list(library, status)
        if not status.roots:
            st.caption("No folders yet.")
        _failures(library, status.failed)
        _about(library, status)
    except IndexerError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _failures(library: Library, failed: int) -> None:
    if not failed:
        return
    with st.expander(f"{failed:,} could not be read", icon=":material/broken_image:"):
        st.button(
            "Try again", icon=":material/refresh:", key="retry", on_click=library.forget_failures
        )
        for failure in library.failures()[:FAILURES_SHOWN]:
            since = f"since {day(failure.since)}, in {failure.path.parent}"
            name_and_note(failure.path.name, f"{failure.reason} · {since}")
        if failed > FAILURES_SHOWN:
            st.caption(f"and {failed - FAILURES_SHOWN:,} more: 'indexer failures' lists them all")


def _about(library: Library, status: LibraryStatus) -> None:
    rows = about(status, _disk_use(str(status.library), library))
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in rows)
    with st.container(border=True):
        st.html(f'<dl class="about">{listed}</dl>')


def about(status: LibraryStatus, use: DiskUse) -> list[tuple[str, str]]:
    """(label, value) of what else there is to know; what is zero and good news is left out."""
    written = f", written {day(use.snapshot_at.astimezone())}" if use.snapshot_at else ""
    index = status.index
    rows = [
        ("Photos", f"{status.photos:,}"),
        ("Gone", _gone(status.missing)),
        ("Model", status.model_id + _starter(status.model_id)),
        ("Index", f"{index.kind}, {index.vectors:,} vectors ({index.reason})"),
        ("Database", file_size(use.database_bytes)),
        ("Index file", f"{file_size(use.index_bytes)}{written}" if written else "not written yet"),
        ("Thumbnails", file_size(use.thumbnails_bytes)),
        ("Kept in", str(status.library)),
    ]
    return [(label, value) for label, value in rows if value]


def _gone(missing: int) -> str:
    if not missing:
        return ""
    return (
        f"{missing:,} photos, remembered until they come back; "
        "'indexer prune --older-than 30d' forgets them"
    )


def _starter(model_id: str) -> str:
    if not is_starter(model_id):
        return ""
    return ": finds everyday things, animals and places; it is no CLIP and understands no scenes"


@st.cache_data(ttl=DISK_USE_LASTS, show_spinner=False)
def _disk_use(path: str, _library: Library) -> DiskUse:
    return _library.disk_use()
