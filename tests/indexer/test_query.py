"""Parsing and printing of the query language."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.query import (
    FILE,
    FILTERS,
    KNOWN_FACTS,
    MAX_RADIUS_KM,
    MAX_WEIGHT,
    SHAPES,
    Circle,
    Filter,
    LibraryPhoto,
    PhotoFile,
    Query,
    Term,
    Text,
    parse,
)

anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
texts = (
    st.lists(
        anything | st.sampled_from(["+", "-", '"', "2:", "#1", "year:2020", "dog"]), min_size=1
    )
    .map(" ".join)
    .filter(lambda text: text.strip() and not FILE.match(text))
)
paths = st.tuples(st.sampled_from(["./", "../", "/", "~/", "C:\\"]), anything).map("".join)
contents = texts.map(Text) | paths.map(PhotoFile) | st.integers(0, 10**18 - 1).map(LibraryPhoto)
weights = st.floats(1e-9, MAX_WEIGHT) | st.floats(-MAX_WEIGHT, -1e-9) | st.sampled_from([1.0, -1.0])
terms = st.builds(Term, contents, weights)
names = anything.filter(str.strip)
circles = st.builds(
    Circle, st.floats(-90, 90), st.floats(-180, 180), st.floats(1e-6, MAX_RADIUS_KM)
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "after": st.dates(),
    "before": st.dates(),
    "year": st.integers(1, 9998),
    "month": st.integers(1, 12),
    "folder": names,
    "camera": names,
    "lens": names,
    "ext": names,
    "shape": st.sampled_from(SHAPES),
    "larger": st.floats(0, 1e6),
    "near": circles,
    "has": st.sampled_from(KNOWN_FACTS),
}
filters = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds(Filter, st.just(name), VALUES[name], st.booleans())
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


@given(st.text(st.characters() | st.sampled_from('+-":#./ 2'), max_size=30))
def test_whatever_is_typed_is_understood_or_refused_at_a_column(typed: str) -> None:
    column = None
    try:
        query = parse(typed)
    except QueryError as error:
        column = error.column
    else:
        assert parse(str(query)) == query
    assert column is None or 0 <= column <= len(typed)


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
        ("near:-33.8,151,500m", [Filter("near", Circle(-33.8, 151.0, 0.5))]),
        ("has:gps shape:Portrait", [Filter("has", "gps"), Filter("shape", "portrait")]),
    ],
)
def test_filters(typed: str, filters: list[Filter]) -> None:
    assert parse(typed) == Query(filters=tuple(filters))


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
        ("year:20x1", 5, "from 1 to 9998"),
        ("dog month:13", 10, "from 1 to 12"),
        ("after:2019-02-30", 6, "2019-06-30"),
        ("near:me", 5, "near:48.858,2.294,5km"),
        ("near:91,0,5km", 5, "near:48.858,2.294,5km"),
        ("shape:round", 6, "portrait"),
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
