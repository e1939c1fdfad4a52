"""A picture that a visitor gives to search by, alone or beside words.

The server's memory has its embedding and a thumbnail (picture_store.py), for this visitor alone;
the address has only a name for it.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, Final

import streamlit as st

from app.auth.visitor import visitor
from app.i18n.language import _, translated
from app.search.picture_store import QueryPicture, picture_store
from app.ui import url_state
from app.ui.data_url import jpeg_url
from app.ui.navigation import ask_for_search
from indexer.errors import QueryError
from indexer.library.library import Library
from indexer.search.query_vector import GIVEN_BYTES

NOTICE: Final = "given_picture_notice"


def take(library: Library, sent: dict[str, Any]) -> None:
    """Look for the picture that the browser has sent, or let the page say why not."""
    if name := stored(library, sent):
        ask_for_search(url_state.query(), name)


def stored(library: Library, sent: dict[str, Any]) -> str | None:
    """The name of the picture that the browser has sent; None where notice() says why not.

    `sent`: {"data": its file in base64}.
    """
    try:
        picture, jpeg = library.given_picture(b64decode(sent["data"], validate=True))
    except binascii.Error:
        st.session_state[NOTICE] = _("The upload was interrupted.")
    except QueryError as error:
        st.session_state[NOTICE] = translated(error)
    else:
        return picture_store().put(visitor(), QueryPicture(picture, jpeg_url(jpeg)))
    return None


def current() -> QueryPicture | None:
    """The picture that is looked for, if one is."""
    name = url_state.picture()
    return picture_store().get(visitor(), name) if name else None


def notice() -> str:
    """The message about the last picture, once."""
    if notice := st.session_state.pop(NOTICE, ""):
        return str(notice)
    if url_state.picture() and current() is None:
        return _("This link does not include its picture. Drop the picture again to search by it.")
    return ""


def intake_data() -> dict[str, Any]:
    """The data for picture_intake.js."""
    return {
        "limit_bytes": GIVEN_BYTES,
        "words": {
            "drop": _("Drop a picture to find similar photos"),
            "looking": _("Reading the picture…"),
            "too_large": _("The picture is too large: {size} MB at most.").format(
                size=GIVEN_BYTES // 1_000_000
            ),
            "unreadable": _("This file is not a readable picture."),
        },
    }
