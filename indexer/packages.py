"""Files that need a package which is not installed: the message, and when it has become untrue.

Knows no file and no library: a failure is its message.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from clipcore.messages import N_, Message
from indexer.formats import FORMATS, Format

NEEDS_PACKAGE: Final = N_(
    "a {format} file: its reader is not installed: pip install 'recollect-photos[{extra}]'"
)
# as libraries have it of HEIC files that were tried before there was this one
OF_OLD: Final = N_(
    'a HEIC photo, as iPhones take them: pip install "recollect-photos[heic]", '
    "then indexer failures --retry"
)


def is_installed(package: str | None) -> bool:
    """Whether a module of that name is there now: it may be installed while this process runs.

    None: nothing but Pillow is needed.
    """
    return package is None or find_spec(package) is not None


def package_needed(format: Format) -> Message:
    """Why a file of this format cannot be read."""
    return Message(NEEDS_PACKAGE, format=format.group, extra=format.extra)


def needs_package(failure: Message) -> bool:
    """Whether a file failed for a package that was not there."""
    return failure.id == NEEDS_PACKAGE


def is_met(failure: Message) -> bool:
    """Whether a file failed for a package that is there now: it is worth another try."""
    if failure.id == OF_OLD:
        return True  # then it gets the message of today, if it fails again
    if not needs_package(failure):
        return False
    extra = failure.fields.get("extra")
    packages = {format.package for format in FORMATS if format.extra == extra}
    return all(map(is_installed, packages))
