"""Access to the page: the address on which it listens, and the login from elsewhere.

Beyond this machine a password or a login with an OpenID provider is demanded. The provider is
described in a file in Streamlit's form, with the list of those who may come in.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from clipcore.messages import N_
from indexer.environment import OIDC
from indexer.errors import AccessError
from indexer.serving.password import has_password

LOOPBACK: Final = "127.0.0.1"
NEEDED: Final = (
    "redirect_uri",
    "cookie_secret",
    "client_id",
    "client_secret",
    "server_metadata_url",
)


@dataclass(frozen=True, slots=True)
class Access:
    """The address the page listens on, and the file that describes the OpenID provider, if any.

    `proxies`: addresses or networks of the proxies before it, whose word is taken for where a
    visitor comes from, and whether by HTTPS.
    """

    host: str = LOOPBACK
    oidc: Path | None = None
    proxies: tuple[str, ...] = ()

    def check(self, library: Path) -> None:
        """Raises AccessError where people could come from elsewhere without a login."""
        for proxy in self.proxies:
            _refuse_no_network(proxy)
        if self.oidc:
            people(self.oidc)
            if find_spec("authlib") is None:
                raise AccessError(
                    N_('--oidc needs a package: pip install "recollect-photos[oidc]"')
                )
        elif not has_password(library) and not is_loopback(self.host):
            raise AccessError(
                N_(
                    "--host {host} would show the photos to everybody who reaches this machine: "
                    "set a password first with 'indexer password', or give --oidc FILE"
                ),
                host=self.host,
            )


def is_loopback(host: str | None) -> bool:
    """Whether only this machine reaches a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:  # a name may mean any address
        return False


def needs_login(
    host: str | None, library: Path, environment: Mapping[str, str] = os.environ
) -> bool:
    """Whether a page that listens there asks who comes; one with a password always does."""
    is_protected = bool(environment.get(OIDC)) or has_password(library, environment)
    return is_protected or not is_loopback(host)


def people(oidc: Path) -> frozenset[str]:
    """The e-mail addresses, in lower case, that may come in. Raises AccessError for a bad file."""
    described = _read(oidc)
    missing = [key for key in NEEDED if not described.get("auth", {}).get(key)]
    if missing:
        raise AccessError(
            N_("{path} lacks {missing} in [auth]"), path=oidc, missing=", ".join(missing)
        )
    listed = described.get("recollect", {}).get("people")
    if not listed or not isinstance(listed, list):
        raise AccessError(
            N_(
                "{path} must name the people who may log in: "
                '[recollect] with people = ["name@example.org"]'
            ),
            path=oidc,
        )
    return frozenset(str(person).lower() for person in listed)


def _read(oidc: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(oidc.read_text("utf-8"))
    except OSError as error:
        raise AccessError(
            N_("{path} cannot be read: {why}"), path=oidc, why=error.strerror
        ) from error
    except ValueError as error:
        raise AccessError(N_("{path} is no TOML: {why}"), path=oidc, why=error) from error


def _refuse_no_network(proxy: str) -> None:
    try:
        ipaddress.ip_network(proxy)
    except ValueError as error:
        raise AccessError(
            N_(
                "--proxy {proxy} is neither an address nor a network, as 10.0.0.5 and "
                "10.0.0.0/24 are"
            ),
            proxy=proxy,
        ) from error
