"""The bars of the months and the tree of the folders, as the sidebar draws them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
MONTHS = "search/months.js"
FOLDERS = "search/folders.js"


@pytest.mark.parametrize("count", [1, 47, 48, 49, 96, 97, 1200])
def test_every_month_is_in_one_of_at_most_48_bars(scripts: Scripts, count: int) -> None:
    months = [[str(at), at % 7] for at in range(count)]
    bars = scripts.call(MONTHS, "barsOf", months)
    step = scripts.call(MONTHS, "monthsOfABar", months)
    assert len(bars) <= 48
    assert [bar["at"] for bar in bars] == list(range(0, count, step))
    expected = [sum(n for _, n in months[bar["at"] : bar["at"] + step]) for bar in bars]
    assert [bar["photos"] for bar in bars] == expected


def test_a_few_photos_are_seen_beside_many(scripts: Scripts) -> None:
    heights = [scripts.call(MONTHS, "heightOf", photos, 10_000) for photos in (0, 1, 2500, 10_000)]
    assert heights == [0, 6, 50, 100]


def test_a_folder_is_below_the_next_one_that_has_photos(scripts: Scripts) -> None:
    folders = [["/a/", 1], ["/a/b/", 2], ["/a/b/c/d/", 3], ["/ab/", 4]]
    tops, below = scripts.run(
        'const { treeOf } = await script("search/folders.js");'
        "const { nodes, tops } = treeOf(given[0]);"
        "return [tops, [...nodes].map(([path, node]) => [path, node.name, node.below])];",
        folders,
    )
    assert tops == ["/a/", "/a/b/c/d/", "/ab/"]
    assert below[0] == ["/a/", "a", ["/a/b/"]]
    assert below[2] == ["/a/b/c/d/", "d", []]


def test_folders_above_the_chosen_ones_are_open(scripts: Scripts) -> None:
    paths: list[Any] = ["/a/", "/a/b/", "/a/b/c/", "/ab/"]
    opened = scripts.call(FOLDERS, "pathsAbove", paths, ["/a/b/c/", "what one types"])
    assert opened == ["/a/", "/a/b/"]
