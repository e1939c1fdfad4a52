"""Which items of a grid are new, and where they are: for ticks and for the keyboard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
SCRIPT = "photos/items.js"


def test_only_items_that_are_not_here_are_new(scripts: Scripts) -> None:
    assert scripts.call(SCRIPT, "added", 0, 0, [1, 2]) == {"fresh": [1, 2]}
    assert scripts.call(SCRIPT, "added", 3, 2, [3, 4]) == {"fresh": [4]}
    assert scripts.call(SCRIPT, "added", 4, 2, [3, 4]) == {"fresh": []}


def test_items_that_do_not_follow_are_requested_from_the_gap_on(scripts: Scripts) -> None:
    assert scripts.call(SCRIPT, "added", 2, 3, [4]) == {"missing": 2}


def test_neighbours_of_a_group_stand_together(scripts: Scripts) -> None:
    items = [{"id": at, "group": group} for at, group in enumerate("aabba")]
    groups = scripts.call(SCRIPT, "groupsOf", items)
    assert [(one["name"], [item["id"] for item in one["items"]]) for one in groups] == [
        ("a", [0, 1]),
        ("b", [2, 3]),
        ("a", [4]),
    ]
    assert scripts.call(SCRIPT, "groupsOf", []) == []


@pytest.mark.parametrize(
    ("anchor", "photo", "ticked"),
    [(7, 9, [7, 8, 9]), (9, 7, [7, 8, 9]), (8, 8, [8]), (1, 8, [8]), (None, 8, [8])],
)
def test_a_range_goes_from_the_anchor_either_way(
    scripts: Scripts, anchor: int | None, photo: int, ticked: list[int]
) -> None:
    assert scripts.call(SCRIPT, "rangeOf", [6, 7, 8, 9], anchor, photo) == ticked


# Rows of a justified grid: (left, width) of each item.
ROWS = [[(0, 100), (100, 300)], [(0, 250), (250, 50), (300, 100)], [(0, 400)]]


def beyond(scripts: Scripts, here: int, way: int) -> Any:
    boxes = [
        {"left": left, "width": width, "top": 200 * row + (left % 3) / 2}
        for row, items in enumerate(ROWS)
        for left, width in items
    ]
    return scripts.run(
        'const { beyond } = await script("photos/items.js");'
        "const [boxes, here, way] = given;"
        "return beyond(boxes.length, here, way, (at) => boxes[at]);",
        boxes,
        here,
        way,
    )


def test_up_and_down_go_to_the_next_row_where_it_lies_straightest(scripts: Scripts) -> None:
    assert [beyond(scripts, here, 1) for here in range(6)] == [2, 3, 5, 5, 5, 5]
    assert [beyond(scripts, here, -1) for here in range(6)] == [0, 1, 0, 1, 1, 3]
