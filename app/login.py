"""The door: a page that other machines reach asks who comes, before anything of the library.

By a password, or by a login with an OpenID provider (st.login). A page that listens on this
machine alone asks for a password only where one was set.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.component import draw
from app.doorkeeper import LASTS_S, Doorkeeper, MustWait
from app.language import _
from app.plain import plain
from indexer.access import OIDC_VARIABLE, needs_login, people
from indexer.password import has_password, is_password

COOKIE: Final = "recollect_pass"
PASS: Final = "pass"  # of this session
KEEPER: Final = "pass_keeper"
PASSWORD_CHARACTERS: Final = 1_000


def may_enter(library: Path) -> bool:
    """Whether this visitor may see the library at that path; else the door is drawn."""
    if not needs_login(st.get_option("server.address"), library):
        return True
    if oidc := os.environ.get(OIDC_VARIABLE):
        return _enters_by_provider(people(Path(oidc)))
    if not has_password(library):
        st.error(
            _(
                "Other machines reach this page, and it has no password. "
                "Set one with 'indexer password', or start it with 'indexer serve'."
            ),
            icon=":material/lock:",
        )
        return False
    return _enters_by_password(library)


def sign_out_button() -> None:
    """A way out, for who had to log in."""
    if st.user.get("is_logged_in"):
        st.button(_("Sign out"), icon=":material/logout:", key="sign_out", on_click=st.logout)
    elif PASS in st.session_state:
        st.button(_("Sign out"), icon=":material/logout:", key="sign_out", on_click=_sign_out)


@st.cache_resource
def doorkeeper() -> Doorkeeper:
    """The one of this server."""
    return Doorkeeper()


def _enters_by_password(library: Path) -> bool:
    shown = st.session_state.get(PASS) or st.context.cookies.get(COOKIE)
    if doorkeeper().knows(shown):
        if st.context.cookies.get(COOKIE) != shown:
            _let_browser_keep(str(shown))
        st.session_state[PASS] = shown
        return True
    _ask_for_password(library)
    return False


def _ask_for_password(library: Path) -> None:
    with _door(), st.form("login", border=False):
        given = st.text_input(
            _("Password"),
            type="password",
            key="password",
            autocomplete="current-password",
            max_chars=PASSWORD_CHARACTERS,
        )
        if st.form_submit_button(_("Open"), type="primary"):
            _try_password(library, given)


def _try_password(library: Path, given: str) -> None:
    visitor = st.context.ip_address or "localhost"
    try:
        issued = doorkeeper().try_password(visitor, lambda: is_password(library, given))
    except MustWait as early:
        told = _("Too many wrong passwords: try again in {seconds} s.")
        st.error(told.format(seconds=math.ceil(early.wait_s)))
        return
    if issued is None:
        st.error(_("This is not the password."))
        return
    st.session_state[PASS] = issued
    st.rerun()


def _enters_by_provider(invited: frozenset[str]) -> bool:
    if not st.user.get("is_logged_in"):
        with _door():
            st.button(_("Log in"), type="primary", key="log_in", on_click=st.login)
        return False
    email = str(st.user.get("email") or "").lower()
    if email in invited and st.user.get("email_verified") is not False:
        return True
    with _door():
        told = _("{email} is not among those who may see this library.")
        st.error(plain(told.format(email=email or "?")))
        st.button(_("Sign out"), key="sign_out", on_click=st.logout)
    return False


def _door() -> DeltaGenerator:
    door = st.container(key="door")
    door.subheader(_("These photos are private"), anchor=False)
    return door


def _let_browser_keep(issued: str) -> None:
    data = {"name": COOKIE, "pass": issued, "seconds": int(LASTS_S)}
    with st.container(key="keeper"):
        draw("login", KEEPER, data, before=())


def _sign_out() -> None:
    doorkeeper().take_back(st.session_state.pop(PASS, None))
