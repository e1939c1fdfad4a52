"""Lists and reads photos behind URLs: object storage, or anything else that fsspec knows.

Credentials are what fsspec and the storage's own library find in the environment; they are
neither asked for nor kept. Whatever a storage raises ends here as an OSError of one line.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from clipcore.messages import N_
from indexer.errors import RootError, Unreadable, Unstable
from indexer.location import RemotePath
from indexer.records.photos import NEVER_READ, FileStat, clamped_ns

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem

log = logging.getLogger(__name__)

LINK_LASTS_S: Final = 3600
PIECE_BYTES: Final = 8 << 20  # of a film, in one request
ETAGS: Final = ("ETag", "etag", "generation", "md5Hash", "content_md5")
TIMES: Final = ("LastModified", "last_modified", "mtime", "modified", "updated", "created")
EXTRA: Final = frozenset(("s3", "s3a", "gs", "gcs"))
WITH_EXTRA: Final = 's3:// and gs://, pip install "recollect-photos[cloud]"'
PLAIN_WEB: Final = frozenset(("http", "https"))


def check_url(folder: RemotePath) -> None:
    """Raises RootError, with what to do, for what can be no photo directory."""
    inside = folder.url.partition("://")[2]
    if "::" in folder.url:
        raise RootError(N_("{folder}: URLs within URLs cannot be photo directories"), folder=folder)
    authority = inside.partition("/")[0]
    if ":" in authority.rpartition("@")[0]:
        raise RootError(
            N_(
                "{protocol}: a URL with a password is not stored: remove the password, and give it "
                "to the storage's own library, by environment or configuration file"
            ),
            protocol=folder.protocol,
        )
    if not inside.strip("/"):
        raise RootError(N_("{folder} names no folder: a bucket at least is needed"), folder=folder)
    try:
        listed(folder)
    except OSError as error:
        raise RootError(
            N_("{folder} cannot be listed: {why}"), folder=folder, why=error.strerror
        ) from error


def listed(folder: RemotePath) -> list[tuple[str, FileStat | None]]:
    """(name, stat) of what lies in a folder, by name; None instead of a stat for a folder.

    A file of which the listing is no use has the stat NEVER_READ. Raises OSError where the folder
    cannot be listed; object storage has no empty folders.
    """
    with _explained(folder):
        system, path = _opened(folder)
        entries = system.ls(path, detail=True)
        if any(entry["type"] == "file" and entry["name"] == path for entry in entries):
            raise NotADirectoryError(None, "it is a file")
        named = ((_name(entry["name"], path), entry) for entry in entries)
        # by the names alone: a file and a folder of object storage may have the same
        return sorted(
            (
                (name, _stat_or_never(entry) if entry["type"] == "file" else None)
                for name, entry in named
                if name is not None
            ),
            key=itemgetter(0),
        )


def read_remote(file: RemotePath) -> bytes:
    """The whole file. Raises OSError."""
    with _explained(file):
        system, path = _opened(file)
        data: bytes = system.cat_file(path)
        return data


def read_remote_stable(file: RemotePath, expected: FileStat) -> bytes:
    """The whole file, if it is still the `expected` one when it has been read.

    Raises Unstable for one that has been written again since it was listed, Unreadable for one
    that cannot be read at all.
    """
    with _as_ours(file):
        system, path = _opened(file)
        # given the size, object storage is not asked for it first
        size = expected.size_bytes
        data: bytes = system.cat_file(path, start=0, end=size) if size else b""
        after = _stat(system.info(path))
    if after.mark != expected.mark or len(data) != size:
        raise Unstable(N_("the file changed while it was read"))
    return data


def read_remote_head(file: RemotePath, count: int) -> bytes:
    """The first bytes of the file. Raises Unstable where it is gone, Unreadable."""
    with _as_ours(file):
        system, path = _opened(file)
        head: bytes = system.cat_file(path, start=0, end=count)
        return head


def remote_pieces(file: RemotePath, expected: FileStat) -> Iterator[bytes]:
    """The whole file piece by piece; in the end it must still be the `expected` one.

    Raises Unstable, Unreadable.
    """
    with _as_ours(file):
        system, path = _opened(file)
        with system.open(path, "rb", block_size=PIECE_BYTES) as opened:
            while piece := opened.read(PIECE_BYTES):
                yield piece
        after = _stat(system.info(path))
    if after.mark != expected.mark:
        raise Unstable(N_("the file changed while it was read"))


@contextmanager
def _as_ours(file: RemotePath) -> Iterator[None]:
    """Turns whatever a storage raises into Unstable or Unreadable."""
    try:
        with _explained(file):
            yield
    except FileNotFoundError as error:
        raise Unstable(N_("the file disappeared while it was read")) from error
    except OSError as error:
        raise Unreadable(N_("cannot be read: {why}"), why=error.strerror) from error


def signed_link(file: RemotePath) -> str | None:
    """A URL with which anybody may read the file for an hour; None where there can be none."""
    if file.protocol in PLAIN_WEB:
        return file.url
    try:
        system, path = _opened(file)
        link: str = system.sign(path, expiration=LINK_LASTS_S)
    except Exception:  # noqa: BLE001 - most storages cannot, and each says so in its own way
        return None
    return link


def _opened(place: RemotePath) -> tuple[AbstractFileSystem, str]:
    """The file system behind a URL, and the path in it."""
    from fsspec.core import url_to_fs  # most libraries have none

    system, path = url_to_fs(place.url)
    # A listing must be of now, and need not be kept: there may be a million names in it. As an
    # option some systems would hand this on to what they are made of.
    system.dircache.use_listings_cache = False
    return system, path


@contextmanager
def _explained(place: RemotePath) -> Iterator[None]:
    """Turns whatever a storage raises into an OSError whose `strerror` tells it in one line."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, "there is nothing", str(place)) from error
    except ImportError as error:
        reason = f"{_line(error)}: for {WITH_EXTRA}" if place.protocol in EXTRA else _line(error)
        raise OSError(None, reason, str(place)) from error
    except Exception as error:
        raise OSError(None, _line(error), str(place)) from error


