"""Filters are read out of the query text and written into it; nothing else in it changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.search.chips import in_words
from app.search.dates import MONTHS, months_between, span_of
from app.search.folder_tree import tree
from app.search.query_text import (
    read,
    readable,
    sorted_by,
    value_of,
    values_of,
    with_filters,
    without,
)
from app.search.suggestions import suggestions
from indexer.query.query import Query, parse
from indexer.records.results import Facets, Place

FACETS = Facets(
    photos=6,
    months={"2018-12": 1, "2019-06": 5},
    counts={
        "folder": {"/Pictures/Rome by night/": 3, "/Pictures/": 1, "/Alt/": 2},
        "camera": {"NIKON D750": 4, 'the "old" one': 2},
        "lens": {},
        "shape": {"landscape": 5, "portrait": 1},
        "ext": {"jpg": 6},
        "type": {"photo": 6},
    },
    places=(
        Place(41.9022, 12.4533, 3, 838, 249),  # the Vatican, and the Appian Way
        Place(41.85, 12.53, 2, 837, 250),
        Place(30.0, -45.0, 1, 600, -900),  # at sea
    ),
)


def test_empty_text_asks_for_nothing_and_a_wrong_one_is_unreadable() -> None:
    assert read("  ") == Query()
    assert readable("colour:red") is None


@pytest.mark.parametrize(
    ("text", "values", "after"),
    [
        ("dogs", {"camera": "NIKON D750"}, 'dogs camera:"NIKON D750"'),
        ("dogs camera:canon year:2019", {"camera": "nikon"}, "dogs year:2019 camera:nikon"),
        ("dogs camera:canon", {"camera": None}, "dogs"),
        ("-camera:canon camera:nikon", {"camera": None}, "-camera:canon"),
        ("camera:canon", {"camera": None}, ""),
        (
            "year:2019 dogs - cats",
            {"after": date(2018, 12, 1), "before": None, "year": None},
            "dogs - cats after:2018-12-01",
        ),
    ],
)
def test_filter_is_put_in_the_place_of_the_one_of_its_name(
    text: str, values: dict[str, date | str | None], after: str
) -> None:
    assert with_filters(read(text), **values) == after
    assert with_filters(read(after), **values) == after


def test_filter_that_is_turned_round_is_no_choice() -> None:
    assert value_of(parse("-shape:square"), "shape") is None
    assert value_of(parse("shape:square shape:portrait"), "shape") == "portrait"


def test_alternatives_are_one_choice_of_several() -> None:
    query = parse("camera:nikon,canon -camera:sony")
    assert values_of(query, "camera") == ("nikon", "canon")
    assert values_of(query, "lens") == ()
    assert with_filters(query, camera="leica") == "-camera:sony camera:leica"


def test_part_is_taken_out_and_only_that_part() -> None:
    query = parse("#7 + snow year:2019 year:2019 sort:date")
    assert without(query, query.filters[0]) == "#7 + snow year:2019 sort:date"
    assert without(query, query.terms[0]) == "snow year:2019 year:2019 sort:date"
    assert sorted_by(query, "relevance") == "#7 + snow year:2019 year:2019"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("after:2019", "From January 2019"),
        ("after:2019-06-05", "From 5 June 2019"),
        ("before:2019", "Until December 2018"),
        ("before:2019-06-05", "Until 4 June 2019"),
        ("month:8", "August"),
        ("year:2016", "2016"),
        ('folder:"/Pictures/Rome by night/"', "Rome by night"),
        ("-shape:square", "Not: Square"),
        ("has:gps", "With a place"),
        ("larger:8mp", "8 megapixels and more"),
        ("near:48.858,2.294,5km", "Within 5 km of Paris, France"),
        ("near:48.858,2.294,1km", "Within 1 km of 48.858, 2.294"),
        ("near:30,-45,500km", "Within 500 km of 30, -45"),
        ("near:48.85..48.9,2.25..2.3", "On the map: Paris, France"),
        ("near:30..31,-45..-44", "On the map: 30.5, -44.5"),
        ("near:paris", "Within 23 km of Paris, France"),
        ('near:"paris, us",1km', "Within 1 km of Paris, United States"),
        ("year:2018..2020", "2018 to 2020"),
        ("year:2018..", "From 2018"),
        ("-year:..2018", "Not: Until 2018"),
        ("year:2015,2018..2020", "2015 or 2018 to 2020"),
        ("month:6..august", "June to August"),
        ("camera:nikon,canon,sony", "nikon or canon or sony"),
        ("shape:portrait,square", "Portrait or Square"),
        ("folder:/Pictures/2019/,/Pictures/Rome/", "2019 or Rome"),
        ("name:IMG_0720", "File name: IMG_0720"),
    ],
)
def test_filter_is_told_in_words(text: str, told: str) -> None:
    (only,) = parse(text).filters
    assert in_words(only) == told


@pytest.mark.parametrize("year", [1, 9999])
def test_a_filter_of_any_year_is_told(year: int) -> None:
    for text in (f"after:{year:04}", f"before:{year:04}"):
        (only,) = parse(text).filters
        assert in_words(only)


def test_months_without_photos_are_there_too() -> None:
    months = months_between(FACETS.months)
    assert [photos for _, photos in months] == [1, 0, 0, 0, 0, 0, 5]
    assert (months[0][0], months[-1][0]) == (date(2018, 12, 1), date(2019, 6, 1))


def test_a_clock_that_was_set_wrong_makes_no_histogram_of_centuries() -> None:
    months = months_between({"0001-01": 1, "2019-06": 2})
    assert len(months) == MONTHS
    assert months[-1] == (date(2019, 6, 1), 2)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("dogs", (0, 6)),
        ("after:2019-02", (2, 6)),
        ("after:2019-02-20 before:2019-04-02", (2, 4)),
        ("year:2019", (1, 6)),
        ("year:2017..2018", (0, 0)),
        ("year:2019..", (1, 6)),
        ("year:..2018", (0, 0)),
        ("year:2019,2025", (1, 6)),
        ("before:2019", (0, 0)),
        ("after:2030", (6, 6)),
        ("before:1990", (0, 0)),
        ("-after:2019-02", (0, 6)),
    ],
)
def test_span_of_months_that_a_query_allows(text: str, span: tuple[int, int]) -> None:
    months = [month for month, _ in months_between(FACETS.months)]
    assert span_of(parse(text), months) == span


def test_folders_count_what_lies_below_them() -> None:
    assert tree(FACETS) == {"/Pictures/": 4, "/Pictures/Rome by night/": 3, "/Alt/": 2}


def test_no_year_is_offered_that_cannot_be_asked() -> None:
    wrong = replace(FACETS, months={"0001-01": 1, "2019-06": 2, "2206-01": 3})
    times = [text for kind, text, *_others in suggestions(wrong) if kind == "time"]
    assert times == ["year:2019 ", "year:2019 month:6 "]


def test_each_suggestion_that_is_whole_can_be_asked() -> None:
    offered = suggestions(FACETS)
    for _kind, text, _label, _photos in offered:
        if not text.endswith(":"):
            assert str(parse(text)) == text.strip()
    found = {label: (text, photos) for _kind, text, label, photos in offered}
    assert found["Rome by night"] == ('folder:"/Pictures/Rome by night/" ', 3)
    assert found["June 2019"] == ("year:2019 month:6 ", 5)
    assert found["2018"] == ("year:2018 ", 1)
    assert found["Rome, Italy"] == ("near:Rome,25km ", 5)
    assert sum(kind == "place" for kind, *_others in offered) == 1
