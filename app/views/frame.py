"""What the browser does by itself around every page: the history, Escape, a sign of life, and the
words where the server is gone.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.i18n.language import _
from app.ui.component import draw

KEY: Final = "page_frame"
PULSE_S: Final = 60.0  # a browser lets the timers of a page in the background run so often


def page_frame() -> None:
    """Nothing is seen of it while all is well."""
    with st.container(key=KEY):
        draw("views/frame", f"{KEY}_script", {"words": words()})
        _pulse()


@st.fragment(run_every=PULSE_S)
def _pulse() -> None:
    """A page that is open says so: the server closes those that it does not hear of."""


def words() -> dict[str, dict[str, str]]:
    """The texts for a server that does not respond, and for an unknown page."""
    return {
        "lost": {
            "title": _("Recollect is not responding"),
            "message": _(
                "The server of this page has stopped or cannot be reached. Start it again with "
                "“indexer serve”; the page then reconnects by itself."
            ),
        },
        "missing": {
            "title": _("Page not found"),
            "message": _("This address is not a page of Recollect. Here is the search."),
        },
    }
