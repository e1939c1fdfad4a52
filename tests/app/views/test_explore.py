"""What the explore page makes of an address, and the process that computes beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.explore import atlas as atlas_view
from app.explore.job import Exploring
from app.i18n.language import speaking, translated
from app.views.explore import NEAR_DUPLICATES, exploring, is_inside
from indexer.explore import atlas, near_duplicates
from indexer.explore.atlas import State
from indexer.explore.near_duplicates import NearDuplicates
from indexer.explore.projection import TSNE
from indexer.library.library import Library
from tests.app.test_main import component, damage, ingested, reopened
from tests.photos import make_photo
from tests.waiting import eventually

pytestmark = pytest.mark.slow

ALL = "-50,-50,1050,-50,1050,1050,-50,1050"  # the area of all places


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Four photos, drawn."""
    directory = tmp_path_factory.mktemp("explored")
    for colour in ("red", "lime", "blue", "white"):
        make_photo(directory / "photos" / f"{colour}.jpg", colour)
    library = ingested(directory)
    library.explore()
    return library


def page_over(
    library: Library, sent: Mapping[str, object] = MappingProxyType({}), **address: str
) -> AppTest:
    """`sent`: by component, what a browser has sent."""

    def script(library: object) -> None:
        from app.views.explore import explore_page

        explore_page(library)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    for name, value in address.items():
        test.query_params[name] = value
    for key, events in sent.items():
        test.session_state[key] = events
    test.run()
    assert not test.exception
    return test


def test_what_lies_within_a_line() -> None:
    line = np.array([[0, 0], [1, 0], [1, 1], [0.5, 0.5], [0, 1]])  # an M
    places = np.array([[0.1, 0.5], [0.9, 0.5], [0.5, 0.4], [0.5, 0.6], [-0.1, 0.5], [1.1, 0.5]])
    assert is_inside(places, line).tolist() == [True, True, True, False, False, False]


def test_area_of_the_address_chooses_the_photos_within(explored: Library) -> None:
    shown = component(page_over(explored, area=ALL), "recollect_grid")
    assert shown is not None
    assert len(shown["items"]) == 4


@pytest.mark.parametrize(
    "address",
    [
        {"group": "99"},
        {"group": "-1"},
        {"group": "²"},
        {"area": "1,2"},
        {"area": "1,2,3,4,5"},
        {"area": "0,0,0,x,9,9"},
        {"area": ",".join(["1"] * 1000)},
        {"area": "5000,5000,5001,5001,5002,5000"},
        {"view": "../../etc"},
    ],
)
def test_address_that_makes_no_sense_chooses_nothing(
    explored: Library, address: dict[str, str]
) -> None:
    test = page_over(explored, **address)
    assert component(test, "recollect_atlas") is not None
    assert component(test, "recollect_grid") is None
    assert not test.error


