"""What the daemon does now: in words, with its progress, and a button to pause it."""

from __future__ import annotations

import streamlit as st

from app.language import _, ngettext, number
from app.plain import name_and_note
from app.said import said
from indexer.library import Library
from indexer.records import DaemonState, LibraryStatus


def activity(library: Library, status: LibraryStatus) -> None:
    """Show it in a row; the button says what it would do."""
    icon, headline = told(status)
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


def told(status: LibraryStatus) -> tuple[str, str]:
    """An icon, and what goes on in a few words."""
    daemon = status.daemon
    if status.paused:
        return ":material/pause_circle:", _("Paused")
    if daemon is None:
        return ":material/power_off:", _("The daemon is not running")
    if daemon.paused:
        return ":material/hourglass_empty:", _("Resting")
    if daemon.doing == "watching":
        return ":material/visibility:", _("Up to date")
    doing = said(daemon.doing)
    return ":material/sync:", doing[:1].upper() + doing[1:]


def detail(status: LibraryStatus) -> str:
    """What there is to say beyond that, in one line."""
    daemon = status.daemon
    if status.paused:
        return _("Nothing is taken in until it goes on.")
    if daemon is None:
        return _("New photos come in while 'indexer serve' or 'indexer watch' runs.")
    if daemon.paused:
        return said(daemon.paused)
    if daemon.queue:
        return _pace(daemon)
    if daemon.last_error:
        return said(daemon.last_error)
    if daemon.doing == "watching":
        return _("New and changed photos come in by themselves.")
    return _("One moment…")


def progress(status: LibraryStatus) -> float | None:
    """The share of the photos that are in already; None where nothing is waiting."""
    daemon = status.daemon
    if daemon is None or not daemon.queue or status.paused:
        return None
    if status.going_over_to:  # those that are in are computed anew
        return max(0.0, 1 - daemon.queue / max(1, status.photos))
    return status.photos / (status.photos + daemon.queue)


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
        parts.append(_("the model is loaded for the first ones"))
    return " · ".join(parts)


def _switch(library: Library, status: LibraryStatus) -> None:
    if status.paused:
        st.button(_("Resume"), icon=":material/play_arrow:", key="resume", on_click=library.resume)
    elif status.daemon is not None:
        st.button(_("Pause"), icon=":material/pause:", key="pause", on_click=library.pause)
