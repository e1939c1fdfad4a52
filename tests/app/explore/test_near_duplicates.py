"""Which near-duplicates the page shows, over a real library that may have changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from indexer.explore.atlas import State
from indexer.explore.near_duplicates import NearDuplicates
from indexer.library.library import Library
from tests.app.test_main import component, ingested
from tests.photos import make_photo

pytestmark = pytest.mark.slow

COLOURS = ("red", "blue")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Two photos of each colour."""
    for colour in COLOURS:
        for seed in range(2):
            make_photo(tmp_path / "photos" / f"{colour}{seed}.jpg", colour, seed=seed)
    library = ingested(tmp_path)
    yield library
    library.close()


@pytest.fixture
def found(library: Library) -> NearDuplicates:
    """Those of each colour are nearly the same."""
    photos = {hit.photo.path.stem: hit.photo.id for hit in library.search("after:0001").hits}
    groups = tuple((photos[f"{colour}0"], photos[f"{colour}1"]) for colour in COLOURS)
    return NearDuplicates(State(library.model_id, len(photos), len(photos)), groups)


def view_over(library: Library, found: NearDuplicates | None) -> AppTest:
    def script(library: object, found: object) -> None:
        from app.explore.near_duplicates import near_duplicates_view

        near_duplicates_view(library, found)

    kwargs = {"library": library, "found": found}
    test = AppTest.from_function(script, kwargs=kwargs, default_timeout=30).run()
    assert not test.exception
    return test


def groups(test: AppTest) -> list[list[str]]:
    shown = component(test, "recollect_near_duplicates")
    assert shown is not None
    return [[photo["name"] for photo in group["photos"]] for group in shown["groups"]]


def test_nothing_is_said_before_they_are_computed(library: Library) -> None:
    test = view_over(library, None)
    assert component(test, "recollect_near_duplicates") is None
    assert not test.info


def test_more_groups_are_a_click_away(
    library: Library, found: NearDuplicates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.explore.near_duplicates.GROUPS", 1)
    test = view_over(library, found)
    assert groups(test) == [["red0.jpg", "red1.jpg"]]
    test.button(key="look_alikes_more").click().run()
    assert groups(test) == [["red0.jpg", "red1.jpg"], ["blue0.jpg", "blue1.jpg"]]
    assert not test.button


@pytest.mark.parametrize("is_pruned", [False, True])
def test_what_is_left_of_a_group_alone_is_no_group(
    library: Library, found: NearDuplicates, tmp_path: Path, is_pruned: bool
) -> None:
    (tmp_path / "photos" / "red1.jpg").unlink()
    with library.writing():
        library.update()
        if is_pruned:
            library.prune(timedelta(days=-1))
    assert groups(view_over(library, found)) == [["blue0.jpg", "blue1.jpg"]]
