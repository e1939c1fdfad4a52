"""The product's promise, on real photos: type what you remember, see the photo first."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.search.examples import OFFERED, examples
from indexer.library.library import open_library
from indexer.query.query import Term, Text, parse
from tests import documents
from tests.conftest import SAMPLE
from tests.depth import at_depth

pytestmark = pytest.mark.slow

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


def wrong(firsts: dict[str, str], queries: list[dict[str, Any]]) -> dict[str, str]:
    """What came first for the queries that did not bring a right photo first."""
    return {q["text"]: firsts[q["text"]] for q in queries if firsts[q["text"]] not in q["photos"]}


def test_nine_everyday_queries_in_ten_have_a_right_photo_first(firsts: dict[str, str]) -> None:
    everyday = [query for query in QUERIES if query.get("everyday")]
    assert len(everyday) >= 30
    missed = wrong(firsts, everyday)
    assert len(missed) <= len(everyday) // 10, missed


def test_most_of_all_queries_have_a_right_photo_first(firsts: dict[str, str]) -> None:
    assert len(wrong(firsts, QUERIES)) < len(QUERIES) // 2


@pytest.mark.parametrize("language", ["zh", *at_depth("de")])
def test_most_queries_in_other_languages_have_a_right_photo_first(
    sample_library: Path, language: str
) -> None:
    asked = [query for query in QUERIES if language in query]
    library = open_library(sample_library)
    firsts = [library.search(query[language], 1).hits[0].photo.path for query in asked]
    library.close()
    right = [
        path.relative_to(SAMPLE).as_posix() in query["photos"]
        for path, query in zip(firsts, asked, strict=True)
    ]
    assert len(asked) >= 30
    assert sum(right) >= 0.6 * len(asked)


def test_polar_bear_comes_first(firsts: dict[str, str]) -> None:
    (query,) = [q for q in QUERIES if q["text"] == "a polar bear in the snow"]
    assert firsts["a polar bear in the snow"] in query["photos"]


@pytest.mark.parametrize(
    ("query", "verdict"),
    [
        ("a polar bear in the snow", "confident"),
        ("a panda", "confident"),
        ("German shepherd", "confident"),
        ("a washing machine", "none"),
        ("broccoli", "none"),
        ("a basketball hoop", "none"),
    ],
)
def test_verdict_says_whether_the_library_has_it(
    sample_library: Path, query: str, verdict: str
) -> None:
    library = open_library(sample_library)
    assert library.search(query).verdict == verdict
    library.close()


def test_each_documented_query_about_meaning_has_a_strong_match(sample_library: Path) -> None:
    library = open_library(sample_library)
    documented = dict.fromkeys((*documents.examples(), *documents.searches()))
    asked = [text for text in documented if any(isinstance(t.content, Text) for t in terms(text))]
    weak = [text for text in asked if library.search(text).verdict != "confident"]
    library.close()
    assert len(asked) >= 4
    assert weak == []


def terms(text: str) -> tuple[Term, ...]:
    """Those of a query; of a part of one, as `landscape` after `shape:portrait`, none."""
    return parse(text).terms if re.search(r"\s", text) and not re.search("[a-z]:", text) else ()


def test_each_example_that_the_page_offers_has_a_strong_match(sample_library: Path) -> None:
    library = open_library(sample_library)
    offered = examples(library, str)
    assert len(offered) == OFFERED
    assert {library.search(text).verdict for text in offered} == {"confident"}
    library.close()
