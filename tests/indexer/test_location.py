"""Paths and URLs side by side: what is which, and what lies in what."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.location import Location, RemotePath, location, relative_to

POOL = RemotePath("s3://bucket/2019/pool #1?.jpg")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/photos", Path("/photos")),
        ("photos/s3:", Path("photos/s3:")),
        ("s3://bucket/2019/", RemotePath("s3://bucket/2019")),
        ("S3://Bucket/A b#c", RemotePath("s3://Bucket/A b#c")),
        ("file:///photos", RemotePath("file:///photos")),
    ],
)
def test_what_is_written_is_a_url_or_a_path(text: str, meant: Location) -> None:
    assert location(text) == meant
    assert location(str(meant)) == meant


def test_a_url_tells_what_a_path_tells() -> None:
    assert str(POOL) == "s3://bucket/2019/pool #1?.jpg"
    assert (POOL.name, POOL.protocol) == ("pool #1?.jpg", "s3")
    assert POOL.parent == RemotePath("s3://bucket/2019")
    assert POOL.parents == (RemotePath("s3://bucket/2019"), RemotePath("s3://bucket"))
    assert RemotePath("s3://bucket").parent == RemotePath("s3://bucket")
    assert RemotePath("s3://bucket") / "2019/pool #1?.jpg" == POOL
    assert POOL / "" == POOL
    assert RemotePath("file:///a/b").parents == (RemotePath("file:///a"),)


@pytest.mark.parametrize(
    ("place", "folder", "relative"),
    [
        (POOL, RemotePath("s3://bucket"), "2019/pool #1?.jpg"),
        (POOL, POOL, ""),
        (POOL, RemotePath("s3://buck"), None),
        (POOL, RemotePath("gs://bucket"), None),
        (POOL, Path("/"), None),
        (Path("/a/b"), Path("/a"), "b"),
        (Path("/a"), Path("/a"), ""),
        (Path("/ab"), Path("/a"), None),
        (Path("/a"), RemotePath("file:///"), None),
    ],
)
def test_what_lies_in_what(place: Location, folder: Location, relative: str | None) -> None:
    assert relative_to(place, folder) == relative
