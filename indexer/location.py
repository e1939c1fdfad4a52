"""Where a photo or a photo directory lies: a path of this machine, or a URL for fsspec.

Pure: knows nothing of what is there.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

URL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
LOCAL: Final = frozenset(("file", "local"))  # fsspec's names for the disks of this machine
ESCAPED: Final = re.compile(rb"\\x([89a-f][0-9a-f])")
SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A folder or a file behind a URL, `s3://bucket/2019/pool.jpg`, with what a Path can tell too.

    A Path itself would make one slash of two. The URL is kept as fsspec takes it: not quoted.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, relative: str) -> RemotePath:
        return RemotePath(f"{self.url}/{relative}") if relative else self

    @property
    def protocol(self) -> str:
        """`s3` of `s3://bucket/2019/pool.jpg`."""
        return self.url.partition("://")[0]

    @property
    def name(self) -> str:
        """The last part: `pool.jpg`."""
        return self.url.rpartition("/")[2]

    @property
    def parent(self) -> RemotePath:
        """The folder it lies in; that of the first part is itself, as with a Path."""
        above = self.url.rpartition("/")[0]
        return RemotePath(above) if "://" in above and not above.endswith("/") else self

    @property
    def parents(self) -> tuple[RemotePath, ...]:
        """The folders above it, the nearest first."""
        above = self.parent
        return () if above == self else (above, *above.parents)


Location: TypeAlias = Path | RemotePath


def location(text: str) -> Location:
    """What a person or the library has written: a URL, or else a path."""
    match = URL.fullmatch(text)
    if match is None:
        return Path(text)
    protocol, inside = match.groups()
    return RemotePath(f"{protocol.lower()}://{inside.rstrip('/')}")


def on_this_machine(place: Location) -> Location:
    """The path that a `file://` URL means, as fsspec reads it; all else as it is.

    What lies there has links, pipes and exact times, which a listing of fsspec cannot tell.
    """
    if isinstance(place, RemotePath) and place.protocol in LOCAL:
        return Path(place.url.partition("://")[2]).absolute()
    return place


def shown_path(path: str) -> str:
    """A path as the library stores it: bytes that are not UTF-8 become \\xNN."""
    if path.isascii():  # nearly all, and the rest takes a while
        return path
    try:
        return os.fsencode(path).decode(errors="backslashreplace")
    except UnicodeEncodeError:  # half of a surrogate pair, which only a storage's listing can have
        return path.encode(errors="backslashreplace").decode()


def path_shown_as(shown: str) -> str | None:
    """The path that is not UTF-8 and that shown_path() turns into `shown`, if there can be one."""
    if "\\x" not in shown:
        return None
    raw = os.fsdecode(ESCAPED.sub(lambda byte: bytes([int(byte[1], 16)]), os.fsencode(shown)))
    return raw if raw != shown and shown_path(raw) == shown else None


def is_utf8(text: str) -> bool:
    """Whether the text has no undecodable bytes: no database and no JSON document takes those."""
    return text.isascii() or not SURROGATE.search(text)


def folded(text: str) -> str:
    """Text as names are compared: in lower case, accents composed (macOS takes them apart)."""
    return unicodedata.normalize("NFC", text.lower())


def expanded(path: Path) -> Path:
    """The path with `~` and `~anna` replaced, which no shell does within quotes."""
    try:
        return path.expanduser()
    except RuntimeError:  # nobody has that name
        return path


def relative_to(place: Location, folder: Location) -> str | None:
    """The path of `place` within `folder`, with slashes, "" for the folder itself; None outside."""
    if isinstance(place, Path) and isinstance(folder, Path):
        if not place.is_relative_to(folder):
            return None
        relative = place.relative_to(folder).as_posix()
        return "" if relative == "." else relative
    if place == folder:
        return ""
    above = f"{folder}/"
    return str(place)[len(above) :] if str(place).startswith(above) else None
