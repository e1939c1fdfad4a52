"""The kind of index goes by the library's size, unless the exact one is asked for."""

from __future__ import annotations

import pytest

from indexer.index_policy import EXACT_LIMIT, IndexPolicy


@pytest.mark.parametrize(
    ("count", "lists"),
    [(0, 0), (EXACT_LIMIT, 0), (EXACT_LIMIT + 1, 64), (1_000_000, 256), (10_000_000, 1024)],
)
def test_lists_grow_with_the_library(count: int, lists: int) -> None:
    assert IndexPolicy().lists(count) == lists
    assert IndexPolicy(exact_only=True).lists(count) == 0


@pytest.mark.parametrize("count", [1, 2, 100, 5_000])
def test_any_limit_gives_at_least_one_list(count: int) -> None:
    assert IndexPolicy(exact_limit=0).lists(count) >= 1


def test_the_reason_says_why() -> None:
    assert "up to 50,000" in IndexPolicy().reason(5, 0)
    assert "more than 50,000" in IndexPolicy().reason(1_000_000, 256)
    assert "outgrown" in IndexPolicy().reason(1_000_000, 0)
    assert IndexPolicy(exact_only=True).reason(1_000_000, 0) == "asked for"
