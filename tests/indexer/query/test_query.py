"""Parsing and printing of the query language."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.query.cities import city_named, unique_name
from indexer.query.filter_values import (
    FIRST_YEAR,
    MAX_RADIUS_KM,
    AnyOf,
    Box,
    Circle,
    Span,
    months_of,
)
from indexer.query.filters import FILTERS, KNOWN_FACTS, SHAPES, TYPES
from indexer.query.query import (
    FILE,
    MAX_WEIGHT,
    Filter,
    LibraryPhoto,
    PhotoFile,
    Query,
    Term,
    Text,
    parse,
)

TODAY = date(2026, 3, 11)  # a Wednesday
LAST_YEAR = date.today().year + 1

anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
texts = (
    st.lists(
        anything
        | st.sampled_from(["+", "-", '"', "2:", "#1", "year:2020", "dog", "“", "２：", "－"]),
        min_size=1,
    )
    .map(" ".join)
    .filter(lambda text: text.strip() and not FILE.match(text))
)
paths = st.tuples(st.sampled_from(["./", "../", "/", "~/", "C:\\", "s3://"]), anything).map("".join)
contents = texts.map(Text) | paths.map(PhotoFile) | st.integers(0, 10**18 - 1).map(LibraryPhoto)
weights = st.floats(1e-9, MAX_WEIGHT) | st.floats(-MAX_WEIGHT, -1e-9) | st.sampled_from([1.0, -1.0])
terms = st.builds(Term, contents, weights)
names = (anything | st.sampled_from(["a,b", "“x”", "a、b", "..", "2018..2020"])).filter(str.strip)
circles = st.builds(
    Circle, st.floats(-90, 90), st.floats(-180, 180), st.floats(1e-6, MAX_RADIUS_KM)
)
boxes = st.builds(
    lambda latitudes, longitudes: Box(
        *(min(latitudes), min(longitudes)), *(max(latitudes), max(longitudes))
    ),
    st.tuples(st.floats(-90, 90), st.floats(-90, 90)),
    st.tuples(st.floats(-180, 180), st.floats(-180, 180)),
)
cities = st.builds(
    lambda name, km: Circle(
        city_named(name).latitude_deg,
        city_named(name).longitude_deg,
        km,
        unique_name(city_named(name)),
    ),
    st.sampled_from(["paris", "new york", "paris, us", "köln", "Mianzhu, Deyang, Sichuan"]),
    st.floats(1e-6, MAX_RADIUS_KM),
)


def spans(first: int, last: int) -> st.SearchStrategy[Span]:
    """From a number to a larger one, or without an end."""
    numbers = st.integers(first, last)
    return (
        st.builds(lambda one, other: Span(*sorted((one, other))), numbers, numbers)
        | st.builds(Span, numbers, st.none())
        | st.builds(Span, st.none(), numbers)
    )


VALUES: dict[str, st.SearchStrategy[object]] = {
    "after": st.dates(),
    "before": st.dates(),
    "year": st.integers(FIRST_YEAR, LAST_YEAR) | spans(FIRST_YEAR, LAST_YEAR),
    "month": st.integers(1, 12) | spans(1, 12) | st.just(Span(11, 2)),
    "folder": names,
    "name": names,
    "camera": names,
    "lens": names,
    "ext": names,
    "shape": st.sampled_from(sorted(SHAPES)),
    "type": st.sampled_from(sorted(TYPES)),
    "larger": st.floats(0, 1e6),
    "near": circles | boxes | cities,
    "has": st.sampled_from(sorted(KNOWN_FACTS)),
    "stack": st.sampled_from(["on", "off"]),
}


def values_of(name: str) -> st.SearchStrategy[object]:
    single = VALUES[name]
    if FILTERS[name].is_single:
        return single
    return single | st.lists(single, min_size=2, max_size=3).map(lambda some: AnyOf(tuple(some)))


filters = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds(
        *(Filter, st.just(name), values_of(name)),
        st.just(False) if FILTERS[name].is_switch else st.booleans(),
    )
)
queries = st.builds(
    Query,
    st.lists(terms, max_size=4).map(tuple),
    st.lists(filters, max_size=4).map(tuple),
    st.sampled_from(["relevance", "date"]),
).filter(lambda query: query.terms or query.filters)


def test_every_filter_is_generated() -> None:
    assert set(VALUES) == set(FILTERS)


@given(queries)
def test_printed_query_means_the_same(query: Query) -> None:
    assert parse(str(query)) == query


@given(st.text(st.characters() | st.sampled_from('+-":#./ 2“”「」：，－２'), max_size=30))
def test_whatever_is_typed_is_understood_or_refused_at_a_column(typed: str) -> None:
    column = None
    try:
        query = parse(typed)
    except QueryError as error:
        column = error.column
    else:
        assert parse(str(query)) == query
    assert column is None or 0 <= column <= len(typed)


def test_what_says_how_photos_are_listed_takes_no_minus() -> None:
    assert parse("stack:off").filters == (Filter("stack", "off"),)
    with pytest.raises(QueryError, match="no minus"):
        parse("-stack:off")
    with pytest.raises(QueryError, match="one of"):
        parse("stack:maybe")


def text(words: str, weight: float = 1.0) -> Term:
    return Term(Text(words), weight)


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("two parrots on a branch", [text("two parrots on a branch")]),
        ("  two   parrots ", [text("two parrots")]),
        ("black-and-white t-shirt", [text("black-and-white t-shirt")]),
        ("horse + stripes", [text("horse"), text("stripes")]),
        ("apple - fruit", [text("apple"), text("fruit", -1)]),
        ("apple -fruit", [text("apple"), text("fruit", -1)]),
        ("- people", [text("people", -1)]),
        (
            "2:golden retriever + ./pool.jpg - 0.5:people",
            [text("golden retriever", 2), Term(PhotoFile("./pool.jpg")), text("people", -0.5)],
        ),
        ('-.5:"./my pool.jpg"', [Term(PhotoFile("./my pool.jpg"), -0.5)]),
        ('./"my pool.jpg"', [Term(PhotoFile("./my pool.jpg"))]),
        ("C:\\pool.jpg", [Term(PhotoFile("C:\\pool.jpg"))]),
        ("#1234", [Term(LibraryPhoto(1234))]),
        ("#12 in snow", [Term(LibraryPhoto(12)), text("in snow")]),
        ("snow #12", [text("snow"), Term(LibraryPhoto(12))]),
        ('"#12"', [text("#12")]),
        ("a clock at 12:30", [text("a clock at 12:30")]),
        ('"1 + 1" on a board', [text("1 + 1 on a board")]),
        ('a sign saying ""', None),
        ('"say ""cheese"""', [text('say "cheese"')]),
        ("black / white", [text("black / white")]),
        ("2：golden retriever － people", [text("golden retriever", 2), text("people", -1)]),
        ("＃１２", [Term(LibraryPhoto(12))]),
        ("“1 + 1” on a board", [text("1 + 1 on a board")]),
        ("一张照片：狗", [text("一张照片：狗")]),
        ("s3://bucket/my.jpg", [Term(PhotoFile("s3://bucket/my.jpg"))]),
        ('"gs://bucket/my pool.jpg"', [Term(PhotoFile("gs://bucket/my pool.jpg"))]),
        ("dogs year:2020 in snow", [text("dogs in snow")]),
    ],
)
def test_terms(typed: str, terms: list[Term] | None) -> None:
    if terms is None:
        with pytest.raises(QueryError):
            parse(typed)
    else:
        assert list(parse(typed).terms) == terms


