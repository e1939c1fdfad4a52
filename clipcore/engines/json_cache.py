"""What has been found out and can be found out again: JSON files in the user's cache directory.

Caches are optional: one that cannot be read or written is reported once, and work goes on.
"""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from platformdirs import user_cache_path

log = logging.getLogger(__name__)

T = TypeVar("T")
DAMAGES: Final = (ValueError, RecursionError)  # no JSON, of another form, nested beyond reading


def cache_path() -> Path:
    """The directory: converted models, sizes of checkpoints, which engine is quickest."""
    return user_cache_path("recollect")


def read(path: Path) -> dict[str, Any]:
    """The content of a file; empty where there is none, or none that can be read."""
    try:
        stored = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        report_unusable(path.parent, error)
        return {}
    except DAMAGES:
        _warn_of_damage(path)
        return {}
    return of_form(path, stored, dict[str, Any]) or {}


def of_form(path: Path, value: Any, form: type[T]) -> T | None:
    """A part of what was read from that file, as a value of this form; None where it is damaged."""
    try:
        return msgspec.convert(value, form)
    except DAMAGES:
        _warn_of_damage(path)
        return None


def _warn_of_damage(path: Path) -> None:
    log.warning("%s is damaged: what it held is found out again", path)


def write(path: Path, content: dict[str, Any]) -> None:
    """Written whole or not at all; of two processes that write at once, one wins."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, indent=2), "utf-8")
        temporary.replace(path)
    except OSError as error:
        report_unusable(path.parent, error)


def is_writable(directory: Path) -> bool:
    """Whether files can be made in a directory, which need not be there yet."""
    above = (one for one in (directory, *directory.parents) if os.access(one, os.F_OK))
    existing = next(above, directory)
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def report_unusable(directory: Path, error: OSError) -> None:
    """Warn, once in a process, that a cache directory cannot be used."""
    _warn_once(directory, error.strerror or str(error))


@cache
def _warn_once(directory: Path, why: str) -> None:
    log.warning(
        "the cache directory %s cannot be used (%s): work goes on without it, and slower",
        directory,
        why,
    )
