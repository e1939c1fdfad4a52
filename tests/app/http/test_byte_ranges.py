"""A player gets the part of a file that it asks for, and nobody more than there is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from app.http.byte_ranges import ByteRange, NotSatisfiable, requested_range
from app.http.download_tokens import Offer, offered, url
from indexer.sources.reading import PIECE_BYTES, RegularFile
from tests.app.visitor import visitor

DATA = bytes(range(256)) * 8


def asked(value: str, size_bytes: int = len(DATA), **more: str) -> ByteRange | None:
    return requested_range(Headers({"range": value, **more}), size_bytes)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("bytes=0-", (0, 2047)),
        ("bytes=0-0", (0, 0)),
        ("bytes=100-199", (100, 199)),
        ("bytes=2000-9999999", (2000, 2047)),
        ("bytes=-1", (2047, 2047)),
        ("bytes=-9999999", (0, 2047)),
    ],
)
def test_one_range_is_understood(value: str, found: tuple[int, int]) -> None:
    assert asked(value) == ByteRange(*found)


@pytest.mark.parametrize(
    "value",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "items=0-1", "bytes=a-b",
     "bytes=0x1-2", "bytes=1.5-2", "bytes=--5", f"bytes={'9' * 5000}-"],
)  # fmt: skip
def test_what_is_no_single_range_gets_the_whole_file(value: str) -> None:
    assert asked(value) is None


@pytest.mark.parametrize("value", ["bytes=2048-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_had(value: str) -> None:
    with pytest.raises(NotSatisfiable):
        asked(value)


def test_a_range_of_a_file_that_may_be_another_is_the_whole_file() -> None:
    assert requested_range(Headers({"range": "bytes=0-1", "if-range": '"a"'}), 10) is None


@given(st.text(st.sampled_from("bytes=0123456789-, "), max_size=30), st.integers(0, 50))
def test_whatever_is_asked_for_lies_in_the_file(value: str, size_bytes: int) -> None:
    try:
        found = asked(value, size_bytes)
    except NotSatisfiable:
        return
    assert found is None or 0 <= found.first <= found.last < size_bytes


@pytest.fixture
def browser() -> TestClient:
    return visitor()


def address(path: Path) -> str:
    return url(offered().make(Offer("a.mp4", "video/mp4", lambda: RegularFile(path)), ""))


def test_parts_of_a_file_are_sent_as_they_are_asked_for(
    browser: TestClient, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    data = os.urandom(PIECE_BYTES + 1000)
    path.write_bytes(data)
    place = address(path)
    whole = browser.get(place)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["accept-ranges"] == "bytes"
    part = browser.get(place, headers={"range": f"bytes=10-{PIECE_BYTES + 20}"})
    assert (part.status_code, part.content) == (206, data[10 : PIECE_BYTES + 21])
    assert part.headers["content-range"] == f"bytes 10-{PIECE_BYTES + 20}/{len(data)}"
    assert part.headers["content-length"] == str(PIECE_BYTES + 11)
    tail = browser.get(place, headers={"range": "bytes=-7"})
    assert (tail.status_code, tail.content) == (206, data[-7:])
    behind = browser.get(place, headers={"range": f"bytes={len(data)}-"})
    assert (behind.status_code, behind.content) == (416, b"")
    assert behind.headers["content-range"] == f"bytes */{len(data)}"
    head = browser.head(place, headers={"range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(data))


class Unread:
    """Pieces that nobody may ask for."""

    def __len__(self) -> int:
        return len(DATA)

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("the pieces are read")


def test_nothing_is_read_for_the_head_of_what_is_made_while_it_is_sent(
    browser: TestClient,
) -> None:
    head = browser.head(url(offered().make(Offer("a.zip", "application/zip", Unread), "")))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(DATA))


def test_a_part_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(3 * PIECE_BYTES))
    pieces = RegularFile(path).part(5, 2 * PIECE_BYTES)
    assert [len(piece) for piece in pieces] == [PIECE_BYTES, PIECE_BYTES]


def test_another_login_gets_no_part(browser: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(DATA)
    headers = {"range": "bytes=0-1", "login": "otto"}
    assert browser.get(address(path), headers=headers).status_code == 410