@pytest.mark.parametrize(
    ("typed", "filters"),
    [
        (
            "after:2019-06 before:2020",
            [Filter("after", date(2019, 6, 1)), Filter("before", date(2020, 1, 1))],
        ),
        ("year:2021 month:8", [Filter("year", 2021), Filter("month", 8)]),
        ('folder:"Italy 2019"', [Filter("folder", "Italy 2019")]),
        ("-Folder:screenshots", [Filter("folder", "screenshots", negated=True)]),
        ("larger:8mp larger:2.5", [Filter("larger", 8.0), Filter("larger", 2.5)]),
        ("near:48.858,2.294,5km", [Filter("near", Circle(48.858, 2.294, 5.0))]),
        ("near:-13.2..-13.15,-72.5..180", [Filter("near", Box(-13.2, -72.5, -13.15, 180.0))]),
        ("near:-33.8,151,500m", [Filter("near", Circle(-33.8, 151.0, 0.5))]),
        ("has:gps shape:Portrait", [Filter("has", "gps"), Filter("shape", "portrait")]),
        ("year:2018..2020", [Filter("year", Span(2018, 2020))]),
        (
            "year:2018.. -year:..2019",
            [Filter("year", Span(2018, None)), Filter("year", Span(None, 2019), negated=True)],
        ),
        ("year:2015,2018..2020", [Filter("year", AnyOf((2015, Span(2018, 2020))))]),
        ("month:nov..2 month:August", [Filter("month", Span(11, 2)), Filter("month", 8)]),
        ("camera:nikon,canon", [Filter("camera", AnyOf(("nikon", "canon")))]),
        ('camera:"a, b",canon', [Filter("camera", AnyOf(("a, b", "canon")))]),
        ('camera:"nikon,canon"', [Filter("camera", "nikon,canon")]),
        ("shape:square,portrait", [Filter("shape", AnyOf(("square", "portrait")))]),
        ("name:IMG_0720.jpg", [Filter("name", "IMG_0720.jpg")]),
        ("near:Paris", [Filter("near", Circle(48.853, 2.349, 23.0, "Paris"))]),
        ('near:"new york",20km', [Filter("near", Circle(40.714, -74.006, 20.0, "New York City"))]),
        ("near:“Paris, us”，5km", [Filter("near", Circle(33.661, -95.556, 5.0, "Paris, US"))]),
        ("near:munchen", [Filter("near", Circle(48.137, 11.575, 18.0, "Munich"))]),
    ],
)
def test_filters(typed: str, filters: list[Filter]) -> None:
    assert parse(typed) == Query(filters=tuple(filters))


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("folder:“Été à Paris”", 'folder:"Été à Paris"'),
        ("folder:„Été à Paris“", 'folder:"Été à Paris"'),
        ("folder:«Été à Paris»", 'folder:"Été à Paris"'),
        ("folder:「Été à Paris」", 'folder:"Été à Paris"'),
        ("folder:『Été à Paris』", 'folder:"Été à Paris"'),
        ("folder:＂Été à Paris＂", 'folder:"Été à Paris"'),
        ("year：2018", "year:2018"),
        ("－year：２０１８..２０２０", "-year:2018..2020"),
        ("ｙｅａｒ：2018", "year:2018"),
        ("camera：nikon，canon、sony", "camera:nikon,canon,sony"),
        ("near：48.858，2.294，5km", "near:48.858,2.294,5km"),
        ("after：２０１９－０６", "after:2019-06"),
        ("larger：8mp sort：date", "larger:8mp sort:date"),
    ],
)
def test_signs_of_other_keyboards_mean_what_those_of_ascii_mean(typed: str, same: str) -> None:
    assert parse(typed) == parse(same)


