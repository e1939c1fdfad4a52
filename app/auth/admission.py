"""Decides about access to the page: whether a login is needed, and which logins hold.

The one place that is asked, before every page, part of a page, callback and file: for each request
by the web application's outermost layer (http_guard.py), and by the page itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from app.auth.sessions import Sessions, name_of, sessions
from indexer.environment import OIDC
from indexer.serving.access import needs_login, people
from indexer.serving.password import is_password, password_mark

COOKIE: Final = "recollect_login"
LOGIN_HEADER: Final = "x-recollect-login"  # http_guard.py tells the page its login by it


@dataclass(frozen=True, slots=True)
class Admission:
    """Of a server that listens on `host`. `oidc`: the file that describes the provider, if any."""

    host: str | None
    library: Path
    oidc: Path | None
    sessions: Sessions

    def needed(self) -> bool:
        """Whether a visitor must log in."""
        return needs_login(self.host, self.library)

    def login(self, headers: Headers) -> str | None:
        """The name of the login that a request shows; "" where none is needed, None for none."""
        if not self.needed():
            return ""
        name = name_of(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        return name if self.holds(name) else None

    def holds(self, name: str) -> bool:
        """Whether the login of this name holds; the name "" is that of all where none is needed."""
        if not name:
            return not self.needed()
        return self.sessions.holds(name, self._is_basis())

    def has_password(self) -> bool:
        """Whether there is one to log in by."""
        return password_mark(self.library) is not None

    def try_password(self, address: str, password: str) -> str | None:
        """The token of a new login, or None for a wrong password. Raises MustWait."""
        basis = password_mark(self.library) or ""
        return self.sessions.try_password(
            address, basis, lambda: is_password(self.library, password)
        )

    def invite(self, email: str) -> str | None:
        """The token of a new login of a person whom the provider knows; None if not invited."""
        if self.oidc is None or email.lower() not in people(self.oidc):
            return None
        return self.sessions.begin(email.lower())

    def _is_basis(self) -> Callable[[str], bool]:
        """The basis of a login: the present password, or the person's invitation."""
        if self.oidc is not None:
            return people(self.oidc).__contains__
        mark = password_mark(self.library)
        return lambda basis: basis == mark


@cache
def admission(host: str | None, library: Path) -> Admission:
    """That of this server."""
    oidc = os.environ.get(OIDC)
    return Admission(host, library, Path(oidc) if oidc else None, sessions())


def page_login() -> str:
    """The name of the login that the page is drawn for; "" without one."""
    return str(st.context.headers.get(LOGIN_HEADER) or "")


def may_be_drawn(library: Path) -> bool:
    """Whether the page may be drawn for this login: that of the request, as it stands now."""
    return admission(st.get_option("server.address"), library).holds(page_login())


def sign_out() -> None:
    """End the login that the page is drawn for, wherever it is open."""
    sessions().end(page_login())
