"""What the timeline and the map ask the library for."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.views.map import map_data, map_page, near_query
from app.views.timeline import query, scrubber_data, timeline_page
from indexer.query.query import parse
from indexer.records.results import Facets, Place
from tests.app.test_main import component, ingested
from tests.photos import make_photo


@pytest.mark.parametrize(
    ("span", "asked"),
    [
        (None, "after:0001"),
        (("2017-11", "2017-11"), "after:2017-11 before:2017-12"),
        (("2017-01", "2018-12"), "after:2017-01 before:2019-01"),
        (("9998-12", "9998-12"), "after:9998-12 before:9999-01"),
    ],
)
def test_span_is_asked_for_as_days_of_whole_months(
    span: tuple[str, str] | None, asked: str
) -> None:
    assert query(span) == asked
    parse(asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("2017-11..2018-02", "('2017-11', '2018-02')"),
        ("2018-02..2017-11", "None"),
        ("2017-13..2018-02", "None"),
        ("2017-11", "None"),
        ("0000-01..9999-12", "None"),
        ("../../etc", "None"),
    ],
)
def test_address_names_two_months_or_none(asked: str, said: str) -> None:
    def script() -> None:
        import streamlit as st

        from app.views.timeline import span

        st.text(repr(span()))

    test = AppTest.from_function(script)
    test.query_params["months"] = asked
    assert test.run().text[0].value == said


def test_span_without_photos_has_no_grid(tmp_path: Path) -> None:
    def script(library: object) -> None:
        from app.views.timeline import timeline_page

        timeline_page(library)

    make_photo(tmp_path / "photos" / "red.jpg", "red")
    library = ingested(tmp_path)
    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    test.query_params["months"] = "1999-01..1999-02"
    assert test.run().caption[0].value == "January 1999 – February 1999 · 0 photos"
    assert not test.exception
    assert component(test, "recollect_grid") is None
    library.close()


def test_scrubber_is_told_each_month_in_words() -> None:
    (first, second) = scrubber_data({"2018-01": 1, "2017-11": 1200}, None)["months"]
    assert (first["month"], first["label"]) == ("2017-11", "November 2017: 1,200 photos")
    assert second["label"] == "January 2018: 1 photo"


def test_cluster_is_a_query_that_can_be_typed() -> None:
    asked = near_query({"south": -264, "north": -263, "west": -1451, "east": 20})
    assert asked == "near:-13.2..-13.15,-72.55..1"
    parse(asked)


def test_cluster_at_the_edge_of_the_map_is_a_query_too() -> None:
    asked = near_query({"south": 1800, "north": 1801, "west": 3599, "east": 3601})
    assert asked == "near:90..90,179.95..180"
    parse(asked)


def test_map_is_told_of_no_tiles_unless_they_are_allowed() -> None:
    places = (Place(48.85837, 2.29448, 3, 977, 45),)
    told = map_data(Facets(3, {}, {}, places))
    assert told["tiles"] is None
    assert told["places"] == [[48.8584, 2.2945, 3, 977, 45]]


def test_photos_without_a_date_or_a_place_are_on_no_timeline_and_map(tmp_path: Path) -> None:
    def script(library: object, view: object) -> None:
        view(library)  # type: ignore[operator]

    library = ingested(tmp_path)
    for view, said in ((timeline_page, "No photos yet"), (map_page, "No photo has a location.")):
        test = AppTest.from_function(script, kwargs={"library": library, "view": view}).run()
        assert not test.exception
        assert [caption.value for caption in test.caption] == [said]
    library.close()