@pytest.mark.parametrize(
    ("named", "day"),
    [
        ("today", date(2026, 3, 11)),
        ("Yesterday", date(2026, 3, 10)),
        ("monday", date(2026, 3, 9)),
        ("wed", date(2026, 3, 11)),
        ("sunday", date(2026, 3, 8)),
        ("march", date(2026, 3, 1)),
        ("june", date(2025, 6, 1)),
        ('"last week"', date(2026, 3, 2)),
        ("this-week", date(2026, 3, 9)),
        ("last-month", date(2026, 2, 1)),
        ("last_year", date(2025, 1, 1)),
        ("3-days-ago", date(2026, 3, 8)),
        ("“2 weeks ago”", date(2026, 2, 25)),
        ("13-months-ago", date(2025, 2, 11)),
    ],
)
def test_days_have_names(named: str, day: date) -> None:
    assert parse(f"after:{named}", TODAY).filters == (Filter("after", day),)


def test_a_month_before_its_last_day_is_its_own_last_day() -> None:
    (only,) = parse("before:1-month-ago", date(2026, 3, 31)).filters
    assert only.value == date(2026, 2, 28)


def test_months_go_on_after_december() -> None:
    assert months_of(Span(11, 2)) == [11, 12, 1, 2]
    assert months_of(Span(6, None)) == [6, 7, 8, 9, 10, 11, 12]
    assert months_of(8) == [8]


def test_sort_by_date() -> None:
    assert parse("dogs sort:date").sort == "date"
    assert parse("dogs").sort == "relevance"


