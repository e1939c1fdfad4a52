"""Shows the daemon's activity in words, with its progress and a button to pause it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Final

import streamlit as st

from app.i18n.language import _, ngettext, number, one_language, translated
from app.ui.escape import name_and_note, plain
from indexer.errors import IndexerError
from indexer.library.library import Library
from indexer.records.status import Activity, DaemonState, LibraryStatus, Work

REFRESH_S: Final = 2.0


@st.fragment(run_every=REFRESH_S)
@one_language()
def progress_line(library: Library) -> None:
    """One line while photos are indexed or cannot be; nothing where all is up to date."""
    try:
        if line := in_one_line(library.progress()):
            st.caption(line)
    except IndexerError as error:
        st.error(plain(translated(error)), icon=":material/error:")


def in_one_line(status: LibraryStatus) -> str | None:
    """The daemon's activity as Markdown; None where a search need not know."""
    if status.daemon is None or (status.daemon.is_settled and not status.paused):
        return None
    icon, headline = headline_of(status)
    return f"{icon} {plain(headline)} · {plain(detail(status))}"


def activity(library: Library, status: LibraryStatus) -> None:
    """Show it in a row; the button says what it would do."""
    icon, headline = headline_of(status)
    with st.container(border=True, key="activity"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(horizontal=True, wrap=False, width="stretch"):
                st.markdown(icon, width="content")
                name_and_note(headline, detail(status))
            _switch(library, status)
        if (share := progress(status)) is not None:
            st.progress(share)


def headline_of(status: LibraryStatus) -> tuple[str, str]:
    """An icon, and what goes on in a few words."""
    daemon = status.daemon
    if daemon and daemon.doing is Activity.REMOVING:
        return ":material/folder_off:", _sentence(daemon.work)
    if daemon and daemon.doing is Activity.PAUSING:
        return ":material/pause_circle:", _sentence(daemon.work)
    if status.paused:
        return ":material/pause_circle:", _("Paused")
    if daemon is None:
        return ":material/power_off:", _("The daemon is not running")
    if daemon.paused:
        return ":material/hourglass_empty:", _("On hold")
    if daemon.doing is Activity.WATCHING:
        return ":material/visibility:", _("Up to date")
    return ":material/sync:", _sentence(daemon.work)


def _sentence(work: Work) -> str:
    """The daemon's activity in the visitor's language; of a folder's path, the name."""
    name = work.folder and (PurePath(work.folder).name or work.folder)
    sentence = translated(replace(work, folder=name).message)
    return sentence[:1].upper() + sentence[1:]


def detail(status: LibraryStatus) -> str:
    """More about it, in one line."""
    daemon = status.daemon
    if daemon and daemon.doing is Activity.PAUSING:
        return _("The photos in progress are finished first.")
    if status.paused:
        return _("New photos wait until you resume.")
    if daemon is None:
        return _("New photos are indexed while 'indexer serve' or 'indexer watch' runs.")
    if daemon.paused:
        return translated(daemon.paused)
    if daemon.queue:
        return _pace(daemon)
    if daemon.last_error:
        return translated(daemon.last_error)
    if daemon.doing is Activity.READING_AGAIN:
        return _("This version reads more from photo files. Search works as before.")
    if daemon.doing is Activity.WATCHING:
        return _("New and changed photos are indexed automatically.")
    return _("One moment…")


def progress(status: LibraryStatus) -> float | None:
    """The share of the photos that are in already; None where nothing is waiting."""
    daemon = status.daemon
    if daemon is None or not daemon.queue or status.paused:
        return None
    if status.switching_to:  # those that are in are embedded again
        return max(0.0, 1 - daemon.queue / max(1, status.files))
    return status.files / (status.files + daemon.queue)


def time_left(seconds: float) -> str:
    """50 s, 12 min or 3 h 20 min."""
    if seconds < 60:
        return _("{seconds} s").format(seconds=f"{seconds:.0f}")
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)


def _pace(daemon: DaemonState) -> str:
    parts = [ngettext("{count} to go", "{count} to go", daemon.queue)]
    if daemon.photos_per_s:
        parts.append(_("{rate} photos/s").format(rate=number(daemon.photos_per_s)))
    if daemon.left_s is not None:
        parts.append(_("{time} left").format(time=time_left(daemon.left_s)))
    if len(parts) == 1:
        parts.append(_("loading the model"))
    return " · ".join(parts)


def _switch(library: Library, status: LibraryStatus) -> None:
    control = library.control
    if status.paused:
        st.button(_("Resume"), icon=":material/play_arrow:", key="resume", on_click=control.resume)
    elif status.daemon is not None:
        st.button(_("Pause"), icon=":material/pause:", key="pause", on_click=control.pause)
