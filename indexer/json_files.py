"""Reads the small JSON files of a library, each by its form: a dataclass, a tuple, a dict.

A file may be damaged, cut short, or written by another program. Knows no file by name.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from clipcore.messages import N_
from indexer.errors import DamagedFile

log = logging.getLogger(__name__)

T = TypeVar("T")


def parsed(text: bytes | str, form: type[T]) -> T:
    """The JSON text as a value of that form; further fields are left out. Raises ValueError."""
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


def read_json(path: Path, form: type[T]) -> T | None:
    """The content of the file; None where there is none. Raises DamagedFile."""
    try:
        return parsed(path.read_bytes(), form)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedFile(
            N_("{path} cannot be read: {why}"), path=path, why=error.strerror
        ) from error
    except ValueError as error:
        raise DamagedFile(N_("{path} is damaged: {why}"), path=path, why=error) from error


def read_if_whole(path: Path, form: type[T], remedy: str) -> T | None:
    """The same of a file that may be ignored: with a warning, the same one only once."""
    try:
        return read_json(path, form)
    except DamagedFile as error:
        _warn(f"{error}. It is ignored: {remedy}")
        return None


@cache
def _warn(text: str) -> None:
    log.warning("%s", text)
