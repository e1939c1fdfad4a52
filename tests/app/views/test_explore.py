"""What the explore page makes of an address, and the process that computes beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.explore.job import Exploring
from app.i18n.language import speaking, translated
from app.views.explore import NEAR_DUPLICATES, is_inside
from indexer.library.library import Library
from tests.app.test_main import component, ingested
from tests.photos import make_photo
from tests.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Four photos, drawn."""
    directory = tmp_path_factory.mktemp("explored")
    for colour in ("red", "lime", "blue", "white"):
        make_photo(directory / "photos" / f"{colour}.jpg", colour)
    library = ingested(directory)
    library.explore()
    return library


def page_over(library: Library, **address: str) -> AppTest:
    def script(library: object) -> None:
        from app.views.explore import explore_page

        explore_page(library)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def test_what_lies_within_a_line() -> None:
    line = np.array([[0, 0], [1, 0], [1, 1], [0.5, 0.5], [0, 1]])  # an M
    places = np.array([[0.1, 0.5], [0.9, 0.5], [0.5, 0.4], [0.5, 0.6], [-0.1, 0.5], [1.1, 0.5]])
    assert is_inside(places, line).tolist() == [True, True, True, False, False, False]


def test_area_of_the_address_chooses_the_photos_within(explored: Library) -> None:
    shown = component(
        page_over(explored, area="-50,-50,1050,-50,1050,1050,-50,1050"), "recollect_grid"
    )
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


def test_photo_that_has_gone_is_left_out(tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour)
    library = ingested(tmp_path)
    library.explore()
    (tmp_path / "photos" / "red.jpg").unlink()
    with library.writing():
        library.rebuild()
    shown = component(
        page_over(library, area="-50,-50,1050,-50,1050,1050,-50,1050"), "recollect_grid"
    )
    assert shown is not None
    assert [item["name"] for item in shown["items"]] == ["blue.jpg"]


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


def test_computing_that_fails_says_why(tmp_path: Path) -> None:
    exploring = Exploring(tmp_path / "nothing")
    exploring.start()
    eventually(lambda: not exploring.running)
    assert exploring.error is not None
    with speaking("zh"):
        assert "没有图库" in translated(exploring.error)