@pytest.mark.parametrize(
    ("typed", "column", "told"),
    [
        ("dogs colour:red", 5, "no filter 'colour'"),
        ('dogs folder:"Italy 2019', 12, "never closed"),
        ('a 5" screen', 3, "never closed"),
        ("horse +", 6, "nothing follows"),
        ("horse + - stripes", 6, "nothing follows"),
        ("horse + year:2020", 6, "nothing follows"),
        ("2: year:2020", 0, "nothing follows"),
        ("0:cat", 0, "more than 0"),
        ("year:20x1", 5, "from 1826 to"),
        ("year:20", 5, f"a year is from 1826 to {LAST_YEAR}, not 20 "),
        ("year:1825", 5, "not 1825"),
        ("year:2018..3000", 5, "not 3000"),
        (f"year:{LAST_YEAR + 1}", 5, f"not {LAST_YEAR + 1}"),
        ("year:2020..2018", 5, r"2020\.\.2018 runs backwards: 2018\.\.2020 "),
        ("year:２０２０..2018", 5, r"2020\.\.2018 runs backwards"),
        ("year:..", 5, "2018..2020"),
        ("camera:nikon,", 7, "each side of a comma"),
        ("after:2019,2020", 6, "a date"),
        ("after:9999-years-ago", 6, "a date"),
        ("after:2019-13", 6, "the calendar has no 2019-13 "),
        ("before:2023-02-29", 7, "the calendar has no 2023-02-29 "),
        ("after:0000", 6, "the calendar has no 0000 "),
        ("near:narnia", 5, "no town is called 'narnia'"),
        ("near:paris,narnia,5km", 5, "no town is called 'paris, narnia'"),
        ("near:paris,0km", 5, "a distance is more than 0 and at most 20038 km, not 0km"),
        ("near:48.8,2.3,99999km", 5, "not 99999km"),
        ("near:paris,20", 5, "a distance needs a unit: near:paris,20km"),
        ('near:"new york",5', 5, 'a distance needs a unit: near:"new york",5km'),
        ("near:48.8,2.3", 5, "latitude and longitude need a distance: near:48.8,2.3,5km"),
        ("near:91,200", 5, "a latitude is from -90 to 90, not 91 "),
        ("near:45,200", 5, "a longitude is from -180 to 180, not 200 "),
        ("near:45,-180.5,3km", 5, "not -180.5 "),
        ("near:48..99,2..3", 5, "a latitude is from -90 to 90, not 99 "),
        ("near:49..48,2..3", 5, r"49\.\.48 runs backwards: 48\.\.49 "),
        ("near:48..49,3..2", 5, r"3\.\.2 runs backwards: 2\.\.3 "),
        ("near:,", 5, "near:paris"),
        ("dog folder:“Italy 2019", 11, "never closed"),
        ("dog month:13", 10, "a month is from 1 to 12, not 13 "),
        ("dog month:0..4", 10, "not 0 "),
        ("dog month:sun", 10, "its name"),
        ("after:2019-02-30", 6, "no 2019-02-30 "),
        ("near:me", 5, "near:48.858,2.294,5km"),
        ("near:91,0,5km", 5, "not 91 "),
        ("shape:round", 6, "portrait"),
        ("larger:huge", 7, "megapixels: larger:8mp"),
        ("has:wings", 4, "gps"),
        ("folder: Italy", 7, "a name"),
        ("sort:size", 5, "sort:date"),
        ('cat ""', 4, "nothing between"),
        ("#99999999999999999999", 0, "number"),
    ],
)
def test_error_points_at_the_column(typed: str, column: int, told: str) -> None:
    with pytest.raises(QueryError, match=told) as raised:
        parse(typed)
    assert (raised.value.query, raised.value.column) == (typed, column)
    assert f"(column {column + 1})" in str(raised.value)


@pytest.mark.parametrize("typed", ["", "  "])
def test_empty_query_is_refused(typed: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        parse(typed)


def test_order_alone_asks_for_all_photos() -> None:
    assert parse("sort:date") == Query(sort="date")
    assert str(Query(sort="date")) == "sort:date"


def test_same_term_twice_prints_a_sign_between() -> None:
    cat = text("cat")
    assert str(Query((cat, cat))) == "cat + cat"
