"""The name of a visitor: a secret that one browser keeps, so that a reload finds what it gave."""

from __future__ import annotations

import secrets
from typing import Final

import streamlit as st

from app.auth.admission import page_login

COOKIE: Final = "recollect_visitor"  # for as long as the browser runs
NAME: Final = "visitor"  # in the session, of a browser that keeps no cookies


def visitor() -> str:
    """The secret name of this browser with its login, if it has one.

    A browser that keeps no cookies has a new one with each session.
    """
    browser = dict(st.context.cookies).get(COOKIE)
    if not browser:
        browser = st.session_state.setdefault(NAME, secrets.token_urlsafe(32))
    return f"{browser} {page_login()}"
