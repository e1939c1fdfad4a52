"""What the daemon does now: in words, with its progress, and a button to pause it."""

from __future__ import annotations

import streamlit as st

from app.plain import name_and_note
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
        return ":material/pause_circle:", "Paused"
    if daemon is None:
        return ":material/power_off:", "The daemon is not running"
    if daemon.paused:
        return ":material/hourglass_empty:", "Resting"
    if daemon.doing == "watching":
        return ":material/visibility:", "Up to date"
    return ":material/sync:", daemon.doing.capitalize()


def detail(status: LibraryStatus) -> str:
    """What there is to say beyond that, in one line."""
    daemon = status.daemon
    if status.paused:
        return "Nothing is taken in until it goes on."
    if daemon is None:
        return "New photos come in while 'indexer serve' or 'indexer watch' runs."
    if daemon.paused:
        return daemon.paused
    if daemon.queue:
        return _pace(daemon)
    if daemon.last_error:
        return daemon.last_error
    if daemon.doing == "watching":
        return "New and changed photos come in by themselves."
    return "One moment…"


def progress(status: LibraryStatus) -> float | None:
    """The share of the photos that are in already; None where nothing is waiting."""
    daemon = status.daemon
    if daemon is None or not daemon.queue or status.paused:
        return None
    return status.photos / (status.photos + daemon.queue)


def time_left(seconds: float) -> str:
    """50 s, 12 min or 3 h 20 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _pace(daemon: DaemonState) -> str:
    parts = [f"{daemon.queue:,} to go"]
    if daemon.photos_per_s:
        parts.append(f"{daemon.photos_per_s:g} photos/s")
    if daemon.left_s is not None:
        parts.append(f"{time_left(daemon.left_s)} left")
    if len(parts) == 1:
        parts.append("the model is loaded for the first ones")
    return " · ".join(parts)


def _switch(library: Library, status: LibraryStatus) -> None:
    if status.paused:
        st.button("Resume", icon=":material/play_arrow:", key="resume", on_click=library.resume)
    elif status.daemon is not None:
        st.button("Pause", icon=":material/pause:", key="pause", on_click=library.pause)
