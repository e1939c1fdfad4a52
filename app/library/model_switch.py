"""Going over to another model, from the library page: its cost beforehand, then its progress.

The daemon does it; searches use the old model until it is done.
"""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Final

import streamlit as st

from app.i18n.counts import photo_count
from app.i18n.language import _, number, translated
from app.i18n.photo_facts import file_size
from app.library.daemon_status import time_left
from app.ui.deferred_dialog import ask_for
from app.ui.escape import plain
from clipcore.errors import ClipcoreError
from clipcore.messages import Message
from indexer.errors import IndexerError
from indexer.library.library import Library
from indexer.records.models import SwitchCost
from indexer.records.status import LibraryStatus

CHOSEN: Final = "model_chosen"  # in the session: the model whose cost is shown
KEY: Final = "model_switch"


def switch_button(source: str) -> None:
    """A button that asks whether to switch to that model."""
    st.button(_("Use"), key=f"use_{source}", on_click=_choose, args=(source,))


def request_status(library: Library, status: LibraryStatus) -> None:
    """Say what model the library switches to, or why it did not; ask about the one chosen."""
    if source := st.session_state.get(CHOSEN):
        title = _("Switch model?")
        ask_for(KEY, partial(st.dialog(title, on_dismiss=_forget)(_ask), library, source))
    request = status.request
    if request is None:
        return
    with st.container(border=True, key="model_request"):
        if request.refused:
            st.error(plain(_refusal(request.source, request.refused)), icon=":material/error:")
        else:
            st.markdown(plain(_under_way(status, request.source)))
        with st.container(horizontal=True):
            if request.refused:
                _ask_again(library, request.source)
            label = _("Close") if request.refused else _("Keep the current model")
            st.button(label, key="keep_model", on_click=library.models.cancel_request)


def _ask_again(library: Library, source: str) -> None:
    st.button(
        _("Try again"),
        icon=":material/refresh:",
        key="ask_again",
        on_click=library.models.request_switch,
        args=(source,),
    )


def _refusal(source: str, why: Message) -> str:
    return _("Could not switch to {model}: {why}").format(model=source, why=translated(why))


def _under_way(status: LibraryStatus, source: str) -> str:
    text = _("Switching to {new}. Until it is done, searches use {old}.")
    begins = "" if status.daemon else f" {_('It starts when the daemon runs.')}"
    return text.format(new=source, old=status.model_id) + begins


def _choose(source: str) -> None:
    st.session_state[CHOSEN] = source


def _forget() -> None:
    st.session_state.pop(CHOSEN, None)


def _ask(library: Library, source: str) -> None:
    """The dialog: what it takes, and whether that is wanted."""
    try:
        with st.spinner(_("One moment…")):
            rows = cost_rows(source, library.models.cost(source))
    except (IndexerError, ClipcoreError) as error:
        st.error(plain(translated(error)), icon=":material/error:")
        return
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in rows)
    st.html(f'<dl class="about">{listed}</dl>')
    st.caption(
        _(
            "Searches use the current model until all photos are embedded. Photos added "
            "meanwhile appear when the switch is done. Switching back is free: existing "
            "embeddings stay."
        )
    )
    if st.button(
        _("Switch"), type="primary", key="switch", on_click=_switch, args=(library, source)
    ):
        st.rerun()


def _switch(library: Library, source: str) -> None:
    library.models.request_switch(source)
    _forget()


def cost_rows(source: str, cost: SwitchCost) -> list[tuple[str, str]]:
    """(label, value) of what going over takes."""
    return [
        (_("Model"), source),
        (_("To embed"), photo_count(cost.photos)),
        (_("Time"), _time(cost)),
        (_("Disk"), file_size(cost.disk_bytes)),
    ]


def _time(cost: SwitchCost) -> str:
    if cost.seconds is None or cost.photos_per_s is None:
        return _("unknown until this machine has used the model")
    words = {
        True: _("{time}, as measured on this machine ({rate} photos/s)"),
        False: _("about {time}, estimated from the current model's speed"),
    }
    rate = number(round(cost.photos_per_s, 1))
    return words[cost.measured].format(time=time_left(cost.seconds), rate=rate)
