"""The kind of index goes by the library's size, unless the exact one is asked for."""

from __future__ import annotations

import pytest

from indexer.index.policy import BYTES, BYTES_LIMIT, EXACT_LIMIT, GPU_LIMIT, STORED, IndexPolicy


@pytest.mark.parametrize(
    ("count", "kind"),
    [
        (0, STORED),
        (EXACT_LIMIT, STORED),
        (EXACT_LIMIT + 1, BYTES),
        (BYTES_LIMIT, BYTES),
        (BYTES_LIMIT + 1, "IVF512,PQ64x4fs"),
        (1_000_000, "IVF1024,PQ64x4fs"),
        (10_000_000, "IVF4096,PQ64x4fs"),
    ],
)
def test_the_kind_goes_by_the_size_of_the_library(count: int, kind: str) -> None:
    assert IndexPolicy().kind(count, dim=64) == kind
    assert IndexPolicy(exact_only=True).kind(count, dim=64) == STORED


@pytest.mark.parametrize("count", [1, 2, 100, 5_000])
def test_any_limit_gives_at_least_one_list(count: int) -> None:
    policy = IndexPolicy(exact_limit=0, bytes_limit=0)
    lists = policy.kind(count, dim=64).removeprefix("IVF").split(",")[0]
    assert int(lists) >= 1


def test_a_graphics_card_compares_all_up_to_what_it_has_room_for() -> None:
    policy = IndexPolicy().on_gpu()
    assert policy.kind(GPU_LIMIT, dim=64) == STORED
    assert policy.kind(GPU_LIMIT + 1, dim=64).startswith("IVF")
    larger = IndexPolicy(exact_limit=2 * GPU_LIMIT).on_gpu()
    assert larger.kind(2 * GPU_LIMIT, dim=64) == STORED


def test_the_reason_says_why() -> None:
    lists = "IVF1024,PQ64x4fs"
    assert "up to 50,000" in str(IndexPolicy().reason(5, STORED))
    assert "more than 50,000" in str(IndexPolicy().reason(100_000, BYTES))
    assert "more than 250,000" in str(IndexPolicy().reason(1_000_000, lists))
    assert lists in str(IndexPolicy().reason(1_000_000, lists))
    assert "outgrown" in str(IndexPolicy().reason(1_000_000, STORED))
    assert str(IndexPolicy(exact_only=True).reason(1_000_000, STORED)) == "requested"
