"""The text tower that embeds queries in place of the model's own, on the library page.

It searches the photos that are embedded already. model_download.py downloads it.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import _, translated
from app.ui.escape import plain
from clipcore.errors import ClipcoreError
from clipcore.messages import Message
from indexer.library.library import Library
from indexer.records.models import ModelOffer

REFUSED: Final = "text_tower_refused"  # in the session: the tower, and why it does not fit


def text_tower_button(library: Library, offer: ModelOffer, in_use: str | None) -> None:
    """A button that lets a cached text tower embed the queries, or the model's own again."""
    source = offer.source
    if in_use == source:
        own = library.model.source
        st.button(_("Stop using"), key=f"own_text_{source}", on_click=_use, args=(library, own))
    else:
        label = _("Use for queries")
        st.button(label, key=f"text_{source}", on_click=_use, args=(library, source))


def refusal(offer: ModelOffer) -> None:
    """The reason why the tower does not fit, if that was found."""
    source, why = st.session_state.get(REFUSED) or (None, None)
    if source == offer.source and isinstance(why, Message):
        st.error(plain(translated(why)), icon=":material/error:")


def _use(library: Library, source: str) -> None:
    st.session_state.pop(REFUSED, None)
    try:
        with st.spinner(_("One moment…")):
            library.use_text_tower(source)
    except ClipcoreError as error:
        st.session_state[REFUSED] = source, error.message
