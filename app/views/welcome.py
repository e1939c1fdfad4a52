"""The first visit: an empty library asks for a folder, then shows its photos as they come in."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import _, ngettext, translated
from app.library.daemon_status import activity
from app.library.roots import root_list
from app.photos.by_month import EVERY_PHOTO
from app.photos.grid import grid
from app.selection.folder_picker import folder_picker
from app.ui.escape import plain
from indexer.errors import IndexerError
from indexer.library.library import Library
from indexer.records.status import LibraryStatus

WELCOMING: Final = "welcoming"  # in the session: the person has not gone on to searching yet
REFRESH_S: Final = 2.0
PHOTOS_SHOWN: Final = 24


def is_welcome(photos: int) -> bool:
    """Whether there is nothing to search yet, or the person still watches photos come in."""
    if not photos:
        st.session_state[WELCOMING] = True
    return bool(st.session_state.get(WELCOMING))


def welcome(library: Library, status: LibraryStatus) -> None:
    """Ask for a folder, or show what comes in from it."""
    with st.container(key="welcome"):
        if status.roots:
            _coming_in(library)
            return
        st.header(_("Where are your photos?"), anchor=False)
        st.markdown(
            _(
                "Choose a folder on this machine. Photos stay here: nothing is uploaded, and "
                "no file is ever changed."
            )
        )
        folder_picker(library, done=_("Add “{folder}”"))


@st.fragment(run_every=REFRESH_S)
def _coming_in(library: Library) -> None:
    try:
        status = library.status()
        _heading(status)
        activity(library, status)
        if status.failed:
            st.caption(
                ngettext(
                    "{count} file could not be read: the library page lists it.",
                    "{count} files could not be read: the library page lists them.",
                    status.failed,
                )
            )
        if not status.photos:
            root_list(library, status)  # with what is wrong, where something is
        else:
            grid(library, library.search(EVERY_PHOTO, PHOTOS_SHOWN).hits, EVERY_PHOTO)
    except IndexerError as error:
        st.error(plain(translated(error)), icon=":material/error:")


def _heading(status: LibraryStatus) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header(title(status), anchor=False, width="content")
        if status.photos and st.button(_("Start searching"), type="primary", key="start_searching"):
            st.session_state.pop(WELCOMING, None)
            st.rerun()


def title(status: LibraryStatus) -> str:
    """The state of the library so far, in a few words."""
    if status.photos:
        return ngettext("{count} photo so far", "{count} photos so far", status.photos)
    settled = status.daemon is None or status.daemon.is_settled
    return _("No photos yet") if settled else _("Looking for photos…")
