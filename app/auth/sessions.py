"""Remembers the logins of the page, and lets visitors wait after wrong passwords.

One for all visitors; all is gone when the server ends. A login is a token, a secret of one browser;
everything else knows it by its name, which tells nothing of the token. Knows nothing of passwords,
of HTTP or of Streamlit.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

LASTS_S: Final = 30 * 24 * 3600.0
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
REMEMBERED: Final = 10_000  # logins and networks: what visitors can make it remember is limited
# Of all visitors together: with the shortest password that is allowed, and many networks to try
# from, this is 43,000 passwords a day.
WRONG_AT_ONCE: Final = 30
WRONG_WITHIN_S: Final = 60.0
HOME_PREFIX: Final = 64  # the bits of an IPv6 address that name a network: a home has all the rest


class MustWait(Exception):
    """This visitor's password is not looked at yet."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class _Login:
    basis: str
    until_s: float


class Sessions:
    """The logins that hold. Safe to use from several threads.

    Each rests on a `basis`, a text: when that holds no longer, nor does the login.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock, self._trying = threading.Lock(), threading.Lock()
        self._logins: dict[str, _Login] = {}
        self._waits: dict[str, tuple[float, float]] = {}  # network -> (its last wait, until when)
        self._wrong_s: deque[float] = deque(maxlen=WRONG_AT_ONCE)  # when, of all visitors

    def try_password(self, address: str, basis: str, is_right: Callable[[], bool]) -> str | None:
        """A new login's token; None for a wrong password.

        After a wrong one the next from the same network is looked at only after a while, each time
        twice as long, and after many from anywhere nobody's. Raises MustWait before that. One try
        at a time, from wherever.
        """
        network = network_of(address)
        with self._trying:
            if wait_s := self._wait_s(network):
                raise MustWait(wait_s)
            if is_right():
                with self._lock:
                    self._waits.pop(network, None)
                return self.begin(basis)
            self._count_wrong(network)
            return None

    def begin(self, basis: str) -> str:
        """The token of a new login."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._logins[name_of(token)] = _Login(basis, self._clock() + LASTS_S)
            _forget_oldest(self._logins)
        return token

    def holds(self, name: str, is_basis: Callable[[str], bool]) -> bool:
        """Whether a login of this name holds; one that does not is forgotten."""
        with self._lock:
            login = self._logins.get(name)
        if login is None:
            return False
        if login.until_s > self._clock() and is_basis(login.basis):
            return True
        self.end(name)
        return False

    def end(self, name: str) -> None:
        """From now on there is no such login."""
        with self._lock:
            self._logins.pop(name, None)

    def _count_wrong(self, network: str) -> None:
        with self._lock:
            last_s, _ = self._waits.pop(network, (FIRST_WAIT_S / 2, 0.0))
            wait_s = min(LONGEST_WAIT_S, 2 * last_s)
            self._waits[network] = wait_s, self._clock() + wait_s
            self._wrong_s.append(self._clock())
            _forget_oldest(self._waits)

    def _wait_s(self, network: str) -> float:
        with self._lock:
            now_s = self._clock()
            _, until_s = self._waits.get(network, (0.0, 0.0))
            if len(self._wrong_s) == WRONG_AT_ONCE:
                until_s = max(until_s, self._wrong_s[0] + WRONG_WITHIN_S)
            return max(0.0, until_s - now_s)


def name_of(token: str) -> str:
    """The name of the login with this token."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def network_of(address: str) -> str:
    """The key of one visitor: an IPv4 address, or all of an IPv6 network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, HOME_PREFIX), strict=False))


@cache
def sessions() -> Sessions:
    """Those of this server."""
    return Sessions()


def _forget_oldest(remembered: dict[str, Any]) -> None:
    if len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
