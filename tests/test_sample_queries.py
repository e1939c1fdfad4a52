"""The product's promise, on real photos: type what you remember, see the photo first."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from indexer.library import open_library
from tests.conftest import SAMPLE

QUERIES: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("sample_queries.toml").read_text("utf-8")
)["query"]


@pytest.fixture(scope="module")
def firsts(sample_library: Path) -> dict[str, str]:
    """For each query the photo that came first, relative to the sample."""
    library = open_library(sample_library)
    found = {
        query["text"]: library.search(query["text"], 1).hits[0].photo.path for query in QUERIES
    }
    library.close()
    return {text: path.relative_to(SAMPLE).as_posix() for text, path in found.items()}


def test_there_are_queries_enough() -> None:
    assert len(QUERIES) >= 30


def test_nine_queries_in_ten_have_a_right_photo_first(firsts: dict[str, str]) -> None:
    wrong = {q["text"]: firsts[q["text"]] for q in QUERIES if firsts[q["text"]] not in q["photos"]}
    assert len(wrong) <= len(QUERIES) // 10, wrong


def test_polar_bear_comes_first(firsts: dict[str, str]) -> None:
    (query,) = [q for q in QUERIES if q["text"] == "a polar bear in the snow"]
    assert firsts["a polar bear in the snow"] in query["photos"]