def _line(error: Exception) -> str:
    """What an error says, or what it is, in one line."""
    reason = " ".join((getattr(error, "strerror", None) or str(error)).split())
    return reason or type(error).__name__


def _name(listed_path: str, folder: str) -> str | None:
    """What an entry is called in its folder; None for what stands for the folder itself.

    What lies behind a slash after a slash is listed like that too: no path of ours has it.
    """
    path = listed_path.rstrip("/")
    return None if path == folder.rstrip("/") else path.rpartition("/")[2]


def _stat_or_never(entry: Mapping[str, Any]) -> FileStat:
    try:
        return _stat(entry)
    except Exception as error:  # noqa: BLE001 - one entry must not cost the others
        log.warning("%s: its entry cannot be understood: %r", entry["name"], error)
        return NEVER_READ


def _stat(entry: Mapping[str, Any]) -> FileStat:
    etags = (entry[key] for key in ETAGS if entry.get(key) is not None)
    etag = next(etags, None)
    try:
        size_bytes = int(entry["size"])
    except (KeyError, TypeError, ValueError) as error:
        raise OSError(None, "its storage gives no size") from error
    return FileStat(size_bytes, _mtime_ns(entry), None if etag is None else str(etag))


def _mtime_ns(entry: Mapping[str, Any]) -> int:
    """When it was written, as far as the storage gives a time; 1970 where it does not."""
    time = next((entry[key] for key in TIMES if entry.get(key) is not None), 0)
    try:
        if isinstance(time, str):
            time = datetime.fromisoformat(time)
        if isinstance(time, datetime):
            aware = time if time.tzinfo else time.replace(tzinfo=UTC)
            time = aware.timestamp()
        return clamped_ns(int(time * 1e9))
    except (ValueError, OverflowError, TypeError):
        return 0
