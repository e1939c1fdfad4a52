"""What a storage does while a file is read from it ends as one of our errors, of one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from indexer.errors import RootError, Unreadable, Unstable
from indexer.location import RemotePath
from indexer.records.photos import FileStat
from indexer.sources import object_storage
from indexer.sources.object_storage import (
    check_url,
    listed,
    read_remote_head,
    read_remote_stable,
    remote_pieces,
    signed_link,
)

FOLDER = RemotePath("memory://films")
FILM = FOLDER / "a.mp4"


@pytest.fixture(autouse=True)
def system() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    system.pipe_file("/films/a.mp4", b"a film")
    yield system
    system.rm("/films", recursive=True)


def stat_of_film() -> FileStat:
    stat = dict(listed(FOLDER))["a.mp4"]
    assert stat is not None
    return stat


def test_a_film_that_changes_while_it_is_fetched_is_unstable(
    system: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "PIECE_BYTES", 4)
    expected = stat_of_film()
    assert list(remote_pieces(FILM, expected)) == [b"a fi", b"lm"]
    pieces = remote_pieces(FILM, expected)
    next(pieces)
    system.pipe_file("/films/a.mp4", b"another film")
    with pytest.raises(Unstable, match="changed while it was read"):
        list(pieces)


def test_a_file_that_disappears_before_it_is_read_is_unstable(
    system: fsspec.AbstractFileSystem,
) -> None:
    assert read_remote_head(FILM, 4) == b"a fi"
    system.pipe_file("/films/b.mp4", b"")
    system.rm("/films/a.mp4")
    with pytest.raises(Unstable, match="disappeared"):
        read_remote_head(FILM, 4)


def test_a_file_whose_storage_gives_no_size_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stat = stat_of_film()
    monkeypatch.setattr(MemoryFileSystem, "info", lambda *_, **__: {"name": "a.mp4", "size": None})
    with pytest.raises(Unreadable, match="cannot be read: its storage gives no size"):
        list(remote_pieces(FILM, stat))
    with pytest.raises(Unreadable, match="cannot be read: its storage gives no size"):
        read_remote_stable(FILM, stat)


def test_a_file_that_may_not_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> bytes:
        raise PermissionError(13, "Access\nDenied")

    monkeypatch.setattr(MemoryFileSystem, "cat_file", denied)
    with pytest.raises(Unreadable, match="cannot be read: Access Denied"):
        read_remote_head(FILM, 4)


@pytest.mark.parametrize(
    ("url", "package", "what_to_do"),
    [
        ("gs://bucket/photos", "gcsfs", r"recollect-photos\[cloud\]"),
        ("sftp://host/photos", "paramiko", "paramiko"),
    ],
)
def test_a_storage_whose_package_is_missing_says_what_to_install(
    url: str, package: str, what_to_do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RootError, match=rf"cannot be listed: .*{what_to_do}") as refused:
        check_url(RemotePath(url))
    assert ("cloud" in str(refused.value)) == url.startswith("gs:")


def test_a_file_of_the_plain_web_is_its_own_link() -> None:
    assert signed_link(RemotePath("https://host/a.jpg")) == "https://host/a.jpg"
    assert signed_link(FILM) is None
