"""Other people's text where programs read it: in a list of lines, as a file's name."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import Final

CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Of names on Windows, of paths anywhere, what is not shown, and bytes that are no text.
UNSAFE: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f<>:"/\\\\|?*\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]'
)
DEVICE: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.I)
NAME_BYTES: Final = 200  # a number may be added, and 255 are the most that file systems take


def line_of(text: str) -> str:
    """`text` as one line. Where that takes escapes, a backslash begins it, as in sha256sum."""
    if not CONTROLS.search(text):
        return text
    escaped = CONTROLS.sub(_escaped, text.replace("\\", "\\\\"))
    return f"\\{escaped}"


def _escaped(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode("ascii")


def safe_name(name: str) -> str:
    """A file's name that each system takes for a name, and for that of no device."""
    safe = UNSAFE.sub("_", name).strip().rstrip(". ")
    if not safe or DEVICE.fullmatch(safe):
        safe = f"_{safe}"
    return _shortened(PurePath(safe))


def same_name(name: str) -> str:
    """Equal for names that are one and the same to some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _shortened(name: PurePath) -> str:
    suffix = name.suffix if len(name.suffix.encode()) < NAME_BYTES // 2 else ""
    stem = name.name.removesuffix(suffix).encode()[: NAME_BYTES - len(suffix.encode())]
    return stem.decode("utf-8", "ignore") + suffix
