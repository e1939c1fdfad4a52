"""Laws of the comparison between files and rows."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipcore.messages import Message, literal
from indexer.records.changes import Plan, Row, ScannedFile
from indexer.records.photos import FileStat
from indexer.sync.reconcile import reconcile

SINCE = datetime(2024, 1, 1)

places = st.tuples(st.integers(1, 2), st.sampled_from([f"{name}.jpg" for name in "abcdefg"]))
stats = st.builds(
    FileStat, st.integers(1, 3), st.integers(1, 2), st.sampled_from([None, "one", "other"])
)
files = st.dictionaries(places, stats).map(
    lambda chosen: [ScannedFile(root, path, stat) for (root, path), stat in chosen.items()]
)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    chosen = draw(st.dictionaries(places, stats))
    return [
        Row(
            number,
            root,
            path,
            stat,
            draw(st.one_of(st.none(), st.integers(1, 4))),
            missing_since=draw(st.sampled_from([None, SINCE])),
        )
        for number, ((root, path), stat) in enumerate(chosen.items(), start=1)
    ]


def row_of(number: int, file: ScannedFile, error: Message | None = None) -> Row:
    return Row(number, file.root_id, file.path, file.stat, None if error else number, error)


def test_nothing_against_nothing_is_nothing_to_do() -> None:
    assert not reconcile([], [])


@given(files, st.booleans())
def test_rows_as_of_these_files_leave_nothing_to_do(found: list[ScannedFile], failed: bool) -> None:
    error = literal("damaged") if failed else None
    assert reconcile(found, [row_of(n, file, error) for n, file in enumerate(found)]) == Plan()


@given(files)
def test_a_failure_whose_cause_has_gone_is_tried_again(found: list[ScannedFile]) -> None:
    known = [
        row_of(n, file, literal("no reader" if n % 2 else "x")) for n, file in enumerate(found)
    ]
    plan = reconcile(found, known, retry=lambda failure: failure.id == "no reader")
    assert plan == Plan(changed=tuple(zip(known[1::2], found[1::2], strict=True)))


@pytest.mark.slow
@given(files, rows())
def test_each_file_and_each_row_has_one_fate(found: list[ScannedFile], known: list[Row]) -> None:
    plan = reconcile(found, known)
    at = {(row.root_id, row.path): row for row in known}
    planned = Counter((*plan.new, *(f for _, f in plan.changed), *(f for _, f in plan.moved)))
    restored_at = {(row.root_id, row.path) for row in plan.restored}
    for file in found:
        row = at.get((file.root_id, file.path))
        settled = row is not None and row.stat.mark == file.stat.mark
        assert planned[file] == (0 if settled else 1)
        restored = settled and row is not None and row.missing_since is not None
        assert ((file.root_id, file.path) in restored_at) == restored
    assert planned.total() <= len(found)
    fates = [
        *plan.missing,
        *plan.restored,
        *(r for r, _ in plan.changed),
        *(r for r, _ in plan.moved),
    ]
    assert len({row.id for row in fates}) == len(fates)
    there = {(file.root_id, file.path) for file in found}
    left = {row.id for row in plan.missing} | {row.id for row, _ in plan.moved}
    assert left == {
        row.id
        for row in known
        if (row.root_id, row.path) not in there and row.missing_since is None
    }


@given(files, rows())
def test_only_the_one_row_and_the_one_file_of_a_mark_are_moved(
    found: list[ScannedFile], known: list[Row]
) -> None:
    plan = reconcile(found, known)
    news = Counter(file.stat.mark for file in (*plan.new, *(file for _, file in plan.moved)))
    leaving = (*plan.missing, *(row for row, _ in plan.moved))
    gones = Counter(row.stat.mark for row in leaving if row.content_id is not None)
    for row, file in plan.moved:
        assert row.stat.mark == file.stat.mark
        assert row.content_id is not None
    unique = {mark for mark in news if news[mark] == 1 == gones[mark]}
    assert {file.stat.mark for _, file in plan.moved} == unique
    assert len(plan.moved) == len(unique)


@given(files, rows())
def test_order_does_not_matter(found: list[ScannedFile], known: list[Row]) -> None:
    one, other = reconcile(found, known), reconcile(found[::-1], known[::-1])
    for name in ("new", "changed", "moved", "missing", "restored"):
        assert set(getattr(one, name)) == set(getattr(other, name))


@given(files, rows(), st.integers(1, 4))
def test_what_does_not_fit_into_the_memory_is_compared_all_the_same(
    found: list[ScannedFile], known: list[Row], in_memory: int
) -> None:
    plan = reconcile(found, known)
    parted = reconcile(iter(found), iter(known), count=len(found), in_memory=in_memory)
    for name in ("new", "changed", "moved", "missing", "restored"):
        assert Counter(getattr(parted, name)) == Counter(getattr(plan, name))


def test_a_failed_file_is_tried_again_only_after_it_changed() -> None:
    file = ScannedFile(1, "a.jpg", FileStat(10, 20))
    row = row_of(1, file, "damaged")
    assert not reconcile([file], [row])
    later = ScannedFile(1, "a.jpg", FileStat(10, 21))
    assert reconcile([later], [row]) == Plan(changed=((row, later),))


def test_a_failed_file_is_never_taken_for_a_moved_one() -> None:
    row = row_of(1, ScannedFile(1, "a.jpg", FileStat(10, 20)), literal("damaged"))
    file = ScannedFile(1, "b.jpg", FileStat(10, 20))
    assert reconcile([file], [row]) == Plan(new=(file,), missing=(row,))


def test_a_photo_may_move_to_another_root() -> None:
    row = row_of(1, ScannedFile(1, "a.jpg", FileStat(10, 20)))
    file = ScannedFile(2, "b.jpg", FileStat(10, 20))
    assert reconcile([file], [row]) == Plan(moved=((row, file),))


def test_a_missing_photo_that_stays_away_is_no_news() -> None:
    row = Row(1, 1, "a.jpg", FileStat(10, 20), 1, missing_since=SINCE)
    assert not reconcile([], [row])
    assert reconcile([ScannedFile(1, "a.jpg", row.stat)], [row]) == Plan(restored=(row,))
