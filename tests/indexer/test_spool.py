"""A spool is a list, whatever part of it lies on disk."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import disk, spool
from indexer.errors import DiskFull
from indexer.spool import Spool, dealt


@given(st.lists(st.text()), st.integers(1, 5))
def test_it_gives_back_what_was_added_as_often_as_asked(values: list[str], in_memory: int) -> None:
    kept = Spool(values, in_memory=in_memory)
    assert list(kept) == list(kept) == list(kept.collected()) == values
    assert len(kept) == len(values)
    assert bool(kept) == bool(values)
    kept.append("one more")
    assert list(zip(kept, kept, strict=True)) == [(one, one) for one in [*values, "one more"]]


@given(st.lists(st.integers(0, 9), max_size=8), st.lists(st.integers(0, 9), max_size=8))
def test_it_equals_a_spool_of_the_same_and_knows_what_is_in_it(
    values: list[int], others: list[int]
) -> None:
    kept = Spool(values, in_memory=2)
    assert (kept == Spool(others, in_memory=3)) == (values == others)
    assert [number in kept for number in range(10)] == [number in values for number in range(10)]
    assert kept != values


@given(st.lists(st.integers()), st.integers(1, 5))
def test_equal_keys_come_into_the_same_pile(values: list[int], parts: int) -> None:
    piles = dealt(values, parts, key=lambda value: value % 7)
    assert sorted(value for pile in piles for value in pile) == sorted(values)
    of = {value % 7: number for number, pile in enumerate(piles) for value in pile}
    for number, pile in enumerate(piles):
        assert all(of[value % 7] == number for value in pile)


@pytest.mark.slow
def test_the_memory_it_takes_does_not_grow_with_what_is_in_it() -> None:
    def taken_bytes(count: int) -> int:
        tracemalloc.start()
        kept = Spool((f"{number:050}" for number in range(count)), in_memory=2000)
        assert sum(1 for _ in kept) == count
        (_, most) = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert taken_bytes(100_000) < 1.2 * taken_bytes(10_000)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(next(iter(disk.FULL)), "No space left on device")

    monkeypatch.setattr(spool.pickle, "dump", full)
    with pytest.raises(DiskFull):
        Spool([1, 2], in_memory=2)
