"""The password of the page, for who comes from another machine: kept as a hash in the library.

RECOLLECT_PASSWORD in the environment takes its place. Knows nothing of who asks, or how often.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipcore.messages import N_
from indexer.atomic import write_atomically
from indexer.environment import PASSWORD
from indexer.errors import AccessError, DamagedFile
from indexer.json_files import read_json

FILE: Final = "password.json"
SHORTEST: Final = 8
MARKED_WITH: Final = secrets.token_bytes(32)  # marks are compared within one process
# RFC 7914's parameters for interactive logins: 16 MB and some 50 ms a try
COST: Final = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class _Stored:
    """The form of the file: both texts are hexadecimal."""

    salt: str
    scrypt: str
    n: int
    r: int
    p: int


def set_password(library: Path, password: str) -> None:
    """From now on this is the password. Raises AccessError if it is too short."""
    _refuse_short(password)
    salt = secrets.token_bytes(16)
    stored = {"salt": salt.hex(), "scrypt": _hash(password, salt).hex(), **COST}
    write_atomically(library / FILE, json.dumps(stored).encode())


def remove_password(library: Path) -> None:
    """From now on there is none, unless the environment names one."""
    (library / FILE).unlink(missing_ok=True)


def has_password(library: Path, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether there is one. Raises AccessError if the environment's is too short."""
    if named := environment.get(PASSWORD):
        _refuse_short(named)
        return True
    return (library / FILE).exists()


def password_mark(library: Path, environment: Mapping[str, str] = os.environ) -> str | None:
    """A text that changes with the password, and tells nothing of it; None where there is none."""
    if named := environment.get(PASSWORD):
        return _mark(named.encode())
    try:
        return _mark((library / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccessError(
            N_("{path} cannot be read: {why}"), path=library / FILE, why=error.strerror
        ) from error


def is_password(library: Path, attempt: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether `attempt` is the password; takes as long whatever is wrong with it."""
    if named := environment.get(PASSWORD):
        return hmac.compare_digest(attempt.encode(), named.encode())
    try:
        stored = read_json(library / FILE, _Stored)
        if stored is None:
            return False
        salt, expected = bytes.fromhex(stored.salt), bytes.fromhex(stored.scrypt)
        found = hashlib.scrypt(attempt.encode(), salt=salt, n=stored.n, r=stored.r, p=stored.p)
    except (DamagedFile, ValueError, OverflowError, TypeError) as error:
        raise AccessError(
            N_("{path} is damaged: set the password again with 'indexer password'"),
            path=library / FILE,
        ) from error
    return hmac.compare_digest(found, expected)


def _mark(secret: bytes) -> str:
    return hmac.new(MARKED_WITH, secret, "sha256").hexdigest()


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **COST)


def _refuse_short(password: str) -> None:
    if len(password) < SHORTEST:
        raise AccessError(
            N_("a password has at least {least} characters, not {length}"),
            least=SHORTEST,
            length=len(password),
        )