@pytest.fixture
def without_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Two photos were drawn, and are there no more: one alone."""
    monkeypatch.setattr("app.views.explore.OUTGROWN", 1)  # it is not computed again
    for colour in ("red", "blue"):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour)
    library = ingested(tmp_path)
    library.explore()
    (tmp_path / "photos" / "red.jpg").unlink()
    with library.writing():
        library.update()
    return library


def prune(library: Library) -> None:
    with library.writing():
        assert library.prune(timedelta(days=-1)).contents == 1


@pytest.mark.parametrize("is_pruned", [False, True])
def test_photo_that_has_gone_is_left_out(without_red: Library, is_pruned: bool) -> None:
    if is_pruned:
        prune(without_red)
    shown = component(page_over(without_red, area=ALL), "recollect_grid")
    assert shown is not None
    assert [item["name"] for item in shown["items"]] == ["blue.jpg"]


def thumbnails(library: Library, photo_ids: Sequence[int]) -> dict[str, str | None]:
    """What the picture gets where it wants the thumbnails of these photos."""
    wanted = {atlas_view.KEY: {"wanted": {"turn": 1, "photos": list(photo_ids)}}}
    shown = component(page_over(library, wanted), "recollect_atlas_pictures")
    assert shown is not None
    return dict(shown["pictures"])


def test_photo_that_is_pruned_has_no_thumbnail_in_the_picture(without_red: Library) -> None:
    drawn = atlas.load(without_red.path, without_red.model_id)
    assert drawn is not None
    prune(without_red)
    made = thumbnails(without_red, drawn.photo_ids.tolist())
    blue = without_red.search("blue", 1).hits[0].photo.id
    assert {photo for photo, jpeg in made.items() if jpeg} == {str(blue)}
    assert len(made) == 2


def test_photo_whose_thumbnail_is_lost_has_none_in_the_picture(
    without_red: Library, tmp_path: Path
) -> None:
    blue = without_red.search("blue", 1).hits[0].photo.id
    for jpeg in tmp_path.rglob("*.jpg"):  # the original too: a thumbnail can be made again
        jpeg.unlink()
    assert thumbnails(without_red, [blue]) == {str(blue): None}


def test_empty_library_says_so(tmp_path: Path) -> None:
    test = page_over(ingested(tmp_path))
    assert "no photos" in test.info[0].value


def test_drawing_of_a_library_that_has_changed_since_can_be_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.explore.OUTGROWN", 1)  # a small library outgrows it by a photo
    for colour in ("red", "blue", "lime"):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour)
    library = ingested(tmp_path)
    library.explore()
    assert "explore_again" not in {button.key for button in page_over(library).button}
    make_photo(tmp_path / "photos" / "white.jpg", "white")
    with library.writing():
        library.rebuild()
    test = page_over(library)
    assert "has changed" in test.caption[0].value
    assert test.button(key="explore_again").label == "Redraw"


def test_photos_that_all_differ_have_no_near_duplicates(explored: Library) -> None:
    assert page_over(explored, view=NEAR_DUPLICATES).info[0].value == "No near-duplicates found."


@pytest.mark.parametrize(("points", "is_told"), [(2, True), (3, False)])
def test_picture_of_some_of_the_photos_says_of_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: int, is_told: bool
) -> None:
    monkeypatch.setattr(atlas, "POINTS", points)
    for colour in ("red", "blue", "lime"):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour)
    library = ingested(tmp_path)
    library.explore()
    told = "".join(caption.value for caption in page_over(library).caption)
    assert ("Showing 2 of 3 photos" in told, "Showing" in told) == (is_told, is_told)


def test_picture_by_the_better_method_suggests_no_other(explored: Library) -> None:
    drawn = atlas.load(explored.path, explored.model_id)
    assert drawn is not None
    assert "similar photos lie closer" in page_over(explored).caption[0].value
    atlas.save(replace(drawn, method=TSNE), explored.path)
    try:
        assert not page_over(explored).caption
    finally:
        atlas.save(drawn, explored.path)


def test_damage_that_is_met_while_a_view_is_drawn_is_told(
    without_red: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = reopened(without_red)

    def damaged(_library: Path, model_id: str) -> NearDuplicates:
        damage(library)
        return NearDuplicates(State(model_id, 2, 2), ((1, 2),))

    monkeypatch.setattr(near_duplicates, "load", damaged)
    (error,) = page_over(library, view=NEAR_DUPLICATES).error
    assert "is damaged" in error.value


def test_computing_that_fails_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    library = ingested(tmp_path)  # with an encoder that no other process has
    test = page_over(library)
    assert component(test, "recollect_atlas") is None
    work = exploring(library.path)
    eventually(lambda: not work.running)
    assert work.error is not None
    assert test.run().error[0].value.replace("\\", "") == str(work.error)
    assert test.button(key="explore_again").label == "Try again"
    with speaking("zh"):
        assert "没有名为“colour”的模型" in translated(work.error)


def test_computing_that_is_asked_for_twice_runs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, started, may_end = (tmp_path / name for name in ("program", "started", "may end"))
    os.mkfifo(may_end)
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{started}'\ncat '{may_end}'\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    work = Exploring(tmp_path / "library")
    for _ in range(2):
        work.start()
        assert work.running
    eventually(started.exists)
    may_end.write_text("a warning")
    eventually(lambda: not work.running)
    assert len(started.read_text().splitlines()) == 1
    assert work.error is None
