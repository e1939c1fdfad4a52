"""Files that the page hands out over HTTP, each under a token that nobody can guess.

A token stands for an offer that the page has made to one login, never for a path: what was not
offered cannot be had, nor by another login. Knows nothing of how they are sent.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

FILES_URL: Final = "files"
LAND_URL: Final = "land.json"
REMEMBERED: Final = 10_000  # offers: what visitors can make the server remember is limited


class Pieces(Protocol):
    """What is read or made while it is sent; its length in bytes is known before."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...


Content = bytes | Pieces


@dataclass(frozen=True, slots=True)
class Offer:
    """A file: its content, looked for when it is asked for, is None when there is none any more.

    `download`: it is to be kept, not to be shown.
    """

    name: str
    mime: str
    content: Callable[[], Content | None]
    download: bool = True


class Offers:
    """The files on offer. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offers: dict[str, tuple[Offer, str]] = {}

    def make(self, offer: Offer, login: str) -> str:
        """Offer a file to the login of this name; its token."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._offers[token] = offer, login
            if len(self._offers) > REMEMBERED:
                del self._offers[next(iter(self._offers))]
        return token

    def take_back(self, token: str) -> None:
        """Offer it no longer."""
        with self._lock:
            self._offers.pop(token, None)

    def get(self, token: str, login: str) -> Offer | None:
        """The file that this login may fetch with this token."""
        with self._lock:
            offer, to = self._offers.get(token, (None, ""))
        return offer if to == login else None


@cache
def offered() -> Offers:
    """Those of this server."""
    return Offers()


def url(token: str) -> str:
    """The URL of this token's file, from any page."""
    return f"/{FILES_URL}/{token}"
