"""A picture that a visitor gives to search by, alone or beside words.

It lives in this visitor's session, as its embedding and a thumbnail: nothing of it is written to
the disk, and the address has only a name for it.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, Final

import streamlit as st

from app import address
from app.grid import jpeg_url
from app.language import _
from app.said import said
from indexer.errors import QueryError
from indexer.library import Library
from indexer.query import Picture

KEY: Final = "given_pictures"
NOTICE: Final = "given_picture_notice"
KEPT: Final = 8  # so many of the last ones can be gone back to


@dataclass(frozen=True, slots=True)
class Given:
    """What is kept of a picture."""

    picture: Picture
    thumbnail: str  # as a URL


def take(library: Library, sent: dict[str, Any]) -> None:
    """Look for the picture that the browser has sent, or let the page say why not.

    `sent`: {"data": its file in base64}.
    """
    try:
        picture, jpeg = library.given_picture(b64decode(sent["data"], validate=True))
    except binascii.Error:
        st.session_state[NOTICE] = _("The picture did not arrive whole.")
    except QueryError as error:
        st.session_state[NOTICE] = said(error)
    else:
        name = token_urlsafe(6)
        kept = {**_kept(), name: Given(picture, jpeg_url(jpeg))}
        st.session_state[KEY] = dict(list(kept.items())[-KEPT:])
        address.set_query(address.query())
        address.set_picture(name)


def given() -> Given | None:
    """The picture that is looked for, if one is."""
    return _kept().get(address.picture() or "")


def notice() -> str:
    """What there is to say of the last picture, once."""
    if told := st.session_state.pop(NOTICE, ""):
        return str(told)
    if address.picture() and given() is None:
        return _("The picture of this link stayed with who gave it: give it again.")
    return ""


def _kept() -> dict[str, Given]:
    kept: dict[str, Given] = st.session_state.get(KEY, {})
    return kept
